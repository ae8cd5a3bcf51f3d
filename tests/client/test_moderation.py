"""The moderation endpoint as a classifier, over a transport of the test."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest

from tests.conformance.classifier import check_classifier, look
from workbench.client.moderation import Moderation
from workbench.errors import InputError, ModelError

KEY = "fake-key-" + "for-tests"


class Endpoint:
    """Flags what contains "crap", and keeps what it was sent."""

    def __init__(self, status: int = 200, body: Any = None) -> None:
        self.status, self.body = status, body
        self.heard: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer."""
        self.heard.append(request)
        if self.body is not None or self.status != 200:
            return httpx2.Response(self.status, json=self.body)
        bad = "crap" in json.loads(request.content)["input"]
        scores = {"harassment": 0.81 if bad else 0.3, "violence": 0.4 if bad else 0.01}
        flags = {"harassment": bad, "violence": False}
        return httpx2.Response(200, json={"results": [{"categories": flags, "category_scores": scores}]})


def moderation(endpoint: Endpoint, **changes: Any) -> Moderation:
    """Return the classifier before an endpoint of the test."""
    return Moderation(**({"transport": httpx2.MockTransport(endpoint), "api_key": KEY} | changes))


def test_conformance() -> None:
    """It is a classifier."""
    check_classifier(lambda: moderation(Endpoint()), "crap", "Where is my parcel?")


def test_one_request_a_check() -> None:
    """The text, the model and the key go to the endpoint; the surest flag is the category."""
    endpoint = Endpoint()
    verdict = look(moderation(endpoint), "crap")
    (heard,) = endpoint.heard
    assert str(heard.url) == "https://api.openai.com/v1/moderations"
    assert json.loads(heard.content) == {"model": "omni-moderation-latest", "input": "crap"}
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert (verdict.category, verdict.score, verdict.pieces) == ("harassment", 0.81, ())


def test_a_threshold_of_ones_own() -> None:
    """It takes the place of the endpoint's flags."""
    assert look(moderation(Endpoint(), threshold=0.9), "crap").category is None
    assert look(moderation(Endpoint(), threshold=0.2), "a parcel").category == "harassment"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, {}, "rate_limit"),
        (500, {}, "server"),
        (401, {}, "auth"),
        (302, {}, "bad_request"),
        (200, {"results": []}, "malformed"),
        (200, {"results": [{"categories": {}, "category_scores": {"x": "much"}}]}, "malformed"),
        (200, [], "malformed"),
    ],
)
def test_failures(status: int, body: Any, kind: str) -> None:
    """A failure is an error of its kind, which a guard treats as it was stated; nothing is retried."""
    endpoint = Endpoint(status, body)
    with pytest.raises(ModelError) as caught:
        look(moderation(endpoint), "a text")
    assert caught.value.kind == kind
    assert len(endpoint.heard) == 1
    assert KEY not in str(caught.value)


def test_no_connection_and_no_answer() -> None:
    """Both are errors of their kind."""
    for raised, kind in ((httpx2.ConnectError("no"), "connection"), (httpx2.ReadTimeout("no"), "timeout")):

        def fail(request: httpx2.Request, error: Exception = raised) -> httpx2.Response:
            raise error

        with pytest.raises(ModelError) as caught:
            look(Moderation(api_key=KEY, transport=httpx2.MockTransport(fail)), "a text")
        assert caught.value.kind == kind


def test_no_key() -> None:
    """OpenAI is not asked without one; another endpoint is, and gets none that was meant for OpenAI."""
    endpoint = Endpoint()
    elsewhere = moderation(endpoint, base_url="https://moderation.example/v1", api_key=None)
    look(elsewhere, "a text")
    assert "authorization" not in endpoint.heard[0].headers


def test_connections_are_closed() -> None:
    """Closing twice is no error, and it can be asked again."""

    async def story() -> None:
        classifier = moderation(Endpoint())
        await classifier.check("a text")
        await classifier.aclose()
        await classifier.aclose()
        await classifier.check("a text")

    asyncio.run(story())


def test_addresses_that_are_not_asked() -> None:
    """Plain http to another machine is an error at once."""
    with pytest.raises(InputError):
        Moderation(base_url="http://moderation.example/v1")
