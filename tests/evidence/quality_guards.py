"""Guards: what the classifiers find on the half that nothing was tuned on, and what becomes of what is held.

Who wrote the patterns also wrote all texts: on forms with check digits that matters little, on signals of
injection much; of 19 attacks in public tests of other projects they found 11 at first. The trained classifier
saw nothing of the other half, and shows how far few examples carry. The topics' examples were written anew
after a first look at what they found there.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from experiments.guards.corpus import LISTED, TOPIC_CATEGORIES, Row, corpus, half, more
from tests.conformance.model import request, virtual
from tests.evidence.ledger import QUICK, Ledger
from workbench.client.desk import Desk
from workbench.client.fakes import Echo
from workbench.client.guarded import Guarded
from workbench.client.guards.injection import injection
from workbench.client.guards.linear import linear
from workbench.client.guards.personal import PERSONAL, personal
from workbench.client.guards.secrets import secrets
from workbench.client.guards.several import any_of
from workbench.client.guards.topic import topics
from workbench.client.guards.words import words
from workbench.core.protocols import Classifier
from workbench.core.records import Reply
from workbench.score.guard_report import GuardReport, KnownText, examine
from workbench.store.held import Decision
from workbench.store.journal import Journal

__all__ = ["guards"]

# Set before the held-out half was looked at: recall and precision at least, look-alikes found at most.
FORMS, JUDGED = (0.8, 0.9, 0.1), (0.5, 0.8, 0.2)
TARGETS: Mapping[str, tuple[float, float, float]] = {
    **dict.fromkeys((*PERSONAL, "secret", "word"), FORMS),
    **dict.fromkeys(("injection", "abuse", *TOPIC_CATEGORIES), JUDGED),
}
TOPIC_THRESHOLD = 0.45
"""Chosen on the half for tuning."""

ANSWER = "A colleague will write to you."
SIDES = ("input", "output")


def guards(ledger: Ledger) -> None:
    """Add the rows on guards."""
    rows = corpus()
    ledger.exact("written texts", len(rows), ">= 400", len(rows) >= 400)
    tune, held = half(rows, "tune"), half(rows, "held")
    shared = {row.group for row in tune} & {row.group for row in held}
    ledger.exact("groups of texts that are in both halves", len(shared), 0)
    for classifier, categories, slowest_ms in _classifiers():
        report = asyncio.run(examine(classifier, map(_known, held), categories))
        _found(ledger, report)
        half_ms, most_ms = report.latency_ms.quantile([0.5, 0.95])
        ledger.timing(
            f"a check by {report.name}",
            f"{half_ms:.3f} ms (p50), {most_ms:.3f} ms (p95)",
            f"p95 under {slowest_ms:g} ms",
            most_ms < slowest_ms,
        )
    with tempfile.TemporaryDirectory() as folder:
        _held(ledger, Path(folder))
        _killed(ledger, Path(folder))


def _known(row: Row) -> KnownText:
    return KnownText(text=row.text, categories=row.categories, near=row.near, group=row.group)


def _classifiers() -> Iterable[tuple[Classifier, tuple[str, ...], float]]:
    """Yield each classifier, its categories, and the milliseconds within which most checks should be."""
    yield personal(), PERSONAL, 1.0
    yield secrets(), ("secret",), 1.0
    yield words(LISTED), ("word",), 1.0
    yield injection(), ("injection",), 2.0
    yield linear("injection", name="injection-trained"), ("injection",), 5.0
    yield any_of("injection-either", injection(), linear("injection")), ("injection",), 5.0
    yield linear("abuse"), ("abuse",), 5.0
    if QUICK:
        print("  skipped in the quick version: topics, which need an embedding model")
        return
    from workbench.semantic.embed import MiniLM

    rows = more()
    examples = {topic: [row.text for row in rows if topic in row.categories] for topic in TOPIC_CATEGORIES}
    others = [row.text for row in rows if row.near == "topic"]
    embedder = MiniLM()
    embedder.load()
    yield topics(examples, embedder, threshold=TOPIC_THRESHOLD, others=others), TOPIC_CATEGORIES, 100.0


def _found(ledger: Ledger, report: GuardReport) -> None:
    for category in report.categories:
        recall, precision, over = TARGETS[category]
        marks = report.marks(category)
        for name, limits in (
            ("recall", {"low": recall}),
            ("precision", {"low": precision}),
            ("over_blocking", {"high": over}),
        ):
            values = marks[name]
            words_of = "look-alikes found" if name == "over_blocking" else name
            if len(values):
                ledger.share(
                    f"{report.name}, {category}: {words_of}", int(values.sum()), len(values), **limits
                )


class _Now:
    """Seconds since the epoch on the virtual loop's time."""

    def __call__(self) -> float:
        """Return them."""
        return 1e9 + asyncio.get_running_loop().time()


def _held(ledger: Ledger, folder: Path) -> None:
    """What the asker of a held item gets, and when: decided after 30 s, or the deadline of 60 s."""
    wanted = {
        "approved": ("as it was", 30),
        "edited": ("as a human wrote it", 30),
        "rejected": (ANSWER, 30),
        "timed out": (ANSWER, 60),
    }
    for number, side in enumerate(SIDES):
        for outcome, target in wanted.items():
            with Journal(folder / f"{number}{outcome}.sqlite", now=_Now()) as journal:
                found = virtual(_story(journal, side, outcome))
            ledger.exact(
                f"held on the {side} side, {outcome}: what is given, after how many seconds", found, target
            )


async def _story(journal: Journal, side: str, outcome: str) -> tuple[str, int]:
    desk = Desk(queue=journal.held, deadline_s=60.0, poll_s=0.5)
    guard = Guarded(
        words(["as"], name="w"), "hold", on="input" if side == "input" else "output", fail="closed",
        answer=ANSWER, desk=desk,
    )  # fmt: skip
    asking = asyncio.ensure_future(guard(Echo()).ask(request("as it was")))
    await asyncio.sleep(30)
    (item,) = journal.held.items("held").items
    if outcome != "timed out":
        decision: Decision = outcome  # type: ignore[assignment]
        text = "as a human wrote it" if outcome == "edited" else None
        journal.held.decide(item.item, decision, by="shift lead", text=text)
    reply = await asking
    state = journal.held.get(item.item).state
    assert (state, reply.guard) == (outcome, f"{outcome}: word")
    return reply.text, round(asyncio.get_running_loop().time())


def _killed(ledger: Ledger, folder: Path) -> None:
    """Kill the process that holds, decide from another, and ask again from a third."""
    wanted = {
        "approved": ("draft 1", 0),
        "edited": ("as a human wrote it", 0),
        "rejected": (ANSWER, 0),
        "timed out": ("a new item is held", 1),
    }
    for outcome, target in wanted.items():
        path = folder / f"killed {outcome}.sqlite"
        _kill_while_holding(path)
        found = _after(path, outcome)
        ledger.exact(
            f"killed while holding, then {outcome}: what who asks again gets, times the model is asked",
            found,
            target,
        )


def _kill_while_holding(path: Path) -> None:
    """Let a process hold a reply back at the time 1000, and kill it once the item is there."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(ours)
            asyncio.run(_hold_for_ever(path, theirs))
        finally:
            os._exit(1)
    os.close(theirs)
    assert os.read(ours, 1) == b"h", "the child holds"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(ours)


async def _hold_for_ever(path: Path, pipe: int) -> None:
    journal = Journal(path, now=lambda: 1000.0)
    asking = asyncio.ensure_future(_guarded(journal)(Echo(lambda _: "draft 1")).ask(request()))
    while not journal.held.items("held").items:
        await asyncio.sleep(0.001)
    os.write(pipe, b"h")
    await asking


def _guarded(journal: Journal) -> Guarded:
    desk = Desk(queue=journal.held, deadline_s=60.0, poll_s=0.001)
    return Guarded(words(["draft"], name="w"), "hold", on="output", fail="closed", answer=ANSWER, desk=desk)


def _after(path: Path, outcome: str) -> tuple[str, int]:
    """Decide the item 30 s later, or let its deadline pass, and ask the same again."""
    now = 1030.0 if outcome != "timed out" else 1060.0
    with Journal(path, now=lambda: now) as journal:
        (item,) = journal.held.items().items
        assert item.state == ("held" if outcome != "timed out" else "timed out")
        if outcome != "timed out":
            decision: Decision = outcome  # type: ignore[assignment]
            text = "as a human wrote it" if outcome == "edited" else None
            journal.held.decide(item.item, decision, by="shift lead", text=text)
    with Journal(path, now=lambda: now + 1) as journal:
        model = Echo(lambda _: "draft 2")
        reply = asyncio.run(_ask_again(journal, model))
        given = "a new item is held" if reply is None else reply.text
        states = [held.state for held in journal.held.items().items]
        assert states == ([outcome] if reply is not None else [outcome, "held"])
        return given, len(model.requests)


async def _ask_again(journal: Journal, model: Echo) -> Reply | None:
    """Return the reply; None where a new item is held."""
    asking = asyncio.ensure_future(_guarded(journal)(model).ask(request()))
    while not asking.done() and not journal.held.items("held").items:
        await asyncio.sleep(0.001)
    if asking.done():
        return await asking
    asking.cancel()
    return None
