"""BEFORE a cent is spent.

Takes variants, cases, models, repeats and prices, gives a `Plan`: calls, tokens, USD and minutes as low–high
and the smallest difference it can show, never asks a model.
"""
