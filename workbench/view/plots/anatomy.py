"""A prompt's anatomy: what each of its blocks adds to the score, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.view import figures
from workbench.view.plots.canvas import words
from workbench.view.plots.forest import Row, first_rows, forest
from workbench.view.theme import BLUE, GREEN, GREY, VERMILLION

if TYPE_CHECKING:
    from collections.abc import Mapping

    import altair as alt

    from workbench.analyze.anatomy import Anatomy

__all__ = ["anatomy"]

COLORS: dict[str, str] = {
    "needed": BLUE,
    "not needed": GREEN,
    "harmful": VERMILLION,
    "cannot tell": GREY,
}
"""Color by what is said of a block."""


def anatomy(found: Anatomy) -> alt.TopLevelMixin:
    """Return what each block adds to the score: an interval a block, in the prompt's order.

    Blocks that cannot be left out have no effect to draw and are named in the table beside.

    Parameters
    ----------
    found
        What `bench.anatomy` returns.
    """
    told = found.comparison
    every = [_row(row) for row in found.blocks.to_dict("records") if row["verdict"] != "kept"]
    if not every:
        return words("No block can be left out, so there is no effect to draw.")
    rows, left = first_rows(every, "blocks")
    level = 100 * (1 - told.alpha)
    return forest(
        rows,
        axis=f"What the block adds to {figures.shorten(told.score)}",
        heading="Block by block",
        lines=[
            f"{figures.shorten(found.variant)} and itself without each block; right of zero the block helps",
            f"bars: {level:.0f} % intervals that hold for all blocks at once",
            left,
        ],
        points=told.points,
        alpha=told.alpha,
        colors=COLORS,
    )


def _row(row: Mapping[Any, Any]) -> Row:
    tokens = figures.count(row["tokens"])
    price = figures.usd(row["usd_per_1000"])
    return Row(
        label=f"{row['block']}. {figures.shorten(row['text'], 32)}",
        value=row["effect"],
        low=row["low"],
        high=row["high"],
        verdict=str(row["verdict"]),
        words=f"{row['verdict']}; {tokens} tokens, {price} per 1,000",
    )
