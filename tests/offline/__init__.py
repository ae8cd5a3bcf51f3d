"""Tests of the embedded endpoint."""
