"""What a guard does with a text: the check, the rule for what is found, the rule for its own failure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from workbench.client.desk import Desk
from workbench.core.identity import call_key
from workbench.core.protocols import Classifier, Listener
from workbench.core.records import ModelRef, Reply, Request, Verdict
from workbench.core.redact import MASK
from workbench.store.held import Held, Side

__all__ = ["Action", "Failing", "Looked", "Rule", "Ruling", "cut"]

Action = Literal["allow", "redact", "block", "hold"]
"""What is done with a text in which something was found. ``allow`` only tells the listener."""

Failing = Literal["open", "closed"]
"""What is done where the classifier, or the queue, fails: the text passes, or the stated answer is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """An event: a classifier looked at the texts of one side of a call.

    Parameters
    ----------
    ref, side, guard
        Whose call, the side, and the classifier's name.
    did
        What is done now: ``pass``, an `Action`, or, where it failed, ``unchecked`` or ``failed closed``.
    category, score
        Of the surest finding; None where there is none, and then the highest score below one.
    latency_s
        Seconds that all checks took together; None where one failed.
    error
        The failure's class; None where there was none. Its words may quote the text, and are not told.
    """

    ref: ModelRef
    side: Side
    guard: str
    did: str
    category: str | None = None
    score: float = 0.0
    latency_s: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What is to be done with the texts of one side.

    Parameters
    ----------
    did, category
        As in `Looked`.
    verdicts
        One a text, in their order; empty where the check failed.
    """

    did: str
    category: str | None = None
    verdicts: tuple[Verdict, ...] = field(default=(), repr=False)

    @property
    def words(self) -> str:
        """What stands on the reply."""
        return self.did if self.category is None else f"{self.did}: {self.category}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A guard's own settings, as `workbench.client.guarded.Guarded` takes them."""

    classifier: Classifier
    action: Action
    side: Side
    fail: Failing
    answer: str
    desk: Desk | None
    listener: Listener | None

    async def look(self, texts: Sequence[str], ref: ModelRef) -> Ruling:
        """Check texts, tell the listener, and return what is to be done."""
        try:
            verdicts = tuple([await self.classifier.check(text) for text in texts])
        except Exception as error:
            return self.failed(error, ref)
        surest = _surest(verdicts)
        did = "pass" if surest.category is None else self.action
        self._tell(
            Looked(
                ref=ref,
                side=self.side,
                guard=self.classifier.name,
                did=did,
                category=surest.category,
                score=surest.score,
                latency_s=sum(verdict.latency_s for verdict in verdicts),
            )
        )
        return Ruling(did=did, category=surest.category, verdicts=verdicts)

    def failed(self, error: Exception, ref: ModelRef) -> Ruling:
        """Tell the listener of a failure, and return what is to be done."""
        did = "unchecked" if self.fail == "open" else "failed closed"
        name = self.classifier.name
        self._tell(Looked(ref=ref, side=self.side, guard=name, did=did, error=type(error).__name__))
        return Ruling(did=did, category=name)

    def hold(self, request: Request, ruling: Ruling, text: str, reply: Reply | None = None) -> Held:
        """Put a text into the queue, or find the item of its call that is there."""
        assert self.desk is not None
        surest = _surest(ruling.verdicts)
        return self.desk.queue.hold(
            call_key(request),
            side=self.side,
            guard=self.classifier.name,
            category=surest.category or "",
            score=surest.score,
            asked=request.messages[-1].content if request.messages else "",
            text=text,
            reply=reply,
            deadline_s=self.desk.deadline_s,
        )

    def _tell(self, event: Looked) -> None:
        if self.listener is not None:
            self.listener.notify(event)


def _surest(verdicts: Sequence[Verdict]) -> Verdict:
    nothing = Verdict(category=None, score=0.0)
    return max(verdicts, key=lambda verdict: (verdict.category is not None, verdict.score), default=nothing)


def cut(text: str, verdict: Verdict) -> str:
    """Return a text without what was found in it: ``[redacted]`` stands there, or in place of all of it."""
    if verdict.category is None:
        return text
    if not verdict.pieces:
        return MASK
    parts, at = [], 0
    for piece in verdict.pieces:
        parts += [text[at : piece.start], MASK]
        at = piece.end
    return "".join(parts) + text[at:]
