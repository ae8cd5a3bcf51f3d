"""Content classifiers."""
