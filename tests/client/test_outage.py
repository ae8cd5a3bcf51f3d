"""A full outage of ten virtual minutes, through all layers: the endpoint is left alone, the work is kept."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from tests.client.endpoints import Sometimes, ask_of
from tests.conformance.model import virtual
from workbench.client.adaptive import AdaptiveConcurrency
from workbench.client.breaker import Breaker
from workbench.client.chain import chain
from workbench.client.limit import Limits
from workbench.client.retry import Retry
from workbench.core.records import Workload
from workbench.errors import ModelError

CALLERS, BEGINS, LASTS = 16, 60.0, 600.0


def through_an_outage(model: Sometimes, workload: Workload) -> Counter[str]:
    """Ask from before the outage to a minute after it; return how the calls ended."""
    ends: Counter[str] = Counter()

    async def run() -> None:
        breaker = Breaker(queues=(Limits(requests_per_min=6000), AdaptiveConcurrency()))
        wrapped = chain(model, Retry(rng=random.Random(5)), breaker)
        loop = asyncio.get_running_loop()

        async def caller() -> None:
            while loop.time() < BEGINS + LASTS + 60:
                try:
                    await wrapped.ask(ask_of(workload))
                    ends["ok"] += 1
                except ModelError as error:
                    ends[error.kind] += 1
                    await asyncio.sleep(1)  # a person tries again; a batch goes on to its next cell

        await asyncio.gather(*(caller() for _ in range(CALLERS)))

    virtual(run())
    return ends


@pytest.mark.parametrize("workload", ["interactive", "batch"])
@pytest.mark.parametrize(("kind", "after_s"), [("connection", 0.01), ("server", 0.3), ("timeout", 20.0)])
def test_an_outage(kind: str, after_s: float, workload: Workload, capsys: pytest.CaptureFixture[str]) -> None:
    """Requests reaching the endpoint: the window's minimum, those in flight, and one per open interval."""
    model = Sometimes(lambda now: BEGINS <= now < BEGINS + LASTS, fails_after_s=after_s, kind=kind)
    ends = through_an_outage(model, workload)
    during = sum(BEGINS <= at < BEGINS + LASTS for at in model.sent)
    after = [at for at in model.sent if at >= BEGINS + LASTS]
    with capsys.disabled():
        print(
            f"\n{kind} after {after_s} s, {workload}: {during} requests in the outage, ended {dict(ends)}",
            end="",
        )
    assert during <= 20 + CALLERS + LASTS / 5 + 1
    assert after[0] - BEGINS - LASTS <= 5.1 + after_s, "it is back soon after the endpoint is"
    assert ends["ok"] > 0.9 * (BEGINS + 50) * CALLERS / 0.5 / 2, (
        "before and after it works as if nothing had been"
    )
    if workload == "batch":
        cells = sum(ends.values()) - ends["ok"]
        assert cells <= CALLERS * (LASTS / 60 + 1), "each caller loses at most a cell a deadline"
