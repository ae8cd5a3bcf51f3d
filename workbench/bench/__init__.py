"""Where things are kept, how a model is asked, and the journey's verbs as methods of one object.

Takes a study's name and models, gives `Bench`, whose methods are define, plan, run, compare, decide and
promote; never computes a statistic or speaks to a vendor itself: it hands one room's result to the next.
"""
