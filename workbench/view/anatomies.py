"""The card of a prompt's anatomy: block by block what it costs and what it brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from workbench.analyze.wording import with_bounds
from workbench.view import charts, figures
from workbench.view.fragments import card, numbers, paragraph, picture, table

if TYPE_CHECKING:
    from workbench.analyze.anatomy import Anatomy

__all__ = ["anatomy_card"]


def anatomy_card(anatomy: Anatomy) -> str:
    """Return a prompt's anatomy: the shortest prompt that is not worse, and every block with its figures."""
    told = anatomy.comparison
    rows = _table(anatomy)
    each = (
        f"{row['block']}. {row['text']}: {row['it is']}, adds {row[f'adds to {told.score}']}"
        for row in rows.to_dict("records")
    )
    saved = 1 - anatomy.shortest_tokens / anatomy.tokens if anatomy.tokens else float("nan")
    same = anatomy.shortest == anatomy.variant
    pairs = [
        ("Tokens a request", figures.count(anatomy.tokens), "input, mean over the cases"),
        (
            "Of the shortest",
            figures.count(anatomy.shortest_tokens),
            "the whole prompt" if same else f"{figures.share(saved, 0)} fewer",
        ),
    ]
    checked = "" if anatomy.confirmation is None else anatomy.confirmation.summary
    return card(
        f"Anatomy · {anatomy.variant}",
        "No block is shown to be superfluous" if same else f"Shortest that is not worse: {anatomy.shortest}",
        numbers(pairs),
        paragraph(anatomy.summary.partition("\n")[0]),
        picture(charts.anatomy(anatomy), f"What each block adds to {told.score}. " + "; ".join(each)),
        table(rows, "Block by block"),
        paragraph(f"All superfluous blocks left out together, on other cases: {checked}") if checked else "",
    )


def _table(anatomy: Anatomy) -> pd.DataFrame:
    told = anatomy.comparison
    return pd.DataFrame(
        [
            {
                "block": row["block"],
                "text": figures.shorten(row["text"], 70),
                "it is": ": ".join(filter(None, (row["verdict"], figures.said(row["reason"])))),
                f"adds to {told.score}": figures.MISSING
                if row["verdict"] == "kept"
                else with_bounds(
                    row["effect"], row["low"], row["high"], points=told.points, alpha=told.alpha
                ),
                "tokens": figures.count(row["tokens"]),
                "USD per 1,000": figures.interval(
                    *map(figures.usd, (row["usd_per_1000"], row["usd_low"], row["usd_high"]))
                ),
                "cases": figures.count(row["n_cases"]),
            }
            for row in anatomy.blocks.to_dict("records")
        ]
    )
