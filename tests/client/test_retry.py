"""The retry loop on virtual time: what it asks again, how long it waits, when it gives up."""

from __future__ import annotations

import asyncio
import random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.model import answers, check_layer, fails, request, virtual
from workbench.client.fakes import Echo, Failing, Scripted, fake_error, fake_reply
from workbench.client.retry import Retry
from workbench.core.records import Reply, Request
from workbench.errors import RETRYABLE_KINDS, ErrorKind


def retry(**options: float) -> Retry:
    """A retry layer with seeded jitter."""
    return Retry(rng=random.Random(1), **options)  # type: ignore[arg-type]


def elapsed(
    model: object, asked: Request | None = None, kind: ErrorKind | None = None, attempts: int = 1
) -> float:
    """Return the virtual seconds that a call takes."""

    async def run() -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        if kind is None:
            await answers(model, request())
        else:
            await fails(model, request(), kind, attempts)
        return loop.time() - start

    return virtual(run())


def test_conformance() -> None:
    """It is a layer."""
    check_layer(retry)


@pytest.mark.parametrize("kind", get_args(ErrorKind))
def test_by_kind_only(kind: ErrorKind) -> None:
    """Retryable kinds are asked again, others never."""
    model = Failing(kind, then=Echo())
    if kind in RETRYABLE_KINDS:
        reply = virtual(answers(retry()(model), request()))
        assert [attempt.error_kind for attempt in reply.attempts] == [kind, None]
    else:
        virtual(fails(retry()(model), request(), kind))
        assert model.calls == 1


def test_attempts() -> None:
    """After the last attempt the last error is raised with all attempts and the waits before each."""
    model = Failing("server", "rate_limit")
    error = virtual(fails(retry(attempts=4)(model), request(), "rate_limit", attempts=4))
    assert model.calls == 4
    assert [attempt.error_kind for attempt in error.attempts] == ["server", *["rate_limit"] * 3]
    waits = [attempt.wait_s for attempt in error.attempts]
    assert waits[0] == 0
    assert all(wait > 0 for wait in waits[1:])
    assert "4 attempts" in error.problem


@given(st.integers(1, 30), st.integers(0, 2**32))
def test_full_jitter(failures: int, seed: int) -> None:
    """A wait is between nothing and the bound that doubles up to the cap."""
    policy = Retry(rng=random.Random(seed), base_s=0.5, cap_s=8.0)
    assert 0 <= policy.wait_s(failures, None) <= min(8.0, 0.5 * 2 ** (failures - 1))


def test_jitter_is_spread() -> None:
    """Waits fill the whole interval, so that callers who failed together do not come back together."""
    policy = retry()
    waits = sorted(policy.wait_s(5, None) for _ in range(1000))
    assert waits[50] < 0.8
    assert waits[950] > 7.2


def test_retry_after_is_obeyed() -> None:
    """Where the endpoint names a time, no attempt is made before it."""
    model = Failing("rate_limit", then=Echo(), retry_after_s=20.0)
    assert 20.0 <= elapsed(retry()(model)) <= 20.5


def test_retry_after_beyond_the_deadline() -> None:
    """A wait that the deadline does not allow is not begun."""
    model = Failing("rate_limit", retry_after_s=90.0)
    assert elapsed(retry()(model), kind="rate_limit") == 0
    error = virtual(fails(retry()(Failing("rate_limit", retry_after_s=90.0)), request()))
    assert "asked to wait 90 s" in error.problem


def test_deadline_cuts_an_attempt_off() -> None:
    """A hanging attempt ends with the deadline, as a row of unknown usage after the ones before it."""
    model = Failing("server", then=Echo(latency_s=1e6))
    assert elapsed(retry(deadline_s=60)(model), kind="timeout", attempts=2) == pytest.approx(60)
    error = virtual(fails(retry()(Echo(latency_s=1e6)), request(), "timeout"))
    (cut,) = error.attempts
    assert cut.usage is None
    assert cut.latency_s == pytest.approx(60)


@given(st.lists(st.sampled_from(sorted(RETRYABLE_KINDS)), min_size=1, max_size=12), st.integers(0, 100))
def test_never_beyond_the_deadline(kinds: list[ErrorKind], seed: int) -> None:
    """However the model fails and hangs, a call ends within its deadline and counts what it did."""
    rng = random.Random(seed)

    class Unsteady:
        """Takes up to 20 s and fails as scripted."""

        calls = 0

        async def ask(self, asked: Request) -> Reply:
            """Fail, then answer."""
            self.calls += 1
            await asyncio.sleep(rng.uniform(0, 20))
            if self.calls <= len(kinds):
                raise fake_error(kinds[self.calls - 1])
            return fake_reply("done")

    async def run() -> tuple[float, int]:
        loop = asyncio.get_running_loop()
        start = loop.time()
        outcome = (await asyncio.gather(layer.ask(request()), return_exceptions=True))[0]
        return loop.time() - start, len(outcome.attempts)  # type: ignore[union-attr]

    model = Unsteady()
    layer = Retry(rng=rng)(model)
    took, counted = virtual(run())
    assert took <= 60 + 1e-6
    assert counted == model.calls <= 8


def test_cancellation_while_it_waits() -> None:
    """A caller that gives up during a wait is let go at once, and nothing is sent any more."""
    model = Failing("rate_limit", retry_after_s=50.0)

    async def run() -> None:
        task = asyncio.ensure_future(retry()(model).ask(request()))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        await asyncio.sleep(100)

    virtual(run())
    assert model.calls == 1


def test_other_errors_pass() -> None:
    """A mistake in a model is not a failed call: it passes as it is, once."""

    class Wrong:
        """Has a mistake."""

        calls = 0

        async def ask(self, asked: Request) -> Reply:
            """Raise something that is no ModelError."""
            self.calls += 1
            raise TimeoutError("of its own")

    model = Wrong()
    with pytest.raises(TimeoutError, match="of its own"):
        virtual(retry()(model).ask(request()))
    assert model.calls == 1


def test_reply_keeps_its_own_attempts() -> None:
    """Failed attempts stand before those of the reply; its usage stays that of the answer."""
    reply = virtual(
        answers(retry()(Scripted([fake_error("server"), fake_reply("x", tokens_in=3)])), request())
    )
    assert isinstance(reply, Reply)
    assert len(reply.attempts) == 2
    assert reply.usage is not None
    assert reply.usage.tokens_in == 3
    assert reply.attempts[1].wait_s > 0


@pytest.mark.parametrize("options", [{"attempts": 0}, {"deadline_s": 0}, {"base_s": -1}, {"cap_s": -1}])
def test_bad_options(options: dict[str, float]) -> None:
    """Impossible settings are refused."""
    with pytest.raises(ValueError, match="attempts"):
        Retry(**options)  # type: ignore[arg-type]
