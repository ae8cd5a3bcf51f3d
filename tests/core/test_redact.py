"""Redaction: no key format survives, plain text does."""

from __future__ import annotations

import json
import traceback

import pytest

from workbench.core.redact import HINTS, PATTERNS, cause, redact, remember
from workbench.errors import InputError

# Assembled here so that no file of the project holds anything shaped like a key.
BODY = "Ab3" * 16
CANARIES = {
    "anthropic": "sk-" + "ant-" + BODY,
    "openrouter": "sk-" + "or-v1-" + BODY,
    "openai": "sk-" + "proj-" + BODY,
    "stripe": "sk_" + "live_" + BODY,
    "aws access key": "AKIA" + "ABCD2345" * 2,
    "google": "AI" + "za" + BODY,
    "google oauth": "ya" + "29." + BODY,
    "github": "gh" + "p_" + BODY,
    "gitlab": "gl" + "pat-" + BODY,
    "hugging face": "hf" + "_" + BODY,
    "slack": "xo" + "xb-" + BODY,
    "groq": "gs" + "k_" + BODY,
    "xai": "xa" + "i-" + BODY,
    "databricks": "da" + "pi" + "0123456789abcdef" * 2,
    "pypi": "py" + "pi-" + BODY,
    "npm": "np" + "m_" + BODY,
    "jwt": "ey" + "J" + BODY + ".ey" + "J" + BODY + "." + BODY,
}


@pytest.mark.parametrize("name", CANARIES)
def test_known_formats(name: str) -> None:
    """A key of a known format does not survive in text, mapping or sequence."""
    secret = CANARIES[name]
    for value in (f"failed with {secret}, sorry", {"deep": [{"error": secret}]}, (secret,)):
        assert secret not in str(redact(value))


def test_context_formats() -> None:
    """Bearer tokens, passwords in URLs, named fields and private keys lose their value."""
    pem = "-----BEGIN RSA " + "PRIVATE KEY-----\n" + BODY
    for text, secret in [
        ("Authorization: Bearer " + BODY, BODY),
        ("postgresql://someone:" + BODY + "@localhost/db", BODY),
        ('{"api_key": "' + BODY + '"}', BODY),
        (pem, BODY),
    ]:
        assert secret not in redact(text)


def test_remembered_values() -> None:
    """A value that a client was given never leaves, whatever its shape; a short one is ignored."""
    remember("plain words as key")
    remember("short")
    assert "plain words" not in redact("the server echoed: plain words as key")
    assert redact("short") == "short"


@pytest.mark.parametrize(
    "text", ["Where is my parcel?", "sk-short", "2026-09-01T08:31:00Z", "task-force-one"]
)
def test_plain_text_passes(text: str) -> None:
    """Ordinary text is not touched."""
    assert redact(text) == text


def test_every_pattern_has_its_hint() -> None:
    """The substrings that are looked for first stand in the order of the patterns, one entry for each."""
    assert list(HINTS) == list(PATTERNS)
    assert all(hint == hint.casefold() for hints in HINTS.values() for hint in hints)


@pytest.mark.parametrize("name", CANARIES)
def test_after_an_escape(name: str) -> None:
    """A key right after a line break that JSON or `repr` wrote as two characters, however deep, is found."""
    text = "is:\n" + CANARIES[name]
    for written in (json.dumps(text), repr(text), json.dumps(json.dumps(text)), f"KEY_{CANARIES[name]}"):
        assert CANARIES[name] not in redact(written)


def test_named_and_addresses_as_they_are_written() -> None:
    """A named value within JSON within JSON, and an address with one slash, lose it as well."""
    assert BODY not in redact(json.dumps(json.dumps({"text": f'the\napi_key="{BODY}"'})))
    assert redact(f"https:/someone:{BODY}@localhost/db") == "https:/[redacted]@localhost/db"


@pytest.mark.parametrize(
    "plain", ["risk-adjusted-rate-of-return", "https://a.example/x?y=1@2", "basic bearer bonds"]
)
def test_words_that_look_alike_pass(plain: str) -> None:
    """Words with a key's letters in them, and addresses without a password, are not touched."""
    assert redact(plain) == plain


def test_an_error_cannot_carry_a_secret() -> None:
    """Every error of the house loses secrets when it is made: in its words, its repr and its traceback."""
    secret = CANARIES["openai"]
    error = InputError(secret, f"{secret} is wrong", f"Not {secret}.")
    assert secret not in f"{error} {error!r} {error.args} {''.join(traceback.format_exception(error))}"


def test_causes_without_secrets_only() -> None:
    """An error is raised from another one only where that one's words hold no secret."""
    plain, leaking = ValueError("no such table"), ValueError(f"login with {CANARIES['github']} failed")
    assert cause(plain) is plain
    assert cause(leaking) is None
