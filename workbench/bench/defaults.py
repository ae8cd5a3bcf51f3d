"""What a person did not say, the study file says; what it does not say either has a plain default."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from workbench.core.protocols import Scorer
from workbench.define.study import Study
from workbench.errors import PlanError
from workbench.plan.gate import Gate

__all__ = ["filled"]


def filled(
    study: Study | None,
    given: dict[str, Any],
    *,
    margin: float | None,
    scorers_of: Callable[[Study], Sequence[Scorer]],
) -> dict[str, Any]:
    """Return the arguments of a plan, complete.

    Parameters
    ----------
    given
        What a person said; None where nothing: variants, cases, scorers, incumbent, gate, repeats, seed,
        params, workload, budget_usd, budget_tokens.
    margin
        The gate's margin; None: as it is.
    scorers_of
        Makes the scorers that a study file names.

    Raises
    ------
    PlanError
        Where variants, cases or scorers are in neither.
    """

    def pick(name: str, otherwise: Any = None, field: str = "") -> Any:
        said = given[name]
        if said is None and study is not None:
            said = getattr(study, field or name)
        return otherwise if said is None else said

    variants, cases = pick("variants"), pick("cases", field="dataset")
    if not variants or cases is None:
        raise PlanError("plan", "there are no variants or no cases", "Give both, or a study file.")
    scorers = given["scorers"]
    if scorers is None:
        if study is None:
            raise PlanError("plan", "there are no scorers", "Give scorers=[wb.exact()], or others.")
        scorers = scorers_of(study)
    limits = asdict(given["gate"]) if given["gate"] is not None else dict(study.gate if study else {})
    if margin is not None:
        limits["margin"] = margin
    limits.setdefault("score", scorers[0].name if scorers else "exact")
    return {
        "variants": variants,
        "cases": cases,
        "scorers": scorers,
        "incumbent": pick("incumbent", variants[0]),
        "repeats": pick("repeats", 1),
        "seed": pick("seed", 1),
        "gate": Gate.from_mapping(limits),
        "budget_usd": pick("budget_usd"),
        "budget_tokens": pick("budget_tokens"),
        "params": pick("params", {}),
        "workload": pick("workload", "batch"),
    }
