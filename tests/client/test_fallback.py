"""The fallback chain: who answers, what is kept, when it does not fall back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from tests.client.endpoints import REF, ask_of
from tests.conformance.model import answers, check_layer, fails, request, virtual
from workbench.client.fakes import Echo, Failing, Scripted, fake_reply
from workbench.client.fallback import FALLBACK_KINDS, Fallback, FellBack
from workbench.client.retry import Retry
from workbench.core.records import ModelRef
from workbench.errors import ErrorKind

LARGE = replace(REF, name="acme/large", model="large")
OTHER = ModelRef(name="other/one", model="one", origin="https://other.example")


class Heard:
    """Keeps the events."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def notify(self, event: Any) -> None:
        """Hear one."""
        self.events.append(event)


def test_conformance() -> None:
    """It is a layer."""
    check_layer(lambda: Fallback((OTHER, Failing("server"))))


def test_the_next_one_answers() -> None:
    """The reply names who answered and carries the attempts of those that did not."""
    heard, other = Heard(), Echo()
    layer = Fallback((LARGE, Retry(attempts=2)(Failing("timeout"))), (OTHER, other), listener=heard)
    reply = virtual(answers(layer(Retry(attempts=3)(Failing("server"))), ask_of()))
    assert reply.model_served == "one"
    assert [attempt.model for attempt in reply.attempts] == ["small"] * 3 + ["large"] * 2 + ["one"]
    assert other.requests == [replace(ask_of(), ref=OTHER)]
    assert heard.events == [
        FellBack(asked=REF, tried=LARGE, reason="server"),
        FellBack(asked=REF, tried=OTHER, reason="timeout"),
    ]


def test_all_exhausted() -> None:
    """The error has all causes and all attempts, and names all models."""
    layer = Fallback((LARGE, Failing("timeout")), (OTHER, Failing("rate_limit", retry_after_s=3)))
    error = virtual(fails(layer(Failing("server")), ask_of(), "rate_limit", attempts=3))
    assert [cause.kind for cause in error.causes] == ["server", "timeout", "rate_limit"]
    assert error.retry_after_s == 3
    assert error.subject == "acme/small → acme/large → other/one"


@pytest.mark.parametrize("kind", get_args(ErrorKind))
def test_mistakes_are_seen(kind: ErrorKind) -> None:
    """A wrong key, name or request is not covered up by another model; an endpoint's trouble is."""
    other = Echo()
    model = Fallback((OTHER, other))(Failing(kind))
    if kind in FALLBACK_KINDS:
        assert virtual(answers(model, request())).model_served == "one"
    else:
        virtual(fails(model, request(), kind))
        assert not other.requests


def test_rejected_replies_are_paid_for() -> None:
    """A rejected reply's attempts stay with the reply that is taken; the last model's reply always is."""
    first, second = fake_reply("", tokens_in=100), fake_reply("maybe", tokens_in=200)
    layer = Fallback((OTHER, Scripted([second])), accept=lambda reply: reply.text == "yes")
    reply = virtual(layer(Scripted([first])).ask(ask_of()))
    assert reply.text == "maybe"
    assert [attempt.usage.tokens_in for attempt in reply.attempts if attempt.usage] == [100, 200]


def test_a_rejected_reply_and_then_failures() -> None:
    """Where no reply comes after a rejected one, the error carries what the rejected one cost."""
    layer = Fallback((OTHER, Failing("server")), accept=lambda reply: reply.status == "ok")
    with_refusal = layer(Scripted([fake_reply("", refusal="no", tokens_in=100)]))
    with pytest.raises(Exception, match="none of them answered") as caught:
        virtual(with_refusal.ask(ask_of()))
    attempts = caught.value.attempts  # type: ignore[attr-defined]
    assert [attempt.usage and attempt.usage.tokens_in for attempt in attempts] == [100, None]


def test_needs_another_model() -> None:
    """A chain of one is refused."""
    with pytest.raises(ValueError, match="at least one"):
        Fallback()
