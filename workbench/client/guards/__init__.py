"""Content classifiers.

Each takes a text and gives a `Verdict`: what it found, how surely, where, and how long it took. None decides
what happens to the text, and none ever keeps any of it.
"""
