"""The local truth: one SQLite file that holds every intent, reply, trial, score and undelivered row.

Takes requests before they are sent and replies, trials and scores as they land; gives them back exactly, to
any process; never pickles, never calls a model, and never keeps a secret.
"""
