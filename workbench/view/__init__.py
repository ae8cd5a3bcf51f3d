"""Results -> pictures, cards, widgets, one static report.

Takes the frozen results of the other rooms, gives charts, HTML fragments that need no script and no
network, text for a terminal, and live widgets; never computes a statistic, never fetches anything, never
lets a model's text become markup.
"""
