"""Verify: every figure of a recorded decision, recomputed from its artifacts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.analyze.compare import Comparison, compare
from workbench.core.show import Shown
from workbench.errors import RecordError
from workbench.plan.gate import Gate
from workbench.promote.decision import Decision, decide
from workbench.promote.evidence import gather
from workbench.promote.rulebook import RULES
from workbench.promote.rules import wb113_judge, wb114_dataset, wb117_looks
from workbench.promote.rules.finding import Facts, Finding, Rule
from workbench.record.decisions import RecordedDecision

__all__ = ["Difference", "Verification", "verify"]

DIGITS = 1e-12
"""Relative size at which two figures are the same: the order of a sum may change the last bit."""

TAKEN = {wb113_judge.check: "WB113", wb114_dataset.check: "WB114", wb117_looks.check: "WB117"}
"""Rules on what no artifact of the execution holds: human labels, the dataset of that day, looks at it."""

BESIDE = ("alias", "alias_version")
"""What a decision keeps that is no figure: where the alias pointed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A figure that is not what was recorded.

    Parameters
    ----------
    where
        Its place in the decision, or the arm and the metric.
    recorded, recomputed
        Both; None where it is missing.
    """

    where: str
    recorded: Any
    recomputed: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Shown):
    """What came of recomputing a decision. Made by `verify`.

    Parameters
    ----------
    run_id, execution_id, verdict
        The decision's run, its execution, and the verdict recomputed.
    trials
        Rows of the trial table it was recomputed from.
    checked
        Figures and words looked at.
    taken
        Codes of the rules whose findings were taken as recorded: no artifact holds what they rest on.
    differences
        Those that are not equal.
    """

    run_id: str
    execution_id: str
    verdict: str
    trials: int
    checked: int
    taken: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def ok(self) -> bool:
        """Whether all is equal."""
        return not self.differences

    @property
    def frame(self) -> pd.DataFrame:
        """One row a difference."""
        rows = [(one.where, str(one.recorded), str(one.recomputed)) for one in self.differences]
        return pd.DataFrame(rows, columns=["where", "recorded", "recomputed"])

    @property
    def summary(self) -> str:
        """How many figures were recomputed from what, and how many are not equal."""
        found = "all equal" if self.ok else f"{len(self.differences):,} NOT equal"
        lines = [
            f"decision {self.run_id}, {self.verdict}: {self.checked:,} figures recomputed from"
            f" {self.trials:,} trials of execution {self.execution_id}, {found}"
        ]
        if self.taken:
            lines.append(
                f"Taken as recorded, since no artifact holds what they rest on: {', '.join(self.taken)}"
            )
        return "\n".join(lines)


def verify(recorded: RecordedDecision) -> Verification:
    """Recompute a decision from its trial table, and compare figure by figure.

    From the table follow the comparison, slices, confirmation and every rule's finding, and from these the
    verdict. Findings on what no artifact holds (`TAKEN`) are taken as recorded. The metrics of the arms' runs
    are compared as well.

    Raises
    ------
    RecordError
        Where the recorded gate or an arm of the decision cannot be read.
    """
    said = recorded.decision
    try:
        gate = Gate.from_mapping(said["gate"])
        planned = Gate.from_mapping(json.loads(recorded.params["gate"]))
        findings = {(one["code"], one["arm"]): Finding(**one) for one in said["findings"]}
        seed, incumbent = int(recorded.params["seed"]), str(said["incumbent"])
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(
            f"decision {recorded.run_id}",
            f"cannot be read ({error!r})",
            "It was recorded by another version.",
        ) from error
    comparison = compare(recorded.trials, gate.score, incumbent, gate.margin, gate.alpha)
    made = decide(
        comparison,
        gate,
        study=str(said["study"]),
        execution_id=str(said["execution_id"]),
        plan_hash=recorded.params["plan_hash"],
        evidence=gather(recorded.trials, gate, incumbent, seed=seed),
        rules=[_taken(rule, findings) for rule in RULES],
        planned_gate_hash=planned.hash,
    )
    pairs = [*_of_decision(said, made), *_of_metrics(recorded.metrics, comparison)]
    return Verification(
        run_id=recorded.run_id,
        execution_id=made.execution_id,
        verdict=made.verdict,
        trials=len(recorded.trials),
        checked=len(pairs),
        taken=tuple(sorted({code for code, _ in findings if code in TAKEN.values()})),
        differences=tuple(pair for pair in pairs if not _equal(pair.recorded, pair.recomputed)),
    )


def _taken(rule: Rule, findings: Mapping[tuple[str, str], Finding]) -> Rule:
    code = TAKEN.get(rule)

    def recorded(facts: Facts) -> Finding:
        return findings.get((code or "", facts.name)) or rule(facts)

    return rule if code is None else recorded


def _of_decision(said: Mapping[str, Any], made: Decision) -> Iterator[Difference]:
    then, now = (dict(_leaves(side)) for side in (said, json.loads(json.dumps(made.to_mapping()))))
    for where in dict.fromkeys([*then, *now]):
        if where not in BESIDE:
            yield Difference(where=where, recorded=then.get(where), recomputed=now.get(where))


def _leaves(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value with its place; a row of a list is named by what it is about."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{where}.{key}" if where else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            name = str(index)
            if isinstance(item, Mapping) and "arm" in item:
                name = " ".join(str(item[key]) for key in ("code", "arm") if key in item)
            yield from _leaves(item, f"{where}[{name}]")
    else:
        yield where, value


def _of_metrics(metrics: Mapping[str, Mapping[str, float]], made: Comparison) -> Iterator[Difference]:
    """Yield the figures of every arm's run against the comparison's; a missing one is absent from both."""
    for row in made.arms.to_dict("records"):
        known = metrics.get(str(row["arm"]), {})
        for name, value in row.items():
            number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
            if number or name in known:
                where = f"{row['arm']}: {name}"
                yield Difference(
                    where=where, recorded=known.get(str(name)), recomputed=float(value) if number else None
                )


def _equal(one: Any, other: Any) -> bool:
    numbers = all(isinstance(side, (int, float)) and not isinstance(side, bool) for side in (one, other))
    return math.isclose(one, other, rel_tol=DIGITS, abs_tol=1e-300) if numbers else bool(one == other)
