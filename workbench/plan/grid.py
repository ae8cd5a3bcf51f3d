"""The grid: arms × cases × repeats as cells, in an order of which every prefix by case is a fair sample."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.core.identity import canonical, cell_seed, digest
from workbench.core.records import Message, ModelRef, Request, Workload
from workbench.define.answer import answer_params, own_params
from workbench.define.dataset import Case
from workbench.define.variant import Variant

__all__ = ["Arm", "CallKeys", "Cell", "grid", "permuted"]

TAGS = ("user", "session", "feature")
"""Case columns that travel with a request as its tags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A variant on a model, with the parameters it is asked with.

    Parameters
    ----------
    variant, model
        What is asked, and of which model.
    params
        Protocol parameters of every request of the arm; the seed, which differs by cell, is not among them.
    send_seed
        Whether each request carries the cell's own ``seed``; False for endpoints that refuse one.
    """

    variant: Variant
    model: ModelRef
    params: Mapping[str, Any] = field(default_factory=dict)
    send_seed: bool = True

    @property
    def name(self) -> str:
        """``variant@model``."""
        return f"{self.variant.name}@{self.model.name}"

    @property
    def own_params(self) -> dict[str, Any]:
        """The parameters without those that only ask for the variant's schema: what a person would show."""
        asked = self.variant
        return own_params(self.params, answer_params(asked.schema, asked.schema_mode, asked.reask))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One trial to be made.

    Parameters
    ----------
    arm, case, repeat
        Its place in the grid; repeat from 0.
    request
        What is asked.
    key
        Identity of the call, as `workbench.core.identity.call_key`; cells may share one.
    trial_id
        Identity of the cell within its execution, 32 hexadecimal digits.
    """

    arm: Arm
    case: Case
    repeat: int
    request: Request
    key: str
    trial_id: str


class CallKeys:
    """Gives the same keys as `call_key`, faster for requests that begin alike.

    A prompt of many examples is the same text in every case but for its last message. The hash of what
    stands before is kept and only the rest is added: canonical JSON writes ``messages`` first.
    """

    def __init__(self) -> None:
        self._head: tuple[Message, ...] | None = None
        self._state = hashlib.sha256()

    def __call__(self, request: Request) -> str:
        """Return the request's call key (64 hexadecimal digits)."""
        head, tail = request.messages[:-1], request.messages[-1:]
        if head != self._head:
            start = "".join(canonical(message.to_dict()) + "," for message in head)
            self._state = hashlib.sha256(_bytes('{"messages":[' + start))
            self._head = head
        last = "".join(canonical(message.to_dict()) for message in tail)
        rest = {
            "model": request.ref.model,
            "origin": request.ref.origin,
            "params": request.params,
            "repeat": request.repeat,
            "sample": request.sample,
        }
        hasher = self._state.copy()
        hasher.update(_bytes(f"{last}],{canonical(rest)[1:]}"))
        return hasher.hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _params(arm: Arm, case: Case) -> Mapping[str, Any]:
    """Return the parameters of a case's requests: the arm's, with the case's own tools after its own."""
    tools = arm.variant.tools(case)
    return {**arm.params, "tools": [*arm.params.get("tools", ()), *tools]} if tools else arm.params


def permuted(cases: Iterable[Case], seed: int) -> list[Case]:
    """Return the cases in their seeded order.

    Each case is placed by a hash of the seed and its id: a case keeps its place relative to the others
    when the dataset grows.
    """
    return sorted(cases, key=lambda case: digest(["order", seed, case.case_id]))


def grid(
    arms: Sequence[Arm],
    cases: Iterable[Case],
    *,
    repeats: int,
    seed: int,
    sample: str,
    workload: Workload,
    execution_id: str,
) -> Iterator[Cell]:
    """Yield all cells, rendered as they are asked for: case by case, all arms and repeats of a case together.

    Arms alternate within a case, and another arm begins each time, so that none is always asked first.
    """
    keys = {arm.name: CallKeys() for arm in arms}
    for place, case in enumerate(permuted(cases, seed)):
        turn = place % len(arms)
        rendered = [
            (arm, arm.variant.messages(case), _params(arm, case)) for arm in (*arms[turn:], *arms[:turn])
        ]
        tags = {name: str(case.values[name]) for name in TAGS if case.values.get(name) is not None}
        for repeat in range(repeats):
            drawn = {"seed": cell_seed(seed, case.case_id, repeat, sample)}
            for arm, messages, params in rendered:
                request = Request(
                    messages=messages,
                    ref=arm.model,
                    params={**params, **drawn} if arm.send_seed else params,
                    repeat=repeat,
                    sample=sample,
                    workload=workload,
                    tags=tags,
                )
                yield Cell(
                    arm=arm,
                    case=case,
                    repeat=repeat,
                    request=request,
                    key=keys[arm.name](request),
                    trial_id=digest([execution_id, arm.name, case.case_id, repeat, sample])[:32],
                )
