"""RIGHT OF THE TABLE: what the trials say, and how sure one can be.

Takes the trial table, gives frozen results with ``.frame`` and ``.summary`` (means with intervals, paired
differences against an incumbent, percentiles, the quality–cost front, sample sizes), never does I/O, draws
a picture, or turns what is missing into a zero.
"""
