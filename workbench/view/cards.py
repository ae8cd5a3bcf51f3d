"""Cards: how each result shows itself in a notebook, as one static HTML fragment.

A card stands in the module of its result; `renderers` maps types to cards, and the façade registers it with
`core.show`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


def renderers() -> Mapping[type, Callable[[Any], str]]:
    """Return the function that draws each result type; the loader for `core.show.register`."""
    from workbench.analyze.all_pairs import AllPairs
    from workbench.analyze.anatomy import Anatomy
    from workbench.analyze.compare import Comparison
    from workbench.analyze.drift import Recheck
    from workbench.analyze.flips import Flips
    from workbench.analyze.frontier import Frontier
    from workbench.analyze.race import Race
    from workbench.analyze.selection import Confirmation
    from workbench.analyze.slices import Slices
    from workbench.analyze.variance import VarianceSplit
    from workbench.define.dataset import Dataset
    from workbench.define.variant import Variant
    from workbench.plan.curve import Curve
    from workbench.plan.plan import Plan
    from workbench.plan.proposal import Proposal
    from workbench.promote.decision import Decision
    from workbench.promote.equal import EqualArms
    from workbench.promote.history import History, Release
    from workbench.promote.verify import Verification
    from workbench.run.handle import Run
    from workbench.run.progress import Progress
    from workbench.semantic.curve import CacheCurve
    from workbench.semantic.study import CacheStudy
    from workbench.semantic.threshold import Safe

    return {
        AllPairs: all_pairs_card,
        Anatomy: anatomy_card,
        CacheCurve: cache_curve_card,
        CacheStudy: cache_study_card,
        Comparison: comparison_card,
        Confirmation: confirmation_card,
        Curve: curve_card,
        Dataset: dataset_card,
        Decision: decision_card,
        EqualArms: equal_card,
        Flips: flips_card,
        Frontier: frontier_card,
        History: history_card,
        Plan: plan_card,
        Progress: progress_card,
        Proposal: proposal_card,
        Race: race_card,
        Recheck: recheck_card,
        Release: release_card,
        Run: run_card,
        Safe: safe_card,
        Slices: slices_card,
        VarianceSplit: variance_card,
        Variant: variant_card,
        Verification: verification_card,
    }
