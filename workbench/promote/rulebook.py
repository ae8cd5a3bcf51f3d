"""The rules of the gate, in the order in which they are shown."""

from __future__ import annotations

from workbench.promote.rules import (
    wb101_quality,
    wb102_cost,
    wb103_latency,
    wb104_errors,
    wb105_denominators,
    wb106_failures,
    wb107_models,
    wb108_cases,
    wb109_prices,
    wb110_refusals,
    wb111_schema,
    wb112_guards,
    wb113_judge,
    wb114_dataset,
    wb115_slices,
    wb116_confirmed,
    wb117_looks,
)
from workbench.promote.rules.finding import Rule

__all__ = ["RULES"]

RULES: tuple[Rule, ...] = (
    wb101_quality.check,
    wb102_cost.check,
    wb103_latency.check,
    wb104_errors.check,
    wb105_denominators.check,
    wb106_failures.check,
    wb107_models.check,
    wb108_cases.check,
    wb109_prices.check,
    wb110_refusals.check,
    wb111_schema.check,
    wb112_guards.check,
    wb113_judge.check,
    wb114_dataset.check,
    wb115_slices.check,
    wb116_confirmed.check,
    wb117_looks.check,
)
"""Rules within one arm are a conjunction and need no correction; the arms are one family already."""
