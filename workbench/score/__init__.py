"""Rows to scores: checks, functions, a judge.

Takes trials and scorers, gives score rows (a value, or missing with its reason), never makes a failure a 0.
"""
