"""The live semantic cache: who is served, what enters, and that nobody is served twice or wrongly."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.model import answers, check_layer, fails, request, virtual
from tests.semantic.clusters import Clusters, Ticks
from workbench.client.fakes import Echo, Scripted, fake_error, fake_reply
from workbench.core.identity import call_key
from workbench.core.protocols import Model
from workbench.core.records import NO_TOKEN, ModelRef, Reply, Request
from workbench.errors import InputError, ModelError
from workbench.semantic.guard import LexicalGuard
from workbench.semantic.layer import SemanticCache, same_model
from workbench.semantic.policy import CachePolicy
from workbench.store.answers import Answers

NEAR = CachePolicy(threshold=0.6)


@contextmanager
def cache(path: Path, policy: CachePolicy = NEAR, **more: Any) -> Iterator[SemanticCache]:
    """Open a cache over clusters: texts that begin with the same word are near."""
    with Answers(path / "answers.db") as store:
        embedder, clock = more.pop("embedder", Clusters()), more.pop("clock", Ticks())
        yield SemanticCache(store, embedder, policy, clock=clock, **more)


def ask(model: Model, *asked: str | Request) -> list[Reply]:
    """Ask one after the other, and look at each reply."""

    async def run() -> list[Reply]:
        return [await answers(model, request(each) if isinstance(each, str) else each) for each in asked]

    return virtual(run())


def kinds(layer: SemanticCache) -> list[tuple[str, str | None]]:
    """Return kind and reason of every decision."""
    rows = layer.decisions().rows
    return list(zip(rows["kind"], rows["reason"], strict=True))


def test_conformance(tmp_path: Path) -> None:
    """It is a layer."""
    number = iter(range(100))

    def make() -> SemanticCache:
        store = Answers(tmp_path / f"{next(number)}.db")
        return SemanticCache(store, Clusters(4.0), CachePolicy(threshold=0.9), clock=Ticks())

    check_layer(make)


def test_a_near_request_is_served(tmp_path: Path) -> None:
    """With the answer, its similarity and the key of the call that was paid; nothing is asked or spent."""
    model = Scripted(["tomorrow"])
    with cache(tmp_path) as layer:
        first, near, same = ask(layer(model), "parcel where?", "parcel when?", "parcel where?")
        assert (first.source, first.similarity) == ("call", None)
        assert (near.text, near.source, near.usage, near.attempts) == ("tomorrow", "semantic", NO_TOKEN, ())
        assert near.similarity is not None
        assert 0.6 <= near.similarity < 1
        assert near.source_call == call_key(request("parcel where?"))
        assert (same.similarity, same.source) == (1.0, "semantic")
        assert len(model.requests) == 1
        assert kinds(layer) == [("miss", None), ("landing", None), ("hit", None), ("hit", None)]


def test_a_text_is_embedded_once(tmp_path: Path) -> None:
    """Its vector is in the store, also for the next process."""
    embedder = Clusters()
    for _ in range(2):
        with cache(tmp_path, embedder=embedder) as layer:
            ask(layer(Echo()), "parcel where?", "parcel where?", "parcel when?")
    assert embedder.embedded == ["parcel where?", "parcel when?"]


def test_far_requests_and_other_partitions_are_not_served(tmp_path: Path) -> None:
    """Nor is the very same text of another model, tenant, repeat or embedder."""
    one = request("parcel where?")
    others = [
        request("refund when?"),
        replace(one, ref=ModelRef(name="offline/other", model="other", origin="offline")),
        replace(one, tags={"tenant": "t2"}),
        replace(one, repeat=1),
    ]
    with cache(tmp_path) as layer:
        assert [reply.source for reply in ask(layer(Echo()), one, *others)] == ["call"] * 5
    wider = Clusters(width=64)
    wider.model_id = "wider"  # type: ignore[attr-defined]
    with cache(tmp_path, embedder=wider) as layer:
        assert [reply.source for reply in ask(layer(Echo()), one, one)] == ["call", "semantic"]


def test_the_guard_is_asked_of_near_texts(tmp_path: Path) -> None:
    """What it refuses does not serve; the very same text is not asked about."""
    texts = ("parcel 3 days late", "parcel 7 days late", "parcel 3 days late")
    with cache(tmp_path, replace(NEAR, guard=LexicalGuard())) as layer:
        assert [reply.text for reply in ask(layer(Echo()), *texts)] == list(texts)
        assert [kind for kind, _ in kinds(layer)].count("hit") == 1


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (fake_reply("cut", finish_reason="length"), "truncated"),
        (fake_reply("", refusal="I cannot"), "refused"),
        (fake_reply("", finish_reason="content_filter"), "refused"),
        (fake_reply(" "), "empty"),
        (fake_reply("sure", model="another"), "another model"),
        (fake_reply("the key is sk-" + "a1B2" * 8), "redacted"),
        (fake_reply("the key is [redacted]"), "redacted"),
        (replace(fake_reply("sorry"), guard="edited: abuse"), "guarded"),
        (replace(fake_reply("old"), source="semantic", similarity=1.0, source_call="c"), "from a cache"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_never_enters(reply: Reply, reason: str, tmp_path: Path) -> None:
    """It reaches the one who asked, and nobody else."""
    with cache(tmp_path) as layer:
        model = layer(Scripted([reply, "fresh"]))
        first, second = virtual(in_turn(model, request("parcel a"), request("parcel b")))
        assert isinstance(first, Reply)
        assert first.text == reply.text
        assert isinstance(second, Reply)
        assert second.text == "fresh"
        assert kinds(layer)[:2] == [("miss", None), ("landing", reason)]


async def in_turn(model: Model, *asked: Request) -> list[Reply | ModelError]:
    """Ask one after the other."""
    out: list[Reply | ModelError] = []
    for each in asked:
        try:
            out.append(await model.ask(each))
        except ModelError as error:
            out.append(error)
    return out


def test_a_deployment_may_have_another_name(tmp_path: Path) -> None:
    """Where the names are said to be one, its answers enter."""
    with cache(tmp_path, same=lambda asked, served: (asked, served) == ("fake", "another")) as layer:
        replies = ask(layer(Scripted([fake_reply("sure", model="another")])), "parcel a", "parcel b")
        assert [(reply.text, reply.model_served) for reply in replies] == [("sure", "another")] * 2


def test_a_fallbacks_answer_does_not_enter(tmp_path: Path) -> None:
    """Also where the fallback calls itself by the same name."""
    reply = fake_reply("from elsewhere")
    elsewhere = ModelRef(name="x/fake", model="fake", origin="https://x.example")
    told = replace(reply, attempts=(replace(reply.attempts[0], ref=elsewhere),))
    with cache(tmp_path) as layer:
        ask(layer(Scripted([told, "own"])), "parcel a", "parcel b")
        assert kinds(layer)[1] == ("landing", "another model")


def test_a_failure_is_passed_on_and_not_kept(tmp_path: Path) -> None:
    """With its attempts; the next one asks again."""
    with cache(tmp_path) as layer:
        model = layer(Scripted([fake_error("server"), "fresh"]))

        async def run() -> Reply:
            await fails(model, request("parcel a"), "server")
            return await answers(model, request("parcel a"))

        assert virtual(run()).source == "call"
        assert kinds(layer)[:2] == [("miss", None), ("landing", "error: server")]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (request("parcel 1234567 where is my parcel"), "personal"),
        (request("parcel today"), "volatile"),
        (request("parcel sk-" + "a1B2" * 8), "secret"),
        (request("parcel of [redacted]"), "secret"),
        (request(" "), "no text to compare"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_never_cached(asked: Request, reason: str, tmp_path: Path) -> None:
    """It goes to the model each time, is counted by its reason, and leaves no text behind."""
    with cache(tmp_path) as layer:
        assert [reply.source for reply in ask(layer(Echo(lambda _: "a")), asked, asked)] == ["call"] * 2
        assert kinds(layer) == [("bypass", reason)] * 2
        assert f"never cached: 2 {reason}" in layer.decisions().summary
        assert layer.decisions().rows["text_id"].isna().all()
    if asked.messages[-1].content.strip():
        assert all(
            asked.messages[-1].content.encode() not in path.read_bytes() for path in tmp_path.iterdir()
        )


def test_rules_of_ones_own(tmp_path: Path) -> None:
    """Without rules nothing is kept out."""
    with cache(tmp_path, rules=()) as layer:
        assert [reply.source for reply in ask(layer(Echo()), "parcel today", "parcel today")][1] == "semantic"


def together(
    layer: SemanticCache, model: Model, texts: list[str], act: Callable[[list[asyncio.Task[Reply]]], object]
) -> list[Reply | BaseException]:
    """Ask at once, do something, and return what came of each."""

    async def run() -> list[Reply | BaseException]:
        wrapped = layer(model)
        tasks = [asyncio.ensure_future(wrapped.ask(request(text))) for text in texts]
        while not model.requests:  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)
        act(tasks)
        return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(run())


def nothing(tasks: list[asyncio.Task[Reply]]) -> None:
    """Do nothing."""


def sources(outcomes: list[Reply | BaseException]) -> list[str]:
    """Return where each reply came from; of a failure its name."""
    return [each.source if isinstance(each, Reply) else type(each).__name__ for each in outcomes]


def test_equal_texts_at_once_share_one_call(tmp_path: Path) -> None:
    """The others wait, and are exact hits."""
    model = Echo(latency_s=0.05)
    with cache(tmp_path) as layer:
        outcomes = together(layer, model, ["parcel a"] * 5, nothing)
        assert sources(outcomes) == ["call", *["semantic"] * 4]
        assert len(model.requests) == 1
        assert layer.decisions().rows["exact"].tolist().count(True) == 4


def test_near_texts_at_once_do_not_wait(tmp_path: Path) -> None:
    """Each is asked, and each answer enters."""
    with cache(tmp_path) as layer:
        outcomes = together(layer, Echo(latency_s=0.2), ["parcel a", "parcel b", "parcel c"], nothing)
        assert sources(outcomes) == ["call"] * 3
        assert kinds(layer) == [("miss", None)] * 3 + [("landing", None)] * 3


def test_who_waited_for_nothing_asks(tmp_path: Path) -> None:
    """A reply that must not be kept is for one; the others wait no second time."""
    model = Scripted([fake_reply("", refusal="no"), "b", "c"], latency_s=0.05)
    with cache(tmp_path) as layer:
        outcomes = together(layer, model, ["parcel a"] * 3, nothing)
        assert sources(outcomes) == ["call"] * 3
        assert sorted(kind for kind, _ in kinds(layer)) == ["landing"] * 3 + ["miss"] * 3
        assert ("landing", "already there") in kinds(layer)


def test_a_canceled_leader_takes_nobody_with_it(tmp_path: Path) -> None:
    """The next one asks in its place; the rest still share."""
    model = Echo(latency_s=0.05)
    with cache(tmp_path) as layer:
        outcomes = together(layer, model, ["parcel a"] * 4, lambda tasks: tasks[0].cancel())
        assert sources(outcomes) == ["CancelledError", "call", "semantic", "semantic"]
        assert len(model.requests) == 2


def test_two_who_share_a_file_see_each_others_entries(tmp_path: Path) -> None:
    """Also those that came after both had looked, and not those that are gone."""
    policy = replace(NEAR, capacity=1, evict="fifo")
    with cache(tmp_path, policy) as one, cache(tmp_path, policy) as other:
        first, second = one(Echo()), other(Echo())
        ask(first, "parcel a")
        assert ask(second, "parcel b")[0].text == "parcel a"
        ask(second, "refund a")  # takes the only place
        assert [reply.text for reply in ask(first, "refund b", "parcel c")] == ["refund a", "parcel c"]


def test_it_survives_closing(tmp_path: Path) -> None:
    """Entries are there after opening again."""
    with cache(tmp_path) as layer:
        ask(layer(Echo()), "parcel a")
    with cache(tmp_path) as layer:
        assert ask(layer(Echo()), "parcel b")[0].text == "parcel a"


def test_the_index_is_made_anew_when_most_of_it_is_gone(tmp_path: Path) -> None:
    """After hundreds of entries through a small cache, what serves is what the store holds."""
    with cache(tmp_path, CachePolicy(threshold=0.999, capacity=5)) as layer:
        texts = [f"parcel {number:x}x" for number in range(200)]
        replies = ask(layer(Echo()), *texts, *texts[-5:], texts[0])
        assert [reply.source for reply in replies] == ["call"] * 200 + ["semantic"] * 5 + ["call"]


def test_a_store_that_fails_does_not_fail_the_request(tmp_path: Path, caplog: Any) -> None:
    """The model is asked, its answer is returned, and a warning says that the cache is out."""
    with cache(tmp_path) as layer:
        model = layer(Echo())
    with caplog.at_level(logging.WARNING):
        assert ask(model, "parcel a", "parcel today")[0].text == "parcel a"
    assert "without the semantic cache" in caplog.text


def test_a_policy_without_a_threshold_is_refused(tmp_path: Path) -> None:
    """There is no safe default."""
    with pytest.raises(InputError, match="threshold"), cache(tmp_path, CachePolicy()):
        pass


@pytest.mark.parametrize(
    ("asked", "served", "same"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("gpt-4o", "gpt-4o-2024-11-20", True),
        ("claude-sonnet-4", "claude-sonnet-4-20250514", True),
        ("gpt-4", "gpt-4-0613", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", False),
        ("gpt-4o-2024-11-20", "gpt-4o", False),
        ("gpt-4.", "gpt-4x", False),
    ],
)
def test_a_dated_release_is_the_model_asked_for(asked: str, served: str, same: bool) -> None:
    """A sibling with a longer name is not."""
    assert same_model(asked, served) is same
