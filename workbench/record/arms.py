"""What an execution and its arms show in MLflow: params, metrics, and the files beside them."""

from __future__ import annotations

import json
import math
import platform
import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.core.identity import canonical
from workbench.core.records import Usage
from workbench.core.redact import redact
from workbench.core.table import answered, score_names
from workbench.record.experiments import PRICE_OUT
from workbench.record.prompts import PromptVersionRef
from workbench.record.tables import lean_json, write_parquet

if TYPE_CHECKING:
    from workbench.plan.grid import Arm
    from workbench.plan.plan import Plan

__all__ = [
    "LEAN_FILE",
    "TABLE_FILE",
    "arm_metrics",
    "arm_params",
    "environment",
    "execution_metrics",
    "execution_params",
    "measured_params",
    "write_files",
    "write_named",
]

TABLE_FILE = "trials.parquet"
LEAN_FILE = "trials_table.json"
# Shown first: MLflow's columns stand in the order in which metrics were written.
FIRST = (
    "quality_mean",
    "cost_usd_per_1000",
    "latency_p95_s",
    "quality_low",
    "quality_high",
    "cost_low",
    "cost_high",
    "latency_p50_s",
    "latency_p99_s",
)
# MLflow's Compare draws the first param against the first metric, capitals first, and lets a person choose
# others: under these names it opens with cost against quality.
COST_AXIS = "USD per 1000 requests"
QUALITY_AXIS = "Quality"
PACKAGES = (
    "prompt-workbench",
    "mlflow",
    "openai",
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "scikit-learn",
    "sentence-transformers",
    "genai-prices",
)


def _key(name: str) -> str:
    """Return a name that MLflow accepts for a param, metric or tag."""
    return re.sub(r"[^\w\-. /:]", "_", name)[:250]


def _param(value: Any) -> str:
    text = value if isinstance(value, str) else canonical(value)
    return str(redact(text))[:6000]


def _params(values: Mapping[str, Any]) -> dict[str, str]:
    return {_key(name): _param(value) for name, value in values.items() if value is not None}


def execution_params(plan: Plan) -> dict[str, str]:
    """Return what an execution is made of, in MLflow's form (None is left out)."""
    values: dict[str, Any] = {
        "study": plan.study,
        "execution_id": plan.execution_id,
        "plan_hash": plan.hash,
        "arms": len(plan.arms),
        "cases": len(plan.cases),
        "repeats": plan.repeats,
        "trials_planned": len(plan),
        "seed": plan.seed,
        "sample": plan.sample,
        "workload": plan.workload,
        "incumbent": plan.incumbent,
        "dataset": plan.cases.name,
        "dataset_digest": plan.cases.digest,
        "budget_usd": plan.budget_usd,
        "budget_tokens": plan.budget_tokens,
        "price_book": plan.book.id,
        "gate": canonical({name: getattr(plan.gate, name) for name in type(plan.gate).__dataclass_fields__}),
    }
    scorers = {f"scorer.{scorer.name}": scorer.digest for scorer in plan.scorers}
    return _params(values | scorers)


def arm_params(arm: Arm, plan: Plan, prompt: PromptVersionRef) -> dict[str, str]:
    """Return what an arm is made of: prompt, model, parameters of every request, judges."""
    schema = arm.variant.schema
    values: dict[str, Any] = {
        "variant": arm.variant.name,
        "variant_hash": arm.variant.hash,
        "model": arm.model.name,
        "model_sent": arm.model.model,
        "origin": arm.model.origin,
        "prompt": prompt.name,
        "prompt_version": prompt.version,
        "version_hash": prompt.hash,
        "price_in_per_mtok": _per_mtok(plan, arm, Usage(tokens_in_uncached=1_000, tokens_out=0)),
        PRICE_OUT: _per_mtok(plan, arm, Usage(tokens_in_uncached=0, tokens_out=1_000)),
        "examples": 0 if arm.variant.examples is None else len(arm.variant.examples),
        "answer_schema": None if schema is None else canonical(schema),
        "schema_mode": None if schema is None else arm.variant.schema_mode,
        "reask": arm.variant.reask or None,
        "repeats": plan.repeats,
        "sample": plan.sample,
        "role": "incumbent" if arm.name == plan.incumbent else "challenger",
    }
    scorers = {f"scorer.{scorer.name}": scorer.digest for scorer in plan.scorers}
    return _params(values | scorers | arm.own_params)


def measured_params(summary: Mapping[str, Any] | None) -> dict[str, str]:
    """Return an arm's cost as a param, for the first axis of MLflow's scatter plot; empty where unknown.

    MLflow never changes a param, so it is for an execution that is complete.
    """
    cost = (summary or {}).get("cost_usd_per_1000")
    return {} if cost is None or pd.isna(cost) else {COST_AXIS: f"{cost:.6g}"}


def _per_mtok(plan: Plan, arm: Arm, thousand: Usage) -> float | None:
    """Return a price in USD per million tokens, asked by the thousand: long prompts may cost more."""
    tier = arm.params.get("service_tier")
    cost = plan.book.cost_usd(arm.model, thousand, tier if isinstance(tier, str) else None)
    return None if cost is None else round(cost * 1_000, 9)


def _finite(values: Mapping[str, Any]) -> dict[str, float]:
    """Keep what is a number: a missing metric is absent, not zero."""
    out = {}
    for name, value in values.items():
        if isinstance(value, str) or value is None or pd.isna(value):
            continue
        number = float(value)
        if math.isfinite(number):
            out[_key(str(name))] = number
    return out


def arm_metrics(frame: pd.DataFrame, summary: Mapping[str, Any] | None) -> dict[str, float]:
    """Return an arm's metrics.

    Parameters
    ----------
    frame
        The arm's rows of the trial table.
    summary
        Its row of a comparison (quality_mean, cost_usd_per_1000, latency_p95_s, …); None before there is
        one. Texts in it are left out.
    """
    ok = answered(frame)
    counts: dict[str, Any] = {"attempted": len(frame), "answered": int(ok.sum())}
    for name in score_names(frame):
        column = frame[f"score_{name}"]
        counts |= {f"score_{name}": column.mean(), f"scored_{name}": int(column.notna().sum())}
    values = dict(summary or {})
    values[QUALITY_AXIS] = values.get("quality_mean")
    first = {name: values[name] for name in FIRST if name in values}
    return _finite(first | counts | values)


def execution_metrics(attempts: pd.DataFrame) -> dict[str, float]:
    """Return what an execution spent: few metrics, since those of the arms stand beside them in MLflow.

    Parameters
    ----------
    attempts
        The ledger. Where the cost of any attempt is unknown, so is the sum, and absent.
    """
    spent = attempts["cost_usd"]
    return _finite({"spent_usd": spent.sum(skipna=False) if len(spent) else 0.0, "calls": len(attempts)})


def environment() -> dict[str, str]:
    """Return the versions that matter for repeating an execution."""
    out = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    for name in PACKAGES:
        try:
            out[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return out


def write_files(
    folder: Path,
    frame: pd.DataFrame,
    attempts: pd.DataFrame | None = None,
    files: Mapping[str, str | bytes | None] | None = None,
) -> None:
    """Write a run's artifacts into a folder.

    Parameters
    ----------
    frame
        The run's rows of the trial table.
    attempts
        The ledger; None: none is written.
    files
        Further files by name; None as content: no such file.
    """
    write_parquet(frame, folder / TABLE_FILE)
    (folder / LEAN_FILE).write_text(lean_json(frame), encoding="utf-8")
    if attempts is not None:
        write_parquet(attempts, folder / "attempts.parquet")
        (folder / "environment.json").write_text(json.dumps(environment(), indent=1), encoding="utf-8")
    write_named(folder, files or {})


def write_named(folder: Path, files: Mapping[str, str | bytes | None]) -> None:
    """Write files by name into a folder, which no name can leave; None as content: no such file."""
    for name, content in files.items():
        if content is not None:
            data = content if isinstance(content, bytes) else content.encode("utf-8")
            (folder / Path(name).name).write_bytes(data)
