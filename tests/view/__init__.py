"""Tests of the pictures, cards, report and widgets."""
