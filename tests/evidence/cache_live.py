"""The live layer: 32 clients at once, kills, several processes on one file, and its log replayed."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.evidence.cache_killing import CLIENTS, POLICY, REF, TIGHT, Wall
from tests.evidence.ledger import QUICK, Ledger
from tests.semantic.clusters import Clusters
from workbench.client.fakes import Echo
from workbench.core.records import Message, Request
from workbench.semantic.layer import SemanticCache
from workbench.store.answers import Answers

__all__ = ["live"]

KILLS = 3 if QUICK else 200
REQUESTS = 10 if QUICK else 200
"""Of each of the clients that share a file."""

PROCESSES = 4
ENTRIES = 300 if QUICK else 20_000
"""In one partition, when a lookup is timed."""

LOOKUPS = 50 if QUICK else 500


def live(ledger: Ledger) -> None:
    """Add the rows on the live layer."""
    with tempfile.TemporaryDirectory() as folder:
        _kills(ledger, _found(folder, KILLS, 7))
        _together(ledger, _found(folder, REQUESTS, 8, PROCESSES))
        _time(ledger, Path(folder))


def _found(folder: str, *numbers: int) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.evidence.cache_killing", folder, *map(str, numbers)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, int] = json.loads(done.stdout)
    return found


def _kills(ledger: Ledger, found: dict[str, int]) -> None:
    ledger.exact(
        f"{KILLS} SIGKILLs among {CLIENTS} clients, {found['acknowledged']:,} answers acknowledged, "
        f"{found['entries']:,} entries: lost/duplicate/corrupt",
        f"{found['lost']} / {found['duplicates']} / {found['corrupt']}",
        "0 / 0 / 0",
    )
    ledger.exact("  texts paid again by a process that came after", found["paid_twice"], 0)
    ledger.exact(
        f"  of {found['hits']:,} hits: across partitions, of a truncated reply",
        (found["across"], found["wrong"]),
        (0, 0),
    )
    ledger.exact(
        f"  log of {found['decisions']:,} rows, replayed: decided otherwise",
        found["otherwise"],
        0,
    )


def _together(ledger: Ledger, found: dict[str, int]) -> None:
    ledger.exact(
        f"{PROCESSES} processes × {CLIENTS // PROCESSES} clients on one file, capacity {TIGHT.capacity}, "
        f"sliding {TIGHT.ttl_s:g} s, {found['acknowledged']:,} answers: failed/duplicate/corrupt",
        f"{found['failed']} / {found['duplicates']} / {found['corrupt']}",
        "0 / 0 / 0",
    )
    ledger.exact(f"  of {found['hits']:,} hits: across partitions", found["across"], 0)
    ledger.exact(f"  log of {found['decisions']:,} rows, replayed: decided otherwise", found["otherwise"], 0)


def _time(ledger: Ledger, folder: Path) -> None:
    """Time lookups that hit in a partition of many entries, with the vectors' width of MiniLM."""
    embedder = Clusters(0.2, width=384)
    with Answers(folder / "timed") as store:
        layer = SemanticCache(store, embedder, POLICY, clock=Wall(), rules=())

        async def run() -> list[float]:
            filling = layer(Echo())
            for number in range(ENTRIES):
                await filling.ask(_asked(f"topic{number} a"))
            seconds = []
            for number in np.random.default_rng(1).integers(0, ENTRIES, LOOKUPS).tolist():
                began = time.perf_counter()
                reply = await filling.ask(_asked(f"topic{number} b"))
                seconds.append(time.perf_counter() - began)
                assert reply.source == "semantic"
            return seconds

        median_ms = statistics.median(asyncio.run(run())) * 1e3
    ledger.timing(
        f"a hit among {ENTRIES:,} entries of 384 dimensions, decided and logged, fake embedding: median",
        f"{median_ms:.1f} ms",
        "at most 20 ms",
        median_ms <= 20,
    )


def _asked(text: str) -> Request:
    return Request(messages=(Message(role="user", content=text),), ref=REF)
