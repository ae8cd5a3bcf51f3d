"""Equal arms: how often each way of choosing promotes one of arms that do not differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.view import figures
from workbench.view.plots.canvas import values
from workbench.view.theme import BLUE, INK, SOFT, VERMILLION, themed, title

if TYPE_CHECKING:
    import altair as alt

    from workbench.promote.equal import EqualArms

__all__ = ["equal"]

WIDTH, ROW = 420, 48


def equal(found: EqualArms) -> alt.TopLevelMixin:
    """Return the share of studies in which each rule promotes an arm, its interval, and the gate's limit.

    Parameters
    ----------
    found
        What `bench.equal_arms` returns.
    """
    import altair as alt

    rows = _rows(found)
    order = [row["rule"] for row in rows]
    y = alt.Y("rule:N", sort=order, title=None, axis=alt.Axis(labelFontSize=12, labelColor=INK))

    def x(name: str) -> Any:
        return alt.X(
            name,
            title="Studies in which an arm is promoted that is not better",
            scale=alt.Scale(domain=[0, 1], nice=False),
            axis=alt.Axis(format="~%", tickCount=6),
        )

    base = alt.Chart(values(rows))
    beside: dict[str, Any] = {"align": "left", "baseline": "middle", "dx": 14}
    words = f"allowed: {found.alpha:.0%}"
    limit = alt.Chart(values([{"at": found.alpha, "name": words}])).encode(x=x("at:Q"))
    layers = [
        base.mark_rule(strokeWidth=3, opacity=0.6, color=BLUE).encode(y=y, x=x("low:Q"), x2="high:Q"),
        base.mark_point(filled=True, size=110, opacity=1, color=BLUE).encode(y=y, x=x("share:Q")),
        base.mark_text(**beside, dy=-8, fontSize=12, color=INK).encode(
            y=y, x=alt.value(WIDTH), text="figures:N"
        ),
        base.mark_text(**beside, dy=8, fontSize=11, color=SOFT).encode(
            y=y, x=alt.value(WIDTH), text="words:N"
        ),
        limit.mark_rule(color=VERMILLION, strokeDash=[5, 4], strokeWidth=1.5),
        limit.mark_text(color=VERMILLION, align="left", baseline="bottom", dy=-3, fontSize=11).encode(
            y=alt.value(0), text="name:N"
        ),
    ]
    lines = [
        f"{found.arms} arms, {found.cases:,} cases: within each case the answers dealt to the arms at random,"
        f" seed {found.seed}",
        "bars: 95 % intervals of the share (Wilson)",
    ]
    heading = title("Arms that do not differ", lines) | {"offset": 24}
    return themed(alt.layer(*layers).properties(width=WIDTH, height=ROW * len(rows), title=heading))


def _rows(found: EqualArms) -> list[dict[Any, Any]]:
    return [
        {
            **row,
            "figures": figures.interval(*(figures.share(row[name]) for name in ("share", "low", "high"))),
            "words": f"{row['promoted']:,} of {row['studies']:,} studies",
        }
        for row in found.frame.to_dict("records")
    ]
