"""Cards: how each result shows itself in a notebook, as one static HTML fragment.

A card stands in the module of its result; `renderers` maps types to cards, and the façade registers it with
`core.show`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from workbench.view.anatomies import anatomy_card
from workbench.view.caches import cache_curve_card, cache_study_card, safe_card
from workbench.view.comparisons import comparison_card
from workbench.view.curves import curve_card, proposal_card
from workbench.view.decisions import decision_card
from workbench.view.examined import confirmation_card, slices_card, variance_card
from workbench.view.flips import flips_card
from workbench.view.fragments import card, paragraph, table
from workbench.view.frontiers import all_pairs_card, frontier_card
from workbench.view.plans import plan_card
from workbench.view.progress import progress_card, run_card
from workbench.view.races import race_card
from workbench.view.rechecks import equal_card, recheck_card, verification_card
from workbench.view.releases import history_card, release_card

if TYPE_CHECKING:
    from workbench.define.dataset import Dataset
    from workbench.define.variant import Variant

__all__ = ["dataset_card", "renderers", "variant_card"]


def variant_card(variant: Variant) -> str:
    """Return a variant: its messages as they are stored, what is bound, what a case must have."""
    return card("Variant", variant.name, paragraph(variant.summary), table(variant.frame))


def dataset_card(dataset: Dataset) -> str:
    """Return a dataset: its size, its labels, its first rows."""
    return card(
        "Dataset",
        f"{len(dataset):,} cases",
        paragraph(dataset.summary),
        table(dataset.frame.head(5), "First rows"),
    )


_CARDS: Mapping[str, Callable[[Any], str]] = {
    "workbench.analyze.all_pairs.AllPairs": all_pairs_card,
    "workbench.analyze.anatomy.Anatomy": anatomy_card,
    "workbench.analyze.compare.Comparison": comparison_card,
    "workbench.analyze.drift.Recheck": recheck_card,
    "workbench.analyze.flips.Flips": flips_card,
    "workbench.analyze.frontier.Frontier": frontier_card,
    "workbench.analyze.race.Race": race_card,
    "workbench.analyze.selection.Confirmation": confirmation_card,
    "workbench.analyze.slices.Slices": slices_card,
    "workbench.analyze.variance.VarianceSplit": variance_card,
    "workbench.define.dataset.Dataset": dataset_card,
    "workbench.define.variant.Variant": variant_card,
    "workbench.plan.curve.Curve": curve_card,
    "workbench.plan.plan.Plan": plan_card,
    "workbench.plan.proposal.Proposal": proposal_card,
    "workbench.promote.decision.Decision": decision_card,
    "workbench.promote.equal.EqualArms": equal_card,
    "workbench.promote.history.History": history_card,
    "workbench.promote.history.Release": release_card,
    "workbench.promote.verify.Verification": verification_card,
    "workbench.run.handle.Run": run_card,
    "workbench.run.progress.Progress": progress_card,
    "workbench.semantic.curve.CacheCurve": cache_curve_card,
    "workbench.semantic.study.CacheStudy": cache_study_card,
    "workbench.semantic.threshold.Safe": safe_card,
}
"""Type -> its card; by name, so that nothing is loaded before something is shown."""


def renderers() -> Mapping[type, Callable[[Any], str]]:
    """Return the function that draws each result type; the loader for `core.show.register`."""
    found = {}
    for name, draw in _CARDS.items():
        module, _, kind = name.rpartition(".")
        found[getattr(import_module(module), kind)] = draw
    return found
