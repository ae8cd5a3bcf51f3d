"""NOUNS: records, the trial table, identity, protocols; no I/O, no clock, no randomness.

Takes nothing from the world, gives every other room the words it speaks in, never imports a vendor other
than pandas and numpy.
"""
