"""Forests of differences: against the incumbent, all pairs, slice by slice, by how they were estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.analyze.wording import signed
from workbench.view import figures
from workbench.view.plots.canvas import arm_labels, short_names, words
from workbench.view.plots.forest import Row, first_rows, forest

if TYPE_CHECKING:
    import altair as alt

    from workbench.analyze.all_pairs import AllPairs
    from workbench.analyze.compare import Comparison
    from workbench.analyze.selection import Confirmation
    from workbench.analyze.slices import Slices

__all__ = ["confirmation", "differences", "pairs", "slices"]


def differences(comparison: Comparison) -> alt.TopLevelMixin:
    """Return the paired differences against the incumbent: an interval a challenger, zero, and the margin.

    Right of zero the challenger is better. Intervals hold for all challengers at once. A challenger whose
    interval lies right of the margin is not worse by more than the margin.

    Parameters
    ----------
    comparison
        What `bench.compare` returns.
    """
    if comparison.differences.empty:
        return words("Only the incumbent ran, so there is no difference to draw.")
    labels = arm_labels(comparison.arms)
    frame = comparison.differences.sort_values("difference", ascending=False, na_position="last")
    rows = [
        Row(
            label=labels.get(str(row["arm"]), figures.shorten(row["arm"])),
            value=row["difference"],
            low=row["low"],
            high=row["high"],
            verdict=str(row["verdict"]),
            words=f"{row['verdict']}, {figures.count(row['n_cases'])} cases",
            tips={"arm": row["arm"], "n_cases": row["n_cases"]},
        )
        for row in frame.to_dict("records")
    ]
    lines = [
        f"incumbent: {labels.get(comparison.incumbent, comparison.incumbent)}; right of zero is better",
        f"bars: {_level(comparison.alpha)} intervals by case, adjusted so that they hold for all challengers"
        " at once",
        f"margin: {signed(-comparison.margin, points=comparison.points)}" if comparison.margin > 0 else "",
    ]
    return forest(
        rows,
        axis=f"Difference in {figures.shorten(comparison.score)} from the incumbent",
        heading="Differences, case by case",
        lines=lines,
        points=comparison.points,
        alpha=comparison.alpha,
        margin=comparison.margin,
    )


def pairs(found: AllPairs) -> alt.TopLevelMixin:
    """Return every arm against every other: an interval a pair, the better arm first, the best arms on top.

    Parameters
    ----------
    found
        What `result.all_pairs()` returns.
    """
    labels = short_names(found.arms)
    every = [
        Row(
            label=f"{labels[row['arm']]} – {labels[row['against']]}",
            value=row["difference"],
            low=row["low"],
            high=row["high"],
            verdict=str(row["verdict"]),
            words=f"{row['verdict']}, {figures.count(row['n_cases'])} cases",
        )
        for row in found.table.to_dict("records")
    ]
    rows, left = first_rows(every, "pairs, the best arms first")
    return forest(
        rows,
        axis=f"Difference in {figures.shorten(found.score)}",
        heading="All pairs",
        lines=[
            "first arm minus second; right of zero the first is better",
            f"bars: {_level(found.alpha)} intervals that hold for all {len(every):,} pairs at once",
            left,
        ],
        points=found.points,
        alpha=found.alpha,
        margin=found.margin,
    )


def slices(found: Slices) -> alt.TopLevelMixin:
    """Return the differences from the incumbent slice by slice; small slices have a figure and no interval.

    Parameters
    ----------
    found
        What `result.slices(…)` returns.
    """
    names = short_names(found.table["arm"].unique())
    several = len(names) > 1
    every = [
        Row(
            label=figures.shorten(row["slice"], 24) + (f" · {names[row['arm']]}" if several else ""),
            value=row["difference"],
            low=row["low"],
            high=row["high"],
            verdict=str(row["verdict"]),
            words=f"{row['verdict']}, {figures.count(row['n_cases'])} cases",
        )
        for row in found.table.to_dict("records")
    ]
    if not every:
        return words("There is no challenger and no slice, so there is nothing to draw.")
    rows, left = first_rows(every, "slices × challengers")
    return forest(
        rows,
        axis=f"Difference in {figures.shorten(found.score)} from the incumbent",
        heading=f"By {figures.shorten(found.by)}",
        lines=[
            f"incumbent: {figures.shorten(found.incumbent)}; right of zero is better",
            f"bars: {_level(found.alpha)} intervals that hold for all tested slices × challengers at once",
            left,
        ],
        points=found.points,
        alpha=found.alpha,
        margin=found.margin,
    )


def confirmation(found: Confirmation) -> alt.TopLevelMixin:
    """Return the winner's difference by four estimates: naive, shrunken, and on either part of the cases.

    Parameters
    ----------
    found
        What `result.confirm()` returns.
    """
    said = {
        "naive": "best of all, by all cases",
        "shrunken": "the same, shrunken",
        "choosing": "on the cases that chose it",
        "confirmed": "on the other cases",
    }
    names = short_names(found.table["arm"])
    rows = [
        Row(
            label=said[row["estimate"]],
            value=row["difference"],
            low=row["low"],
            high=row["high"],
            verdict="cannot tell" if figures.missing(row["verdict"]) else str(row["verdict"]),
            words=f"{names[row['arm']]}, {figures.count(row['n_cases'])} cases",
        )
        for row in found.table.to_dict("records")
    ]
    return forest(
        rows,
        axis=f"Difference in {figures.shorten(found.score)} from the incumbent",
        heading="The winner, and what is left of it",
        lines=[
            f"incumbent: {figures.shorten(found.incumbent)}; right of zero is better",
            f"bars: {_level(found.alpha)} intervals of one comparison; only the last one owes nothing to the"
            " choice",
        ],
        points=found.points,
        alpha=found.alpha,
        margin=found.margin,
    )


def _level(alpha: float) -> str:
    return f"{100 * (1 - alpha):.0f} %"
