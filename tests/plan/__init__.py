"""Tests of `workbench.plan`."""
