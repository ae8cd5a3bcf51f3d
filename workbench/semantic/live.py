"""What a live semantic cache decides: who is served by whom, and what enters."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from workbench.core.identity import canonical, digest
from workbench.core.protocols import Clock, Embedder
from workbench.core.records import NO_TOKEN, Reply
from workbench.errors import InputError
from workbench.semantic.index import Index
from workbench.semantic.parts import Parts
from workbench.semantic.policy import CachePolicy
from workbench.store.answers import Answers
from workbench.store.turn import Entry, Turn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PARTITIONS", "Live", "settings_of"]

PARTITIONS = 1_000
"""Partitions whose vectors stay in memory; the least recently asked go, and are read again when asked."""

HERE = "already there"


def settings_of(policy: CachePolicy) -> str:
    """Return a policy as canonical JSON; a guard by its `repr`, without addresses in memory."""
    values = {field.name: getattr(policy, field.name) for field in fields(policy)}
    if policy.guard is not None:
        values["guard"] = re.sub(r" at 0x[0-9a-f]+", "", repr(policy.guard))
    return canonical(values)


class Live:
    """A cache that several threads and processes may ask; each decision is one transaction of its store.

    Parameters
    ----------
    answers
        Its store. What other processes enter there is seen at the next decision.
    embedder
        Entries of another embedder are never compared with its own; it is known by ``model_id`` and
        ``revision`` where it has them, else by its class.
    policy
        With a threshold.
    clock
        Tells the time.

    Raises
    ------
    InputError
        Where the policy has no threshold.
    """

    def __init__(self, answers: Answers, embedder: Embedder, policy: CachePolicy, clock: Clock) -> None:
        if policy.threshold is None:
            raise InputError(
                "semantic cache",
                "its policy has no threshold",
                "Choose one from a log of your traffic: CachePolicy(threshold=0.9) is no more than a guess.",
            )
        self.answers, self.policy = answers, policy
        self._threshold, self._embedder, self._clock = policy.threshold, embedder, clock
        self._settings = settings_of(policy)
        # Only within a turn, which is one at a time in this process too.
        self._indexes: OrderedDict[str, Index] = OrderedDict()

    @property
    def embedder_id(self) -> str:
        """By which vectors of one embedder are told from another's."""
        own = type(self._embedder)
        name = getattr(self._embedder, "model_id", f"{own.__module__}.{own.__qualname__}")
        return f"{name}@{getattr(self._embedder, 'revision', '')}"

    def bypass(self, reason: str) -> None:
        """Log a request that is never cached; nothing of it is kept but the reason."""
        with self._turn() as turn:
            turn.log("bypass", reason=reason)

    def ask(self, parts: Parts) -> Reply | None:
        """Return the answer that serves a request; None where a model must be asked."""
        partition, vector = self._partition(parts), self._vector(parts.text)
        with self._turn() as turn:
            text = turn.text(self.embedder_id, parts.text, vector)
            same = turn.same(partition, text)
            exact = same is not None
            found = self._nearest(turn, partition, parts.text, vector) if same is None else (same, 1.0)
            if found is None:
                turn.log("miss", partition=partition, text=text)
                return None
            entry, cosine = found
            reply, call = turn.reply(entry.source)
            turn.use(entry.id, slides=self.policy.ttl == "sliding")
            if self.policy.insert == "always" and not exact:
                self._enter(turn, partition, text, entry.source, call, reply)
            turn.log(
                "hit", partition=partition, text=text, source=entry.source, cosine=cosine, exact=exact
            )  # fmt: skip
        return replace(reply, usage=NO_TOKEN, source="semantic", similarity=cosine, source_call=call)

    def land(self, parts: Parts, call: str, reply: Reply | None, reason: str | None = None) -> None:
        """Take what the model answered; it is durable when this returns.

        Parameters
        ----------
        call
            Key of the call that brought the reply.
        reply
            None: it must not enter, and `reason` says why.
        """
        partition, vector = self._partition(parts), self._vector(parts.text)
        with self._turn() as turn:
            text = turn.text(self.embedder_id, parts.text, vector)
            if reply is not None and turn.same(partition, text) is not None:
                reply, reason = None, HERE  # asked at the same time by another process: the first one stays
            if reply is not None:
                bare = replace(reply, attempts=(), source="call")
                self._enter(turn, partition, text, turn.seq, call, bare)
            turn.log("landing", partition=partition, text=text, reason=reason)

    def _enter(self, turn: Turn, partition: str, text: int, source: int, call: str, reply: Reply) -> None:
        if self.policy.capacity is not None:
            turn.make_room(self.policy.capacity, self.policy.evict)
        turn.enter(partition, text, source, call, reply)

    @contextmanager
    def _turn(self) -> Iterator[Turn]:
        with self.answers.turn(self._clock.now(), self._settings) as turn:
            if self.policy.ttl_s is not None:
                turn.expire(self.policy.ttl_s)
            yield turn

    def _partition(self, parts: Parts) -> str:
        return digest([self.embedder_id, parts.partition])

    def _vector(self, text: str) -> NDArray[np.float32]:
        known = self.answers.vector(self.embedder_id, text)
        return self._embedder.embed([text])[0] if known is None else known

    def _nearest(
        self, turn: Turn, partition: str, text: str, vector: NDArray[np.float32]
    ) -> tuple[Entry, float] | None:
        guard = self.policy.guard
        for cosine, number in self._index(turn, partition).near(vector, self._threshold):
            entry = turn.entry(number)
            if entry is not None and (guard is None or guard.reason(text, entry.text) is None):
                return entry, cosine
        return None

    def _index(self, turn: Turn, partition: str) -> Index:
        index = self._indexes.get(partition)
        if index is None or index.worn:
            index = self._indexes[partition] = Index()
        index.extend(turn.vectors(partition, after=index.last))
        self._indexes.move_to_end(partition)
        while len(self._indexes) > PARTITIONS:
            self._indexes.popitem(last=False)
        return index
