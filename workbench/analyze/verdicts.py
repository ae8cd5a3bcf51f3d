"""Verdicts: in a word, what a family of paired differences shows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.analyze.correct import Family, family
from workbench.analyze.pairs import Scale

__all__ = ["VERDICT_COLUMNS", "judged"]

VERDICT_COLUMNS = (
    "n_cases",
    "difference",
    "low",
    "high",
    "p_value",
    "p_adjusted",
    "verdict",
    "sd",
    "reason",
)
"""Columns of a judged difference."""


def judged(
    found: pd.DataFrame, kind: Scale, margin: float, alpha: float, tests: Family | None = None
) -> pd.DataFrame:
    """Return simultaneous intervals, tests and verdicts of paired differences that are one family.

    - ``better``, ``worse``: the difference is not zero by the family's test.
    - ``not worse``: the interval's lower bound is above -margin (only where `margin` > 0). It goes before
      ``worse``: a loss smaller than the margin does not matter, and that was said beforehand.
    - ``cannot tell``: none of these.

    Parameters
    ----------
    found
        One row a difference, as `workbench.analyze.pairs.paired_columns` gives it.
    kind
        Of the score: no bound goes beyond its reach.
    margin
        A loss that does not matter, in the score's unit, >= 0.
    alpha
        Two-sided error of the whole family, in (0, 1).
    tests
        Of the family, at `alpha`; None: Holm's, by `correct.family`.

    Returns
    -------
    DataFrame
        The columns of `VERDICT_COLUMNS`, in the rows' order.
    """
    if tests is None:
        tests = family(found["center"], found["se"], found["df"], alpha)
    reach = np.inf if kind.reach is None or kind.bounds is None else kind.reach
    # The middle is drawn a little to zero; the interval must hold the plain estimate, and nothing impossible.
    known = found["estimate"].where(found["se"].notna())
    low = np.maximum(np.minimum(tests.low, known), -reach)
    high = np.minimum(np.maximum(tests.high, known), reach)
    shown = tests.p_adjusted <= alpha
    verdict = np.select(
        [shown & (found["center"] > 0), (low > -margin) & (margin > 0), shown & (found["center"] < 0)],
        ["better", "not worse", "worse"],
        "cannot tell",
    )
    return pd.DataFrame(
        {
            "n_cases": found["n"],
            "difference": found["estimate"],
            "low": low,
            "high": high,
            "p_value": tests.p_value,
            "p_adjusted": tests.p_adjusted,
            "verdict": pd.Series(verdict, dtype="object", index=found.index),
            "sd": found["sd"],
            "reason": found["reason"],
        },
        columns=list(VERDICT_COLUMNS),
    )
