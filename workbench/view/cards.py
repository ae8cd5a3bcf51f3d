"""Cards: how each result shows itself in a notebook, as one static HTML fragment.

A card stands in the module of its result; `renderers` maps types to cards, and the façade registers it with
`core.show`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from workbench.view.comparisons import comparison_card
from workbench.view.decisions import decision_card
from workbench.view.flips import flips_card
from workbench.view.fragments import card, paragraph, table
from workbench.view.plans import plan_card
from workbench.view.progress import progress_card, run_card
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
    from workbench.analyze.compare import Comparison
    from workbench.analyze.flips import Flips
    from workbench.define.dataset import Dataset
    from workbench.define.variant import Variant
    from workbench.plan.plan import Plan
    from workbench.promote.decision import Decision
    from workbench.promote.history import History, Release
    from workbench.run.handle import Run
    from workbench.run.progress import Progress

    return {
        Comparison: comparison_card,
        Dataset: dataset_card,
        Decision: decision_card,
        Flips: flips_card,
        History: history_card,
        Plan: plan_card,
        Progress: progress_card,
        Release: release_card,
        Run: run_card,
        Variant: variant_card,
    }
