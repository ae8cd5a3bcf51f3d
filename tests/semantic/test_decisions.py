"""The log of a live cache, and its decisions made again by the replay."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.model import request
from tests.semantic.clusters import Clusters, Ticks
from workbench.client.fakes import Echo, fake_reply
from workbench.core.records import Reply, Request
from workbench.errors import InputError
from workbench.semantic.decisions import decisions, verify
from workbench.semantic.guard import LexicalGuard
from workbench.semantic.layer import SemanticCache
from workbench.semantic.policy import CachePolicy
from workbench.store.answers import Answers


class Moody:
    """Answers late, and not always fully."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    async def ask(self, asked: Request) -> Reply:
        """Return the last message; one time in five it is cut off."""
        await asyncio.sleep(self._rng.choice((0, 0, 0.002, 0.005)))
        cut = self._rng.random() < 0.2
        return fake_reply(asked.messages[-1].content, finish_reason="length" if cut else "stop")


def live(path: Path, policy: CachePolicy, seed: int, clients: int, requests: int) -> None:
    """Let clients ask at once, over two openings of one file."""
    rng = random.Random(seed)
    clock = Ticks(rng.choice((0.0, 0.5, 1.0)))
    with Answers(path) as one, Answers(path) as other:
        models = [
            SemanticCache(store, Clusters(), policy, clock=clock, rules=())(Moody(seed))
            for store in (one, other)
        ]

        async def client(model: int) -> None:
            for _ in range(requests):
                asked = request(f"t{rng.randrange(3)} {rng.randrange(6)}")
                await models[model].ask(replace(asked, tags={"tenant": str(rng.randrange(2))}))

        async def run() -> None:
            await asyncio.gather(*(client(number % 2) for number in range(clients)))

        asyncio.run(run())


policies = st.builds(
    CachePolicy,
    threshold=st.sampled_from([0.5, 0.75, 0.8, 0.85, 1.0]),
    insert=st.sampled_from(["on-miss", "always"]),
    ttl_s=st.sampled_from([None, 5.0, 20.0]),
    ttl=st.sampled_from(["absolute", "sliding"]),
    capacity=st.sampled_from([None, 1, 2, 5]),
    evict=st.sampled_from(["lru", "lfu", "fifo"]),
    guard=st.sampled_from([None, LexicalGuard()]),
)


@settings(deadline=None, max_examples=25)
@given(policy=policies, seed=st.integers(0, 2**32))
def test_the_replay_decides_as_the_live_cache(
    policy: CachePolicy, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Who served whom, how near, exactly or not: under any policy, with several clients at once."""
    path = tmp_path_factory.mktemp("live") / "a.db"
    live(path, policy, seed, clients=4, requests=8)
    with Answers(path) as store:
        told = decisions(store)
        assert told.requests == 32
        assert verify(store, policy).empty


def test_a_decision_that_was_not_made_so_is_found(tmp_path: Path) -> None:
    """A log with a hit turned into a miss, and one of another source, does not verify."""
    policy = CachePolicy(threshold=0.6)
    live(tmp_path / "a.db", policy, 1, clients=2, requests=20)
    with Answers(tmp_path / "a.db") as store:
        hits = decisions(store).rows.query("kind == 'hit'")["seq"].tolist()
        with store._database.write() as raw:
            raw.execute("UPDATE decisions SET kind = 'miss', source = NULL WHERE seq = ?", (hits[0],))
            raw.execute("UPDATE decisions SET source = source + 1 WHERE seq = ?", (hits[1],))
        assert verify(store, policy)["seq"].tolist() == hits[:2]


def test_an_empty_log_verifies(tmp_path: Path) -> None:
    """There is nothing to decide otherwise."""
    with Answers(tmp_path / "a.db") as store:
        assert verify(store, CachePolicy(threshold=0.9)).empty
        assert decisions(store).summary.startswith("0 requests")


def test_bypassed_requests_alone_verify(tmp_path: Path) -> None:
    """They were never looked up."""
    policy = CachePolicy(threshold=0.6)
    with Answers(tmp_path / "a.db") as store:
        layer = SemanticCache(store, Clusters(), policy, clock=Ticks())
        asyncio.run(layer(Echo()).ask(request("parcel today")))
        assert verify(store, policy).empty


def test_another_policy_is_refused(tmp_path: Path) -> None:
    """Its replay would say nothing about this log."""
    live(tmp_path / "a.db", CachePolicy(threshold=0.6), 1, clients=1, requests=2)
    with Answers(tmp_path / "a.db") as store, pytest.raises(InputError, match="policies"):
        verify(store, CachePolicy(threshold=0.7))
