"""llmock, an examiner of clients that no one here wrote: it breaks answers, watches, and gives a verdict."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

from tests.evidence.ledger import QUICK, Ledger
from workbench.client.bucket import RetryBucket
from workbench.client.openai import OpenAI
from workbench.client.resilience import Resilience
from workbench.client.retry import Retry
from workbench.core.records import Message, Request
from workbench.errors import ModelError

__all__ = ["examine"]

RETRYABLE = (408, 409, 429, 500, 502, 503, 504, 529)
FINAL = (400, 401, 403, 404, 422)
ANSWERED = "answered"


def _scenarios() -> list[tuple[str, bool, Any, str]]:
    """Return (model, streamed, behavior, how the call should end); each model's calls meet one behavior.

    Failures that follow each other without a Retry-After come alone or five and more in a row: the examiner
    takes two or three waits that happen to shrink for a missing backoff, and under full jitter two of them do
    so every third or fourth time.
    """
    from llmock.scenarios import Delay, Fail, Match, SlowFirstToken, StreamFault

    out: list[tuple[str, bool, Any, str]] = []

    def add(name: str, make: Callable[[Match], Any], ends: str = ANSWERED, *, stream: bool = False) -> None:
        out.append((name, stream, make(Match(model=name)), ends))

    for status in RETRYABLE:
        add(f"once-{status}", lambda match, status=status: Fail(status, match=match))
        add(
            f"wait-{status}", lambda match, status=status: Fail(status, retry_after=0.3, times=2, match=match)
        )
    for status in FINAL:
        add(f"final-{status}", lambda match, status=status: Fail(status, times=None, match=match), "failed")
    add("five", lambda match: Fail(500, times=5, match=match))
    add("outage", lambda match: Fail(503, times=None, match=match), "failed")
    add("slow", lambda match: Delay(0.1, match=match))
    for chunks in (0, 1, 3):
        for kind in ("disconnect", "truncate", "malformed", "stall"):
            add(
                f"{kind}-{chunks}",
                lambda match, kind=kind, chunks=chunks: StreamFault(
                    kind, after_chunks=chunks, stall_seconds=4.0, match=match
                ),
                stream=True,
            )
    add("slow-start", lambda match: SlowFirstToken(0.1, match=match), stream=True)
    return out


def examine(ledger: Ledger) -> None:
    """Add the rows with its strict verdict: findings of any severity, warnings included."""
    from llmock.chaos import StreamChaos
    from llmock.testing import LLMockServer
    from llmock.verdict import judge

    scenarios = _scenarios()
    with LLMockServer() as server:
        # As a model streams. All at once, a stream is over before anyone can leave it, and counts as accepted
        # even where the call is made again.
        server.state.stream_chaos = StreamChaos(chunk_delay_ms=50)
        server.state.scenarios.add(*(behavior for _, _, behavior, _ in scenarios))
        ends = asyncio.run(_asked(server.base_url("openai"), scenarios))
        verdict = judge(server.state.journal.records(wait=10))
    pairs = zip(scenarios, ends, strict=True)
    surprised = [f"{name}: {end}" for (name, _, _, wanted), end in pairs if end != wanted]
    findings = [f"{each.severity} {each.code}" for each in verdict.findings]
    ledger.exact(
        f"llmock's verdict, strict, on {len(scenarios)} calls ({verdict.attempts} attempts, {verdict.faults}"
        " faults): findings",
        ", ".join(findings) or 0,
        0,
    )
    ledger.exact("calls that did not end as the examiner's fault demands", ", ".join(surprised) or 0, 0)


async def _asked(url: str, scenarios: list[tuple[str, bool, Any, str]]) -> list[str]:
    # Waits begin at half of the default and are capped at a quarter, in the short version at an eighth; eight
    # attempts, the layers and their order are the default.
    retry = Retry(base_s=0.25, cap_s=1.0 if QUICK else 2.0, bucket=RetryBucket(), rng=random.Random(1))
    resilience = Resilience(retry=retry)

    async def one(name: str, stream: bool) -> str:
        # Only a stall is to be cut short: on a busy machine an answer that was cut would look ignored.
        timeout_s = 2.0 if name.startswith("stall") else 30.0
        model = OpenAI(name, base_url=url, timeout_s=timeout_s, stream=stream)
        request = Request(messages=(Message(role="user", content=f"What of {name}?"),), ref=model.ref)
        try:
            reply = await resilience(model).ask(request)
        except ModelError:
            return "failed"
        finally:
            await model.aclose()
        return ANSWERED if reply.text else reply.status

    await one("warm", False)  # the SDK is imported now, and not while the clock of a fault runs
    return list(await asyncio.gather(*(one(name, stream) for name, stream, _, _ in scenarios)))
