"""Kills a process while 32 clients ask its semantic cache, many times, and looks at what is left.

``python -m tests.evidence.cache_killing FOLDER KILLS SEED`` prints what it found as JSON; with PROCESSES as a
fourth argument so many processes ask one file at once, and none is killed. A process of its own, so that each
victim is a fork of something small that has no threads.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.semantic.clusters import Clusters
from workbench.client.fakes import fake_reply
from workbench.core.protocols import Model
from workbench.core.records import Message, ModelRef, Reply, Request
from workbench.semantic.decisions import decisions, verify
from workbench.semantic.layer import SemanticCache
from workbench.semantic.policy import CachePolicy
from workbench.store.answers import Answers

__all__ = ["CLIENTS", "POLICY", "TIGHT"]

CLIENTS = 32
TENANTS, WORDINGS = 3, 12
PER_FILE = 10
POLICY = CachePolicy(threshold=0.85)
TIGHT = CachePolicy(
    threshold=0.8, insert="always", ttl_s=0.3, ttl="sliding", capacity=60, evict="lfu"
)  # fmt: skip
REF = ModelRef(name="offline/fake", model="fake", origin="offline")

Say = Callable[[dict[str, object]], None]


class Wall:
    """The time of day."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()


class Tenants:
    """Answers with the tenant's name and the text, after a moment; one text in ten is cut off."""

    async def ask(self, request: Request) -> Reply:
        """Return the answer."""
        await asyncio.sleep(0.001)
        text = request.messages[-1].content
        cut = text.endswith("0")
        return fake_reply(f"{request.tags['tenant']}/{text}", finish_reason="length" if cut else "stop")


def _request(tenant: str, text: str) -> Request:
    return Request(messages=(Message(role="user", content=text),), ref=REF, tags={"tenant": tenant})


def _model(path: Path, policy: CachePolicy) -> Model:
    return SemanticCache(Answers(path), Clusters(0.45), policy, clock=Wall(), rules=())(Tenants())


async def _client(model: Model, rng: random.Random, topics: int, requests: int, say: Say) -> None:
    for _ in range(requests):
        topic = int(topics * rng.random() ** 2)
        tenant, text = str(rng.randrange(TENANTS)), f"t{topic} {rng.randrange(WORDINGS)}"
        reply = await model.ask(_request(tenant, text))
        say({"tenant": tenant, "text": text, "source": reply.source, "answer": reply.text})


def _ask(path: Path, policy: CachePolicy, seed: object, clients: int, requests: int, pipe: int) -> None:
    """Ask with so many clients at once, and acknowledge each answer when it has come."""
    model, topics = _model(path, policy), 400 if policy is POLICY else 40

    def say(told: dict[str, object]) -> None:
        os.write(pipe, json.dumps(told).encode() + b"\n")

    async def run() -> None:
        await asyncio.gather(
            *(_client(model, random.Random(f"{seed}/{n}"), topics, requests, say) for n in range(clients))
        )

    asyncio.run(run())


def _fork(*what: object) -> tuple[int, int]:
    """Start a process that asks; return its id and the end of its pipe."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        code = 1
        try:
            _ask(*what, theirs)  # type: ignore[arg-type]
            code = 0
        finally:
            os._exit(code)
    os.close(theirs)
    return child, ours


def _heard(pipe: int, said: bytes = b"") -> list[dict[str, str]]:
    while more := os.read(pipe, 65536):
        said += more
    os.close(pipe)
    return [json.loads(line) for line in said.splitlines() if line.endswith(b"}")]


def _victim(path: Path, kill: int, rng: random.Random) -> list[dict[str, str]]:
    """Let a process ask, kill it at a random moment, and return what it acknowledged."""
    child, pipe = _fork(path, POLICY, kill, CLIENTS, 10**6)
    said = b""
    for _ in range((rng.randrange(200, 800), 0, 1)[kill % 3]):
        said += os.read(pipe, 512)
    moment = time.perf_counter() + rng.uniform(0, 0.05)
    while time.perf_counter() < moment:
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return _heard(pipe, said)


def _look(path: Path, policy: CachePolicy, heard: list[dict[str, str]]) -> Counter[str]:
    """Compare the file with all that was acknowledged, and its log with its replay."""
    found: Counter[str] = Counter()
    called = [told for told in heard if told["source"] == "call" and not told["text"].endswith("0")]
    hits = [told for told in heard if told["source"] == "semantic"]
    found["acknowledged"], found["hits"] = len(heard), len(hits)
    found["across"] = sum(told["answer"].split("/")[0] != told["tenant"] for told in hits)
    found["wrong"] = sum(told["answer"].endswith("0") for told in hits)
    paid = Counter((told["tenant"], told["text"]) for told in called)
    found["paid_twice"] = sum(times - 1 for times in paid.values())
    if policy is POLICY:
        found["lost"] = asyncio.run(_lost(path, list(paid)))
    with Answers(path) as store:
        entries = store.entries()
        found["entries"], found["duplicates"] = len(entries), len(entries) - len(set(entries))
        found["decisions"] = len(decisions(store).rows)
        found["otherwise"] = len(verify(store, policy))
    with sqlite3.connect(path) as raw:
        found["corrupt"] += raw.execute("PRAGMA integrity_check").fetchone() != ("ok",)
        loose = "SELECT count(*) FROM entries WHERE reply NOT IN (SELECT seq FROM replies)"
        found["corrupt"] += raw.execute(loose).fetchone()[0]
    raw.close()
    return found


async def _lost(path: Path, keys: list[tuple[str, str]]) -> int:
    """Ask again, after all was restarted, for what was paid: it must be there, word for word."""
    model, lost = _model(path, POLICY), 0
    for tenant, text in keys:
        reply = await model.ask(_request(tenant, text))
        lost += (reply.source, reply.similarity, reply.text) != ("semantic", 1.0, f"{tenant}/{text}")
    return lost


def _together(path: Path, processes: int, seed: int, requests: int) -> Counter[str]:
    """Let several processes share one fresh file, each with a part of the clients."""
    each = CLIENTS // processes
    forks = [_fork(path, TIGHT, f"{seed}-{number}", each, requests) for number in range(processes)]
    heard = [told for _, pipe in forks for told in _heard(pipe)]
    failed = sum(os.waitpid(child, 0)[1] != 0 for child, _ in forks)
    found = _look(path, TIGHT, heard)
    found["failed"] = failed + (len(heard) != CLIENTS * requests)
    return found


def _main(folder: Path, kills: int, seed: int, processes: int = 0) -> Counter[str]:
    if processes:
        return _together(folder / "together", processes, seed, kills)
    rng, total, heard = random.Random(seed), Counter[str](), list[dict[str, str]]()
    for kill in range(kills):
        path = folder / f"answers-{kill // PER_FILE}"
        heard += _victim(path, kill, rng)
        if kill % PER_FILE == PER_FILE - 1 or kill == kills - 1:
            total.update(_look(path, POLICY, heard))
            heard.clear()
    return total


if __name__ == "__main__":
    print(json.dumps(_main(Path(sys.argv[1]), *map(int, sys.argv[2:]))))
