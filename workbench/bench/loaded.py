"""Comparing and deciding on a table that `bench.load` gave: others' runs, or one of ours from MLflow."""

from __future__ import annotations

import difflib

import pandas as pd

from workbench.analyze.compare import Comparison, compare
from workbench.core.identity import digest
from workbench.core.table import score_names
from workbench.errors import InputError
from workbench.plan.gate import Gate
from workbench.promote.decision import Decision, decide
from workbench.promote.evidence import Judge, gather

__all__ = ["compare_loaded", "decide_loaded", "gate_for"]


def gate_for(frame: pd.DataFrame, score: str | None, margin: float | None, gate: Gate | None) -> Gate:
    """Return the gate by which a loaded table is compared: the one given, with score and margin put in.

    Parameters
    ----------
    score
        Name of the score that decides; None: the gate's, else the table's only one.

    Raises
    ------
    InputError
        Where the table has several scores and none is named.
    """
    names = score_names(frame)
    if score is None and gate is None and len(names) != 1:
        known = ", ".join(names) or "none"
        raise InputError("comparison", "it is not said which score decides", f"Say score=…; known: {known}.")
    base = gate or Gate(score=score or names[0])
    changes = {"score": score, "margin": margin}
    limits = {name: getattr(base, name) for name in type(base).__dataclass_fields__}
    return Gate.from_mapping(limits | {name: value for name, value in changes.items() if value is not None})


def compare_loaded(frame: pd.DataFrame, gate: Gate, incumbent: str) -> Comparison:
    """Compare the arms of a loaded table.

    Parameters
    ----------
    incumbent
        Name of an arm, or of a variant that only one arm has.

    Raises
    ------
    InputError
        Where there is no such arm; the nearest one is named.
    """
    arms = list(dict.fromkeys(frame["arm"]))
    of_variant = sorted(set(frame.loc[frame["variant"] == incumbent, "arm"]))
    if incumbent not in arms and len(of_variant) != 1:
        near = difflib.get_close_matches(incumbent, arms, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise InputError(
            "comparison", f"there is no one arm {incumbent!r}", f"{hint}The arms are {', '.join(arms)}."
        )
    name = incumbent if incumbent in arms else of_variant[0]
    return compare(frame, gate.score, name, gate.margin, gate.alpha)


def decide_loaded(
    frame: pd.DataFrame, comparison: Comparison, gate: Gate, judge: Judge | None = None
) -> Decision:
    """Decide on a loaded table. No plan fixed the gate beforehand, which is a reason shown.

    Nothing is recorded, and nothing can be promoted by it: the prompts are not here.

    Parameters
    ----------
    judge
        How well the judge of the deciding score agrees with people; None: not known, or no model gives it.

    Raises
    ------
    InputError
        Where the comparison was made by another score, margin or alpha than the gate's.
    """
    executions = list(dict.fromkeys(frame["execution_id"].dropna()))
    return decide(
        comparison,
        gate,
        study=str(frame["study"].iloc[0]),
        execution_id=", ".join(executions),
        plan_hash=digest([executions, "loaded"]),
        evidence=gather(frame, gate, comparison.incumbent, judge=judge),
        planned_gate_hash="",
    )
