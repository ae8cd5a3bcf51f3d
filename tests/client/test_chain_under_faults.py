"""All default layers together: against faults on a real socket, and on virtual time."""

from __future__ import annotations

import asyncio
import random

from tests.client.endpoints import REF, Held, Sometimes, ask_of, settle
from tests.conformance.model import check_layer, virtual
from tests.offline.says import Says, ask_all
from workbench.client.bucket import RetryBucket
from workbench.client.fakes import fake_error, fake_reply
from workbench.client.openai import OpenAI
from workbench.client.resilience import Resilience
from workbench.client.retry import Retry
from workbench.core.protocols import Model
from workbench.core.records import Reply, Request
from workbench.errors import ModelError
from workbench.offline.faults import Faults
from workbench.offline.server import OfflineServer

KEY = "sk-" + "not-a-key-" * 3


def quick(seed: int = 3, **options: int) -> Resilience:
    """Return the default layers with short waits."""
    retry = Retry(base_s=0.01, cap_s=0.1, bucket=RetryBucket(), rng=random.Random(seed))
    return Resilience(retry=retry, **options)


def asked(
    faults: Faults, resilience: Resilience, count: int, *, timeout_s: float = 0.5
) -> list[Reply | ModelError]:
    """Ask a faulty server, streamed and unstreamed in turn."""

    async def go(url: str) -> list[Reply | ModelError]:
        models = [
            OpenAI("says", base_url=url, api_key=KEY, timeout_s=timeout_s, stream=stream)
            for stream in (False, True)
        ]
        wrapped = [resilience(model) for model in models]
        out = await ask_all(wrapped, [model.ref for model in models], count, at_once=16)
        for model in models:
            await model.aclose()
        return out

    with OfflineServer(models=[Says()], faults=faults) as server:
        return asyncio.run(go(server.base_url))


def test_conformance() -> None:
    """They are a layer."""
    check_layer(Resilience)


def test_faults_are_survived_and_accounted_for() -> None:
    """At 40 % faults nearly all calls are answered, no key is told, and each request is an attempt."""
    faults = Faults(0.4, seed=2, retry_after_s=0.02, hang_s=2)
    seen = asked(faults, quick(), 80)
    answered = [one for one in seen if isinstance(one, Reply)]
    assert len(answered) >= 78
    assert {one.text for one in answered} == {"one two three four"}
    attempts = [attempt for one in seen for attempt in one.attempts]
    assert len(attempts) == faults.ledger.requests > 100
    told = sum(attempt.usage.tokens_in + attempt.usage.tokens_out for attempt in attempts if attempt.usage)
    billed = faults.ledger.totals()["models"]["says"]
    assert told <= billed["tokens_in"] + billed["tokens_out"]
    assert not any(KEY in (attempt.error or "") for attempt in attempts)


def test_limits_are_learned_from_headers() -> None:
    """A server's own words become the pace, and are told."""
    resilience = quick()

    async def go(url: str) -> tuple[str, ...]:
        model = OpenAI("says", base_url=url)
        for again in range(2):  # wrapping a model twice does not listen twice
            wrapped = resilience(model)
            assert len(model.observers) == 1, again
        await wrapped.ask(Request(messages=ask_of().messages, ref=model.ref))
        await model.aclose()
        return resilience.told()

    with OfflineServer(models=[Says()], faults=Faults(rpm=600, tpm=90_000)) as server:
        assert asyncio.run(go(server.base_url)) == ("says: at most 600 requests and 90,000 tokens a minute",)


def test_what_holds_calls_back_is_told() -> None:
    """Nothing while all is well; a circuit that is open, then probed; a silence asked for; fewer places."""

    async def run() -> None:
        resilience = Resilience(concurrency=8, retry=Retry(attempts=1))
        assert resilience.told() == ()
        down = resilience(Sometimes(lambda now: True))
        await asyncio.gather(*(down.ask(ask_of("interactive")) for _ in range(20)), return_exceptions=True)
        assert resilience.told() == ("acme/small: down, left alone; the next probe in 5 s (a fake server)",)
        await asyncio.sleep(6)
        held = Held()
        probe = asyncio.ensure_future(resilience(held).ask(ask_of()))
        await settle()
        assert resilience.told() == ("acme/small: down, a probe is on its way (a fake server)",)
        held.calls[0].end.set_result(fake_reply("yes"))
        await probe
        limited = Held()
        call = asyncio.ensure_future(resilience(limited).ask(ask_of()))
        await settle()
        limited.calls[0].end.set_exception(fake_error("rate_limit", retry_after_s=7.0))
        await asyncio.gather(call, return_exceptions=True)
        assert resilience.told() == (
            "small: 4 calls at once, of 8: it shows overload",
            "small: asked for silence, 7 s more",
        )

    virtual(run())


class Unlucky:
    """Four of ten calls come to nothing after a while, whatever the load."""

    def __init__(self) -> None:
        self.rng = random.Random(4)

    async def ask(self, request: Request) -> Reply:
        """Answer after a second, or fail after two."""
        if self.rng.random() < 0.4:
            await asyncio.sleep(2)
            raise fake_error("timeout", model=REF.model)
        await asyncio.sleep(1)
        return fake_reply("yes", model=REF.model)


def test_failures_that_are_no_overload_starve_nobody() -> None:
    """Timeouts lower the concurrency only so far that the callers' deadlines still hold."""

    async def run() -> None:
        resilience = Resilience(retry=Retry(bucket=RetryBucket(), rng=random.Random(5)))
        out = await ask_all([resilience(Unlucky())], [REF], 600, at_once=16)
        assert sum(isinstance(one, Reply) for one in out) >= 0.99 * len(out)

    virtual(run())


def test_an_endpoint_that_never_answered_is_given_up_soon() -> None:
    """Batch work waits for one that is down, not for one that may not exist; its reason stays."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        resilience = Resilience()
        out = await ask_all(
            [resilience(Sometimes(lambda now: True, kind="connection"))], [REF], 32, at_once=16
        )
        assert loop.time() < 20
        kinds = [one.kind for one in out if isinstance(one, ModelError)]
        assert len(kinds) == 32
        assert set(kinds) <= {"connection", "circuit_open"}
        assert kinds[0] == "connection"
        assert all("a fake connection" in one.problem for one in out if isinstance(one, ModelError))

    virtual(run())


def test_the_bucket_grants_retries() -> None:
    """Where hardly any call succeeds the retries end with the bucket; its words say so."""

    async def run() -> None:
        bucket = RetryBucket(capacity=3, per_s=0)
        model = Sometimes(lambda now: True)
        wrapped = Retry(bucket=bucket)(model)
        asked = (wrapped.ask(ask_of("interactive")) for _ in range(10))
        errors = await asyncio.gather(*asked, return_exceptions=True)
        assert len(model.sent) == 10 + 3
        assert sum("no more are granted" in str(error) for error in errors) == 10
        good: Model = Retry(bucket=bucket)(Sometimes(lambda now: False))
        await good.ask(ask_of())
        assert await bucket.take(ask_of("interactive"), 0.0), "a success earns retries"

    virtual(run())
