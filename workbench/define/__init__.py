"""WHAT is asked, of what: takes text, a table and a study file, gives `Variant`, `Dataset` and `Study`.

All three are frozen, know their identity, and say what is wrong with them in words that name the remedy.
Never calls a model.
"""
