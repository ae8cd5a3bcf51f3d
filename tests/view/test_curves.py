"""The cards of the power curve and of a proposal: cases, price, unknown is unknown."""

from __future__ import annotations

import dataclasses

import pytest

from tests.view.hostile import plain, shown, texts
from tests.view.world import World, world
from workbench.plan.plan import Plan
from workbench.view import charts, plans


@pytest.fixture(scope="module")
def study() -> World:
    """A study, made once."""
    return world()


def unpriced(plan: Plan) -> Plan:
    """Return the plan without a known price."""
    arms = tuple(dataclasses.replace(arm, cost_usd=None) for arm in plan.estimate.arms)
    return dataclasses.replace(plan, estimate=dataclasses.replace(plan.estimate, arms=arms))


def test_the_curve_is_drawn_with_prices_and_the_plan_marked(study: World) -> None:
    """Cases and price stand at each point; the diamond is the plan's own."""
    curve = study.plan.curve
    words = texts(charts.power(curve))
    own = next(p for p in curve.points if p.difference == study.plan.power.smallest_difference)
    assert own.size is not None
    assert f"{own.size.cases:,} · $" in words
    assert "diamond: this plan, 60 cases" in words
    html = plain(shown(curve))
    assert f"60 cases show a difference of {study.plan.power.smallest_difference:.3g}" in html
    assert html.count("(this plan)") == 2  # in the picture's words and in the table


def test_the_plan_leads_to_its_curve(study: World) -> None:
    """The plan's card has the curve's table folded, and names what draws it and what proposes a grid."""
    html = plain(plans.plan_card(study.plan))
    assert "Cases that other differences need" in html
    assert "plan.curve" in html
    assert "plan.for_difference(0.03)" in html


def test_a_proposal_says_cases_repeats_and_price(study: World) -> None:
    """What to run, what is lacking, and every other number of repeats."""
    proposal = study.plan.for_difference(0.05)
    html = plain(shown(proposal))
    assert f"{proposal.cases:,} cases × {proposal.repeats} repeats" in html
    assert f"{proposal.more_cases:,} more than at hand" in html
    assert html.count("(proposed)") == 1


def test_an_unknown_price_is_called_unknown(study: World) -> None:
    """No $0 in curve, picture and proposal."""
    plan = unpriced(study.plan)
    for html in (shown(plan.curve), shown(plan.for_difference(0.05)), texts(charts.power(plan.curve))):
        assert "unknown" in html
        assert "$0" not in plain(html)


def test_what_no_grid_shows_is_said(study: World) -> None:
    """A difference beyond any feasible grid: words instead of a proposal and of a picture."""
    proposal = study.plan.for_difference(1e-9)
    assert proposal.chosen is None
    assert "No feasible grid shows" in shown(proposal)
    none = dataclasses.replace(study.plan.curve, points=())
    assert "no curve to draw" in texts(charts.power(none))
