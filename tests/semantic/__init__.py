"""Tests of meaning as vectors."""
