"""The tables people read: results as rows of written figures, for cards, reports and the terminal.

Numbers to reckon with are in the results' own `.frame`; these are for eyes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.analyze.wording import signed, with_bounds
from workbench.view import figures

if TYPE_CHECKING:
    from workbench.analyze.compare import Comparison
    from workbench.plan.plan import Plan
    from workbench.promote.decision import Decision

__all__ = [
    "OUTCOME_SIGNS",
    "arms_table",
    "differences_table",
    "findings_table",
    "plan_table",
    "verdicts_table",
]

OUTCOME_SIGNS: dict[str, str] = {
    "pass": "✓\u00a0pass",
    "fail": "✗\u00a0fail",
    "not applicable": "–\u2060\u00a0not\u00a0applicable",  # a line may break after a dash otherwise
    "unclear": "?\u00a0unclear",
}
"""A gate rule's outcome as sign and word, so that neither color nor shape has to carry it alone."""


WRONG = "if failures count as wrong"


def _written(row: Mapping[Any, Any], names: tuple[str, str, str], write: Any) -> str:
    return figures.interval(*(write(row[name]) for name in names))


def arms_table(comparison: Comparison) -> pd.DataFrame:
    """Return one row an arm: quality, cost, tokens, latency, denominators, place on the front.

    What quality is when failures count as wrong stands there where anything failed.
    """
    as_share = comparison.points

    def quality(value: Any) -> str:
        return figures.quality(value, as_share=as_share)

    rows = []
    longest = comparison.arms["latency_p95_s"].max()
    for row in comparison.arms.to_dict("records"):
        name = str(row["arm"]) + (" (incumbent)" if row["arm"] == comparison.incumbent else "")
        cost = _written(row, ("cost_usd_per_1000", "cost_low", "cost_high"), figures.usd)
        tokens = (row["tokens_in_mean"], row["tokens_out_mean"])
        rows.append(
            {
                "arm": name,
                comparison.score: _written(row, ("quality_mean", "quality_low", "quality_high"), quality),
                WRONG: quality(row["quality_if_failures_wrong"]),
                "USD per 1,000": "price unknown" if cost == figures.MISSING else cost,
                "tokens in / out": "\u00a0/ ".join(
                    figures.MISSING if figures.missing(value) else f"{value:,.1f}" for value in tokens
                ),
                "p50 / p95": "\u00a0/ ".join(
                    figures.seconds(row[f"latency_{part}_s"], longest) for part in ("p50", "p95")
                ),
                "attempted / answered / scored": "\u00a0/ ".join(
                    figures.count(row[part]) for part in ("attempted", "answered", "scored")
                ),
                "front": row["front"],
            }
        )
    return _lean(comparison, rows)


def _lean(comparison: Comparison, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the rows without what failures would change, where nothing failed."""
    frame = pd.DataFrame(rows)
    failed = (comparison.arms["answered"] < comparison.arms["attempted"]).any()
    return frame if failed else frame.drop(columns=WRONG, errors="ignore")


def difference(comparison: Comparison, row: Mapping[Any, Any]) -> str:
    """Return a challenger's difference with its interval, as the comparison's own summary says it."""
    return with_bounds(
        row["difference"], row["low"], row["high"], points=comparison.points, alpha=comparison.alpha
    )


def differences_table(comparison: Comparison) -> pd.DataFrame:
    """Return one row a challenger: its paired difference from the incumbent, and what the word for it is.

    Cost and latency differ by challenger minus incumbent; latency is left out where no arm was timed.
    """
    rows = []
    timed = (
        comparison.differences[["latency_p50_difference_s", "latency_p95_difference_s"]]
        .notna()
        .any(axis=None)
    )
    for row in comparison.differences.to_dict("records"):
        p_value = row["p_adjusted"]
        rows.append(
            {
                "challenger": row["arm"],
                f"difference in {comparison.score}": difference(comparison, row),
                "verdict": row["verdict"],
                "p (adjusted)": figures.MISSING if figures.missing(p_value) else _p_value(float(p_value)),
                WRONG: signed(row["difference_if_failures_wrong"], points=comparison.points),
                "cost difference, USD per 1,000": _written(
                    row, ("cost_difference_usd_per_1000", "cost_low", "cost_high"), figures.usd
                ),
                **({"latency difference": _latency_differences(row)} if timed else {}),
                "cases": figures.count(row["n_cases"]),
            }
        )
    return _lean(comparison, rows)


def _latency_differences(row: Mapping[Any, Any]) -> str:
    """Return both in one cell: a column each makes the table wider than a card."""
    parts = ("difference", "low", "high")
    each = [(at, figures.delay(*(row[f"latency_p{at}_{part}_s"] for part in parts))) for at in (50, 95)]
    return "; ".join(f"p{at} {words}".replace(" ", "\u00a0") for at, words in each)


def _p_value(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def findings_table(decision: Decision, arm: str, *, applicable: bool | None = None) -> pd.DataFrame:
    """Return one row a gate rule for one challenger: sign and word of its outcome, evidence, remedy.

    Parameters
    ----------
    applicable
        Only the rules that apply, or only those that do not; None: all.
    """
    frame = pd.DataFrame(
        [
            {
                "outcome": OUTCOME_SIGNS[finding.outcome],
                "rule": f"{finding.code} {finding.name}",
                "evidence": finding.evidence.removeprefix(f"{arm}: "),
                "remedy": finding.remedy,
            }
            for finding in decision.findings
            if finding.arm == arm and applicable in (None, finding.outcome != "not applicable")
        ]
    )
    nothing_to_mend = frame.empty or (frame["remedy"] == "").all()
    return frame.drop(columns="remedy", errors="ignore") if nothing_to_mend else frame


def verdicts_table(decision: Decision) -> pd.DataFrame:
    """Return one row a challenger: its verdict, its open rules, and what more cases would take."""
    rows = []
    for row in decision.verdicts.to_dict("records"):
        outcomes: Counter[str] = Counter(
            finding.outcome for finding in decision.findings if finding.arm == row["arm"]
        )
        rows.append(
            {
                "challenger": row["arm"],
                "verdict": row["verdict"],
                "rules": ", ".join(f"{outcomes[name]} {name}" for name in OUTCOME_SIGNS if outcomes[name]),
                "more cases": figures.count(row["more_cases"]),
                "at about": figures.usd(row["more_cost_usd"]),
            }
        )
    frame = pd.DataFrame(rows)
    if not frame.empty and (frame["more cases"] == figures.MISSING).all():
        frame = frame.drop(columns=["more cases", "at about"])
    return frame


def plan_table(plan: Plan) -> pd.DataFrame:
    """Return one row an arm: calls, tokens and USD as low to high."""
    rows = []
    for arm in plan.estimate.arms:
        money = "price unknown" if arm.cost_usd is None else figures.span(*map(figures.usd, arm.cost_usd))
        rows.append(
            {
                "arm": arm.arm + (" (incumbent)" if arm.arm == plan.incumbent else ""),
                "trials": figures.count(arm.cells),
                "calls": figures.count(arm.calls),
                "tokens in": figures.span(*map(figures.count, arm.tokens_in)),
                "tokens out": figures.span(*map(figures.count, arm.tokens_out)),
                "USD": money,
            }
        )
    return pd.DataFrame(rows)
