"""Tests of `workbench.run`."""
