"""A small world for promotions: arms, a comparison with stated figures, a registry and a log in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from workbench.analyze.arms import ARM_COLUMNS
from workbench.analyze.compare import DIFFERENCE_COLUMNS, Comparison
from workbench.core.records import ModelRef
from workbench.define.variant import Variant
from workbench.plan.gate import Gate
from workbench.plan.grid import Arm
from workbench.promote.decision import Decision, decide

MODEL = ModelRef(name="offline/minilm", model="minilm", origin="offline")
VARIANTS = {
    name: Variant(name, f"{name}: answer with a label.\n\n{{{{text}}}}")
    for name in ("terse", "few-shot", "many", "other")
}
ARMS = {name: Arm(variant=variant, model=MODEL) for name, variant in VARIANTS.items()}
INCUMBENT = ARMS["terse"].name

BETTER = {"difference": 0.121, "low": 0.098, "high": 0.144, "verdict": "better"}
WORSE = {"difference": -0.3, "low": -0.35, "high": -0.25, "verdict": "worse"}
UNCLEAR = {"difference": 0.01, "low": -0.03, "high": 0.05, "verdict": "cannot tell"}
SAME = {"difference": 0.0, "low": -0.01, "high": 0.01, "verdict": "not worse"}
DEARER = {"cost_difference_usd_per_1000": 0.12, "cost_low": 0.11, "cost_high": 0.13}
CHEAPER = {"cost_difference_usd_per_1000": -0.12, "cost_low": -0.13, "cost_high": -0.11}
UNPRICED = dict.fromkeys(DEARER, np.nan)


def comparison(
    challengers: Mapping[str, Mapping[str, Any]],
    *,
    arms: Mapping[str, Mapping[str, Any]] | None = None,
    gate: Gate | None = None,
) -> Comparison:
    """Return a comparison of `terse` with challengers; rows are given where they differ from plain ones."""
    gate = gate or Gate()
    rows, differences = [], []
    for name in ("terse", *challengers):
        arm = ARMS[name]
        plain: dict[str, Any] = {
            "arm": arm.name,
            "variant": name,
            "model": MODEL.name,
            "variant_hash": arm.variant.hash,
            "cases": 200,
            "attempted": 600,
            "answered": 600,
            "scored": 600,
            "quality_mean": 0.7 + challengers.get(name, {}).get("difference", 0.0),
            "quality_low": 0.6,
            "quality_high": 0.8,
            "cost_usd_per_1000": 1.0,
            "cost_low": 0.9,
            "cost_high": 1.1,
            "cost_known": 600,
            "latency_p95_s": 0.5,
            "latency_p95_low_s": 0.4,
            "latency_p95_high_s": 0.6,
            "error_share": 0.0,
            "served_models": "minilm-1",
        }
        rows.append(plain | dict((arms or {}).get(name, {})))
        if name == "terse":
            continue
        extra = dict(challengers[name])
        row: dict[str, Any] = {"arm": arm.name, "n_cases": 200, "share_gap": 0.0, "sd": 0.3} | DEARER | extra
        row.setdefault("difference_if_failures_wrong", row["difference"])
        row.setdefault("verdict_if_failures_wrong", row["verdict"])
        differences.append(row)
    return Comparison(
        score=gate.score,
        incumbent=INCUMBENT,
        margin=gate.margin,
        alpha=gate.alpha,
        arms=pd.DataFrame(rows, columns=[*ARM_COLUMNS, "front"]),
        differences=pd.DataFrame(differences, columns=list(DIFFERENCE_COLUMNS)),
    )


def decided(
    challengers: Mapping[str, Mapping[str, Any]],
    *,
    arms: Mapping[str, Mapping[str, Any]] | None = None,
    gate: Gate | None = None,
    **changes: Any,
) -> Decision:
    """Return the decision on such a comparison."""
    gate = gate or Gate()
    names = {"study": "support-triage", "execution_id": "e1", "plan_hash": "0" * 64} | changes
    return decide(comparison(challengers, arms=arms, gate=gate), gate, **names)


@dataclass(frozen=True)
class StoredVersion:
    """A version in the registry of this world."""

    name: str
    version: int


@dataclass
class MemoryRegistry:
    """A registry in memory that keeps the order of what was done."""

    versions: list[tuple[str, str]] = field(default_factory=list)
    aliases: dict[tuple[str, str], int] = field(default_factory=dict)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)

    def register(self, study: str, arm: Arm) -> StoredVersion:
        """Return the version of this content."""
        key = (study, arm.variant.hash)
        if key not in self.versions:
            self.versions.append(key)
        return StoredVersion(study, 1 + self.versions.index(key))

    def get_alias(self, prompt: str, alias: str) -> int | None:
        """Return where the alias points."""
        return self.aliases.get((prompt, alias))

    def set_alias(self, prompt: str, alias: str, version: int) -> None:
        """Point the alias."""
        self.done.append(f"alias {version}")
        self.aliases[prompt, alias] = version

    def record_decision(
        self,
        decision: Mapping[str, Any],
        html: str | None = None,
        files: Mapping[str, str | bytes] | None = None,
    ) -> str:
        """Keep the decision."""
        self.done.append(f"decision {decision['verdict']}")
        self.decisions.append(dict(decision) | {"html": html, "files": sorted(files or {})})
        return f"run-{len(self.decisions)}"

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags of a run."""
        self.tags.setdefault(run_id, {}).update(tags)

    def tagged(self, study: str, tags: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Return the runs with these tags; this world has one study."""
        return {run: dict(own) for run, own in self.tags.items() if tags.items() <= own.items()}


@dataclass(frozen=True)
class StoredEvent:
    """An event in the log of this world."""

    kind: str
    at: float
    payload: Mapping[str, Any]


@dataclass
class MemoryLog:
    """A log in memory whose clock ticks once an event."""

    kept: list[StoredEvent] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add_event(self, kind: str, payload: Mapping[str, Any]) -> StoredEvent:
        """Keep an event."""
        self.kept.append(StoredEvent(kind, float(len(self.kept)), dict(payload)))
        return self.kept[-1]

    def events(self, kind: str | None = None) -> Sequence[StoredEvent]:
        """Return the events of a kind."""
        return [event for event in self.kept if kind in (None, event.kind)]

    def alone(self, kind: str) -> AbstractContextManager[Any]:
        """Keep others out, for whatever kind."""
        return self.lock
