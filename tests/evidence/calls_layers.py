"""The layers around a model: faults survived, outages left alone, tokens accounted for, limits kept."""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import httpx2

from tests.client.endpoints import LimitedServer, Sometimes, ask_of
from tests.conformance.model import virtual
from tests.core.test_table import trial
from tests.evidence.ledger import QUICK, Ledger
from tests.offline.says import Says, ask_all
from workbench.client.bucket import RetryBucket
from workbench.client.openai import OpenAI
from workbench.client.resilience import Resilience
from workbench.client.retry import Retry
from workbench.core.identity import digest
from workbench.core.records import Reply, Workload
from workbench.core.table import attempts_frame
from workbench.errors import ModelError
from workbench.offline.faults import KINDS, Faults
from workbench.offline.ledger import Billed
from workbench.offline.server import OfflineServer

__all__ = ["accounts", "limits", "outage", "survives"]

SCALE = 1 / 10
"""Waits on the real clock are a tenth of the defaults: base 50 ms, cap 0.8 s, Retry-After 0.1 s of 1 s,
deadline 6 s of 60. A call's timeout is 1 s, 10 s in that measure, a hang lasts for longer."""

AT_ONCE = 16 if QUICK else 32
CALLS = 100 if QUICK else 2_000
SCHEDULES = 2 if QUICK else 24  # streamed and not, in turn
OUTAGE_MINUTES = 2 if QUICK else 10
MINUTES = 1 if QUICK else 2


def survives(ledger: Ledger) -> None:
    """Add the rows on calls that are answered in spite of faults."""
    _asked(Faults(0.0), _scaled(1), 1, streams=(False,), timeout_s=30)  # loads the SDK, before clocks run
    for share, least in ((0.2, 0.999), (0.4, 0.995), (0.5, 0.99)):
        _survives(ledger, share, least)


def _scaled(seed: int, *, concurrency: int = 32, deadline_s: float = 60 * SCALE) -> Resilience:
    retry = Retry(
        deadline_s=deadline_s,
        base_s=0.5 * SCALE,
        cap_s=8 * SCALE,
        bucket=RetryBucket(),
        rng=random.Random(seed),
    )
    return Resilience(concurrency=concurrency, retry=retry)


def _asked(
    faults: Faults,
    resilience: Resilience,
    count: int,
    *,
    streams: Sequence[bool],
    timeout_s: float = 10 * SCALE,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> list[Reply | ModelError]:
    """Ask a faulty server on loopback through the layers; return what came of each call."""

    async def go(url: str) -> list[Reply | ModelError]:
        models = [
            OpenAI("says", base_url=url, timeout_s=timeout_s, stream=stream, transport=transport)
            for stream in streams
        ]
        wrapped = [resilience(model) for model in models]
        out = await ask_all(wrapped, [model.ref for model in models], count, at_once=AT_ONCE)
        for model in models:
            await model.aclose()
        return out

    with OfflineServer(models=[Says()], faults=faults) as server:
        return asyncio.run(go(server.base_url))


def _survives(ledger: Ledger, share: float, least: float) -> None:
    """Streamed and unstreamed calls in turn, every fault that a client can survive by asking again."""
    faults = Faults(share, seed=11, retry_after_s=1 * SCALE, hang_s=2)
    seen = _asked(faults, _scaled(12), CALLS, streams=(False, True))
    answered = sum(isinstance(one, Reply) and one.status == "ok" for one in seen)
    met = sum(faults.ledger.totals()["faults"].values()) / faults.ledger.requests
    ledger.share(
        f"success at {share:.0%} injected faults ({met:.1%} of {faults.ledger.requests:,} requests met one;"
        f" waits and deadline scaled by {SCALE:g})",
        answered,
        len(seen),
        low=least,
    )


def outage(ledger: Ledger) -> None:
    """Add the row on minutes on end of nothing but failures, 16 callers, default layers."""
    begins, lasts, callers, open_s = 60.0, 60.0 * OUTAGE_MINUTES, 16, 5.0
    allowed = int(20 + callers + lasts / open_s + 1)
    worst: Counter[str] = Counter()

    def go(kind: str, after_s: float, workload: Workload) -> None:
        model = Sometimes(lambda now: begins <= now < begins + lasts, fails_after_s=after_s, kind=kind)

        async def run() -> None:
            wrapped = Resilience(
                concurrency=callers, retry=Retry(bucket=RetryBucket(), rng=random.Random(5))
            )(model)
            loop = asyncio.get_running_loop()

            async def caller() -> None:
                while loop.time() < begins + lasts + 30:
                    try:
                        await wrapped.ask(ask_of(workload))
                    except ModelError:
                        await asyncio.sleep(1)

            await asyncio.gather(*(caller() for _ in range(callers)))

        virtual(run())
        worst[f"{kind}, {workload}"] = sum(begins <= at < begins + lasts for at in model.sent)

    for kind, after_s in (("connection", 0.01), ("server", 0.3), ("timeout", 20.0)):
        go(kind, after_s, "batch")
        go(kind, after_s, "interactive")
    told = "; ".join(f"{name} {count}" for name, count in worst.items())
    ledger.exact(
        f"requests reaching an endpoint that is down for {OUTAGE_MINUTES} virtual minutes ({told}): most",
        max(worst.values()),
        f"<= {allowed} (window minimum 20 + {callers} in flight + 1 per open interval of {open_s:g} s)",
        max(worst.values()) <= allowed,
    )


class _Listening(httpx2.AsyncHTTPTransport):
    """Sends, and writes down which text went out in which body."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: dict[str, str] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass it on."""
        body = (await request.aread()).decode()
        self.bodies[json.loads(body)["messages"][0]["content"]] = digest(body)[:16]
        return await super().handle_async_request(request)


def accounts(ledger: Ledger) -> None:
    """Add the rows on random mixes of all faults: each attempt beside the request that the server saw."""
    sums: Counter[str] = Counter()
    for schedule in range(SCHEDULES):
        rng = random.Random(100 + schedule)
        weights = {kind: rng.random() for kind in KINDS}
        share = rng.uniform(0.2, 0.5) / sum(weights.values())
        weights = {kind: weight * share for kind, weight in weights.items()}
        faults = Faults(weights, seed=schedule, retry_after_s=0.02, hang_s=5, slow_s=0.02)
        transport = _Listening()
        seen = _asked(
            faults,
            _scaled(schedule, deadline_s=30),
            60,
            streams=(schedule % 2 == 1,),
            timeout_s=2,  # a busy machine must have read by then what was sent to it
            transport=transport,
        )
        requests: dict[str, list[Billed]] = defaultdict(list)
        for row in faults.ledger.rows:
            requests[row.request].append(row)
        for number, one in enumerate(seen):
            _compare(sums, one, requests.pop(transport.bodies[f"text {number}"], []))
        sums["without an attempt"] += sum(map(len, requests.values()))
    ledger.exact(
        f"requests at the server without an attempt's row, and rows without a request, of {sums['rows']:,}"
        f" attempts in {SCHEDULES} random fault schedules",
        (sums["without an attempt"], sums["without a request"]),
        (0, 0),
    )
    ledger.exact(
        f"attempts whose usage is not what the server billed, of {sums['known']:,} that report one",
        sums["differing"],
        0,
    )
    ledger.exact(
        f"tokens billed = tokens on rows ({sums['tokens known']:,}) + those of the {sums['unknown']:,} rows"
        " with usage_unknown",
        sums["tokens billed"],
        sums["tokens known"] + sums["tokens unknown"],
    )


def _compare(sums: Counter[str], one: Reply | ModelError, rows: list[Billed]) -> None:
    """Take in one call: its attempts in order beside the server's rows in order."""
    frame = attempts_frame([trial(1, attempts=tuple(one.attempts))])
    sums["rows"] += len(frame)
    sums["without an attempt"] += max(0, len(rows) - len(frame))
    sums["without a request"] += max(0, len(frame) - len(rows))
    sums["tokens billed"] += sum(row.tokens_in + row.tokens_out for row in rows)
    for made, row in zip(frame.itertuples(), rows, strict=False):
        billed = (row.tokens_in, row.tokens_out)
        if made.usage_unknown:
            sums["unknown"] += 1
            sums["tokens unknown"] += sum(billed)
        else:
            told: Any = (made.tokens_in_uncached, made.tokens_out)
            sums["known"] += 1
            sums["tokens known"] += sum(told)
            sums["differing"] += told != billed


def limits(ledger: Ledger) -> None:
    """Add the rows on servers that count in three ways: 60 callers, whose limits are learned from headers."""
    callers = 60
    for kind in ("bucket", "sliding", "fixed"):
        for what, tokens in (("requests", 1e9), ("tokens", 150_000.0)):
            server, waits = _served(kind, tokens, callers)
            refused = server.refused / (server.accepted + server.refused)
            used = max(server.accepted / (600 * MINUTES), server.tokens_served / (tokens * MINUTES))
            fair_s = callers * 60 * MINUTES / server.accepted
            kept = refused <= 0.01 and used >= 0.9 and max(waits) <= 2 * fair_s
            ledger.exact(
                f"a server's {what} a minute ({kind}): 429s, part of the allowed rate, longest wait",
                f"{refused:.2%}, {used:.1%}, {max(waits):.1f} s",
                f"<= 1 %, >= 90 %, <= {2 * fair_s:.1f} s (2 fair shares)",
                kept,
            )


def _served(kind: str, tokens: float, callers: int) -> tuple[LimitedServer, list[float]]:
    rng = random.Random(7)
    retry = Retry(deadline_s=math.inf, attempts=10**6, rng=random.Random(8))
    resilience = Resilience(concurrency=callers, retry=retry)
    server = LimitedServer(kind, requests=600, tokens=tokens, rng=rng, on_headers=resilience.limits.observe)
    waits: list[float] = []

    async def run() -> None:
        wrapped = resilience(server)
        loop = asyncio.get_running_loop()

        async def caller() -> None:
            while loop.time() < MINUTES * 60:
                sizes = {"in": rng.randint(50, 800), "out": rng.randint(20, 300), "max_tokens": 300}
                async with asyncio.timeout_at(MINUTES * 60):
                    reply = await wrapped.ask(ask_of(**sizes))
                waits.append(sum(attempt.wait_s for attempt in reply.attempts))

        await asyncio.gather(*(caller() for _ in range(callers)), return_exceptions=True)

    virtual(run())
    return server, waits
