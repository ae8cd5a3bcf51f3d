"""Faults on a real socket: what each does, who meets it, what is billed, and the limits."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.client.openai import OpenAI
from workbench.core.records import Message, Reply, Request
from workbench.errors import InputError, ModelError
from workbench.offline.chat import Chat
from workbench.offline.faults import DEFAULT_MIX, KINDS, Faults
from workbench.offline.quota import Quota
from workbench.offline.server import OfflineServer

KEY = "sk-" + "not-a-key-" * 3


class Says:
    """Says four words."""

    models: Mapping[str, str] = {"says": "always the same four words"}

    def answer(self, chat: Chat) -> str:
        """Return them."""
        return "one two three four"


def ask(
    faults: Faults, *texts: str, stream: bool = False, timeout_s: float = 5.0
) -> list[Reply | ModelError]:
    """Ask a server with these faults, one text after another, and return what came of it."""

    async def go() -> list[Reply | ModelError]:
        with OfflineServer(models=[Says()], faults=faults) as server:
            model = OpenAI("says", base_url=server.base_url, api_key=KEY, timeout_s=timeout_s, stream=stream)
            out: list[Reply | ModelError] = []
            for text in texts:
                message = Message(role="user", content=text)
                try:
                    out.append(await model.ask(Request(messages=(message,), ref=model.ref)))
                except ModelError as error:
                    out.append(error)
            await model.aclose()
            return out

    return asyncio.run(go())


EXPECTED: dict[str, tuple[str, bool]] = {  # what the client sees, and whether it is billed
    "rate_limit": ("rate_limit", False),
    "server": ("server", False),
    "echo_key": ("server", False),
    "timeout": ("timeout", True),
    "stall": ("timeout", True),
    "drop": ("connection", True),
    "cut": ("connection", True),
    "malformed": ("malformed", True),
    "refusal": ("refused", True),
    "length": ("truncated", True),
    "slow": ("ok", True),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_each_fault(kind: str, stream: bool) -> None:
    """Each does what it says, streamed or not, and is billed as it says."""
    silent = kind in ("timeout", "stall")
    faults = Faults({kind: 1.0}, hang_s=2, slow_s=0.01, retry_after_s=0.25)
    (seen,) = ask(faults, "Hello?", stream=stream, timeout_s=0.2 if silent else 5)
    word, billed = EXPECTED[kind]
    assert (seen.kind if isinstance(seen, ModelError) else seen.status) == word
    (row,) = faults.ledger.rows
    assert (row.fault, row.model, row.number) == (kind, "says", 1)
    assert (row.tokens_in > 0, row.tokens_out > 0) == (billed, billed)
    usage = seen.attempts[0].usage
    if usage is not None:
        assert (usage.tokens_in, usage.tokens_out) == (row.tokens_in, row.tokens_out)
    if isinstance(seen, Reply):
        assert usage is not None
    if kind == "rate_limit":
        assert isinstance(seen, ModelError)
        assert seen.retry_after_s == 0.25
    if kind == "echo_key":
        assert isinstance(seen, ModelError)
        assert "the key" in seen.problem
        assert KEY not in str(seen)


def test_the_key_is_echoed() -> None:
    """The error that repeats the key does repeat it: the client is what hides it."""
    with OfflineServer(models=[Says()], faults=Faults({"echo_key": 1.0})) as server:
        body = json.dumps({"model": "says", "messages": [{"role": "user", "content": "Hello?"}]}).encode()
        asked = urllib.request.Request(
            f"{server.base_url}/chat/completions", body, {"Authorization": f"Bearer {KEY}"}
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(asked, timeout=10)
        assert KEY in caught.value.read().decode()


def test_malformed_may_say_what_it_cost() -> None:
    """Of malformed answers some still report their usage, which must not be lost."""
    seen = ask(Faults({"malformed": 1.0}), *(f"text {number}" for number in range(12)))
    known = Counter(one.attempts[0].usage is not None for one in seen)
    assert known[True] >= 2
    assert known[False] >= 2


def test_order_does_not_matter() -> None:
    """A request meets the same fault whatever was asked before; asked again, it throws anew."""
    texts = [f"text {number}" for number in range(40)]
    mix = {"server": 0.3, "rate_limit": 0.2}

    def met(order: list[str]) -> dict[str, str | None]:
        faults = Faults(mix, seed=7)
        ask(faults, *order)
        rows = faults.ledger.rows
        return {text: row.fault for text, row in zip(order, rows, strict=True)}

    assert met(texts) == met(texts[::-1])
    faults = Faults(mix, seed=7)
    ask(faults, *["again"] * 30)
    assert len({row.request for row in faults.ledger.rows}) == 1
    assert {row.fault for row in faults.ledger.rows} == {None, "server", "rate_limit"}


@given(share=st.floats(0, 1), seed=st.integers(0, 100))
def test_shares(share: float, seed: int) -> None:
    """As many meet a fault as was said, in the parts of the mix."""
    faults = Faults(share, seed=seed)
    met = Counter(fault.kind if (fault := faults.draw("r", nth)) else None for nth in range(400))
    assert abs(400 - met[None] - 400 * share) <= 45  # 4.5 standard deviations
    assert sum(faults.shares.values()) == pytest.approx(share)
    assert set(met) - {None} <= set(DEFAULT_MIX)


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("40%", {kind: 0.4 * part for kind, part in DEFAULT_MIX.items()}),
        ("0.2", {kind: 0.2 * part for kind, part in DEFAULT_MIX.items()}),
        ("server=10%, drop = 5%", {"server": 0.1, "drop": 0.05}),
        ("rpm=600", {}),
        ("0%", {}),
    ],
)
def test_parse(text: str, shares: dict[str, float]) -> None:
    """A person's words are understood."""
    assert Faults.parse(text).shares == pytest.approx(shares)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "cannot be read"),
        ("banana", "'banana' cannot be read"),
        ("40", "not from 0 to 1"),
        ("40%, 20%", "given twice"),
        ("server=1%, server=2%", "given twice"),
        ("40%, server=2%", "of all faults and of single ones"),
        ("sever=10%", "'sever'"),
        ("server=60%, drop=60%", "120%"),
        ("rpm=0", "not positive"),
    ],
)
def test_unreadable(text: str, problem: str) -> None:
    """What cannot be understood is refused, and says what would be."""
    with pytest.raises(InputError, match=problem) as caught:
        Faults.parse(text)
    assert caught.value.remedy


@pytest.mark.parametrize("wrong", [{"hang_s": 0.0}, {"retry_after_s": -1.0}, {"slow_s": -1.0}, {"tpm": 0.0}])
def test_bad_settings(wrong: dict[str, Any]) -> None:
    """Times and limits without a meaning are refused."""
    with pytest.raises(InputError):
        Faults(**wrong)


def test_limits() -> None:
    """Above the limit it answers 429 with the true wait, bills nothing, and says where one stands."""
    now = [0.0]
    faults = Faults(rpm=2, clock=lambda: now[0])
    seen = ask(faults, "a", "b", "c")
    assert [isinstance(one, Reply) for one in seen] == [True, True, False]
    assert isinstance(seen[2], ModelError)
    assert (seen[2].kind, seen[2].retry_after_s) == ("rate_limit", 30.0)
    assert [row.fault for row in faults.ledger.rows] == [None, None, "limit"]
    assert faults.ledger.totals()["models"]["says"]["billed"] == 2


@given(
    steps=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 300)), min_size=1, max_size=40),
    rpm=st.integers(1, 20),
    tpm=st.integers(50, 1000),
)
def test_quota(steps: list[tuple[float, int]], rpm: int, tpm: int) -> None:
    """In no minute goes more than a full bucket and what flows in; waiting as told helps."""
    now = 0.0
    quota = Quota(rpm, tpm, lambda: now)
    went: list[tuple[float, int]] = []
    for pause, tokens in steps:
        now += pause
        wait_s, headers = quota.admit("m", tokens)
        assert headers["x-ratelimit-limit-requests"] == str(rpm)
        if wait_s <= 0:
            went.append((now, tokens))
            continue
        now += wait_s + 1e-6
        assert quota.admit("m", tokens)[0] <= 1e-3, "after the wait it fits"
        went.append((now, tokens))
    last = [tokens for at, tokens in went if at >= now - 60]
    assert len(last) <= 2 * rpm + 1
    assert sum(min(tokens, tpm) for tokens in last) <= 2 * tpm + max(last)


def test_ledger_over_http() -> None:
    """The ledger's sums are at /ledger, and other paths are untouched by faults."""
    faults = Faults({"server": 1.0})
    with OfflineServer(models=[Says()], faults=faults) as server:
        base = server.base_url
        faults.ledger.add(request="r", model="says", fault=None, status=200, tokens=(5, 4))
        with urllib.request.urlopen(f"{base.removesuffix('/v1')}/ledger", timeout=10) as answer:
            told = json.load(answer)
        assert told == faults.ledger.totals()
        assert told["models"]["says"] == {"requests": 1, "billed": 1, "tokens_in": 5, "tokens_out": 4}
        with urllib.request.urlopen(f"{base}/models", timeout=10) as answer:
            assert answer.status == 200
    assert faults.ledger.to_mapping()["rows"][0]["request"] == "r"


def test_own_errors_stay() -> None:
    """The endpoint's own errors pass, and are not billed."""
    faults = Faults()
    with OfflineServer(models=[Says()], faults=faults) as server:
        body = json.dumps({"model": "nobody", "messages": [{"role": "user", "content": "Hello?"}]}).encode()
        for raw, status in ((body, 404), (b"{", 400)):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(f"{server.base_url}/chat/completions", raw, timeout=10)
            assert caught.value.code == status
    assert [(row.status, row.tokens_in) for row in faults.ledger.rows] == [(404, 0), (400, 0)]
