"""The charts, one file each; `view/charts.py` gathers them.

Takes results or the trial table, gives altair charts in the one theme, never computes a statistic other than
the order statistics it draws, and never fetches data.
"""
