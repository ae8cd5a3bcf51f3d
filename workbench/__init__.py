"""Choose a prompt before you promote it: run, price, score, compare, decide, promote.

``import workbench as wb`` gives the names a notebook types. Each is loaded at first use, so that the import
itself stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from workbench.core.show import register as _register

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.core.show import Renderer

# Name -> the module it is loaded from.
_HOMES = {
    "Attempt": "workbench.core.records",
    "Bench": "workbench.bench.bench",
    "BudgetError": "workbench.errors",
    "CachePolicy": "workbench.semantic.policy",
    "Comparison": "workbench.analyze.compare",
    "Dataset": "workbench.define.dataset",
    "DatasetError": "workbench.errors",
    "Decision": "workbench.promote.decision",
    "Faults": "workbench.offline.faults",
    "Gate": "workbench.plan.gate",
    "InputError": "workbench.errors",
    "Journal": "workbench.store.journal",
    "LexicalGuard": "workbench.semantic.guard",
    "Limits": "workbench.client.limit",
    "Message": "workbench.core.records",
    "ModelError": "workbench.errors",
    "ModelRef": "workbench.core.records",
    "OfflineServer": "workbench.offline.server",
    "OpenAI": "workbench.client.openai",
    "Plan": "workbench.plan.plan",
    "PlanError": "workbench.errors",
    "Price": "workbench.plan.prices",
    "PriceBook": "workbench.plan.prices",
    "PromotionError": "workbench.errors",
    "RecordError": "workbench.errors",
    "Release": "workbench.promote.history",
    "Reply": "workbench.core.records",
    "Request": "workbench.core.records",
    "Resilience": "workbench.client.resilience",
    "Retry": "workbench.client.retry",
    "Run": "workbench.run.handle",
    "Scenario": "workbench.plan.reprice",
    "Score": "workbench.core.records",
    "SemanticCache": "workbench.semantic.layer",
    "SentenceEmbedder": "workbench.semantic.embed",
    "StoreError": "workbench.errors",
    "Study": "workbench.define.study",
    "StudyError": "workbench.errors",
    "TemplateError": "workbench.errors",
    "Traffic": "workbench.semantic.traffic",
    "Trial": "workbench.core.records",
    "Usage": "workbench.core.records",
    "Variant": "workbench.define.variant",
    "WorkbenchError": "workbench.errors",
    "blocks": "workbench.define.blocks",
    "cascade": "workbench.score.cascade",
    "compare": "workbench.analyze.compare",
    "contains": "workbench.score.checks",
    "cost_score": "workbench.score.amounts",
    "exact": "workbench.score.checks",
    "f1": "workbench.score.sets",
    "fields": "workbench.score.fields",
    "grounded": "workbench.score.grounded",
    "guard": "workbench.score.guards",
    "json_schema": "workbench.score.checks",
    "judged": "workbench.score.judged",
    "label_confusion": "workbench.analyze.label_confusion",
    "latency": "workbench.analyze.latency",
    "latency_score": "workbench.score.amounts",
    "length": "workbench.score.amounts",
    "mlflow_scorer": "workbench.record.scorers",
    "numeric": "workbench.score.checks",
    "outcomes": "workbench.score.validity",
    "panel": "workbench.score.panel",
    "precision": "workbench.score.sets",
    "preference": "workbench.score.preference",
    "recall": "workbench.score.sets",
    "regex": "workbench.score.checks",
    "report_html": "workbench.view.report",
    "reprice": "workbench.plan.reprice",
    "rubric": "workbench.score.judge",
    "scorer": "workbench.score.functions",
    "similarity": "workbench.score.similarity",
    "spending": "workbench.analyze.spending",
    "threshold_explorer": "workbench.view.widgets.explorer",
    "validity": "workbench.score.validity",
    "without": "workbench.define.blocks",
}

__all__ = [
    "Attempt",
    "Bench",
    "BudgetError",
    "CachePolicy",
    "Comparison",
    "Dataset",
    "DatasetError",
    "Decision",
    "Faults",
    "Gate",
    "InputError",
    "Journal",
    "LexicalGuard",
    "Limits",
    "Message",
    "ModelError",
    "ModelRef",
    "OfflineServer",
    "OpenAI",
    "Plan",
    "PlanError",
    "Price",
    "PriceBook",
    "PromotionError",
    "RecordError",
    "Release",
    "Reply",
    "Request",
    "Resilience",
    "Retry",
    "Run",
    "Scenario",
    "Score",
    "SemanticCache",
    "SentenceEmbedder",
    "StoreError",
    "Study",
    "StudyError",
    "TemplateError",
    "Traffic",
    "Trial",
    "Usage",
    "Variant",
    "WorkbenchError",
    "blocks",
    "cascade",
    "compare",
    "contains",
    "cost_score",
    "exact",
    "f1",
    "fields",
    "grounded",
    "guard",
    "json_schema",
    "judged",
    "label_confusion",
    "latency",
    "latency_score",
    "length",
    "mlflow_scorer",
    "numeric",
    "outcomes",
    "panel",
    "precision",
    "preference",
    "recall",
    "regex",
    "report_html",
    "reprice",
    "rubric",
    "scorer",
    "similarity",
    "spending",
    "threshold_explorer",
    "validity",
    "without",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _renderers() -> Mapping[type, Renderer]:
    from workbench.view.cards import renderers

    return renderers()


_register(_renderers)
