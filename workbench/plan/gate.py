"""The gate: what a challenger must show, written down before the run."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from workbench.core.identity import digest
from workbench.errors import PlanError

__all__ = ["Gate"]

_OPTIONAL = {
    "max_cost_usd_per_1000": math.inf,
    "max_p95_s": math.inf,
    "max_refusal_share": 1,
    "min_valid_share": 1,
    "max_guard_share": 1,
    "min_judge_agreement": 1,
    "confirm_share": 1,
}
"""Limits that may be absent, and their highest value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The limits of a promotion.

    Parameters
    ----------
    score
        Name of the score that decides.
    margin
        The largest loss of quality that counts as "not worse", at least 0, in units of the score.
    alpha
        Two-sided error of the whole family of challengers, in (0, 1).
    max_share_gap
        Largest difference between the arms' answered shares at which a promotion is allowed, in [0, 1].
    max_error_share
        Largest share of a challenger's calls that may fail, in [0, 1].
    min_cases
        Fewest cases scored for both arms, at least 2.
    max_cost_usd_per_1000
        Highest cost of 1,000 requests in USD; None: no limit.
    max_p95_s
        Highest 95th percentile of latency in seconds; None: no limit.
    allow_mixed_models
        Whether a verdict is allowed on an arm that more than one served model answered.
    max_refusal_share
        Largest share of a challenger's calls that the model may refuse, in [0, 1]; None: no limit of its own.
    min_valid_share, valid_score
        Smallest share of checked answers that must be valid, in [0, 1], and the score that says so; None: no
        limit.
    max_guard_share
        Largest share of answers in which a guard may find something, in [0, 1]; None: no limit.
    min_judge_agreement
        What the judge's agreement with people must reach, in its own measure, in [0, 1]; None: not asked.
    slice_by
        The column of the cases by which no slice may be worse; None: none.
    confirm_share
        Share of the cases that choose the arm, which the others must then confirm, in (0, 1); None: no split.
    approvals
        How many people must approve before a promotion, at least 0.

    Raises
    ------
    PlanError
        Where a value is outside its range.
    """

    score: str = "exact"
    margin: float = 0.02
    alpha: float = 0.05
    max_share_gap: float = 0.01
    max_error_share: float = 0.05
    min_cases: int = 30
    max_cost_usd_per_1000: float | None = None
    max_p95_s: float | None = None
    allow_mixed_models: bool = False
    max_refusal_share: float | None = None
    min_valid_share: float | None = None
    valid_score: str = "json_valid"
    max_guard_share: float | None = None
    min_judge_agreement: float | None = None
    slice_by: str | None = None
    confirm_share: float | None = None
    approvals: int = 0

    def __post_init__(self) -> None:
        """Refuse what no run could satisfy or fail by."""
        if not isinstance(self.score, str) or not self.score:
            raise PlanError("gate", f"score is {self.score!r}", "Name the score that decides, e.g. 'exact'.")
        for name, value in (("valid_score", self.valid_score), ("slice_by", self.slice_by or "none")):
            if not isinstance(value, str) or not value:
                raise PlanError("gate", f"{name} is {value!r}", "Give a name.")
        if not isinstance(self.allow_mixed_models, bool):
            raise PlanError(
                "gate", f"allow_mixed_models is {self.allow_mixed_models!r}", "Use true or false."
            )
        _in_range("margin", self.margin, 0, math.inf)
        _in_range("alpha", self.alpha, 0, 1, open_ends=True)
        _in_range("max_share_gap", self.max_share_gap, 0, 1)
        _in_range("max_error_share", self.max_error_share, 0, 1)
        _in_range("min_cases", self.min_cases, 2, math.inf)
        if isinstance(self.approvals, bool) or not isinstance(self.approvals, int) or self.approvals < 0:
            raise PlanError("gate", f"approvals is {self.approvals!r}", "Use a whole number from 0.")
        for name, highest in _OPTIONAL.items():
            if getattr(self, name) is not None:
                _in_range(name, getattr(self, name), 0, highest, open_ends=name == "confirm_share")

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Gate:
        """Return the gate written in a study file.

        Raises
        ------
        PlanError
            Where a name is unknown (the nearest known one is named) or a value out of range.
        """
        known = [field.name for field in fields(cls)]
        for name in mapping:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(known)}."
                raise PlanError("gate", f"there is no setting {name!r}", hint)
        return cls(**dict(mapping))

    @property
    def hash(self) -> str:
        """Identity of the gate's content, 64 hexadecimal digits."""
        return digest(asdict(self))


def _in_range(name: str, value: Any, low: float, high: float, *, open_ends: bool = False) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)
    if number and (low < value < high if open_ends else low <= value <= high):
        return
    limits = (
        f"above {low} and below {high}"
        if open_ends
        else f"from {low}" + ("" if high == math.inf else f" to {high}")
    )
    raise PlanError("gate", f"{name} is {value!r}", f"Use a number {limits}.")
