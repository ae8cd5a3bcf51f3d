"""EVIDENCE → DECISION → ALIAS: what a comparison is enough for.

Takes a comparison and the gate written down before the run, gives a `Decision` rule by rule, then a
recorded move of the prompt's alias that can be rolled back; never moves an alias without a Decision.
"""
