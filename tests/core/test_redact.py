"""Redaction: no key format survives, plain text does."""

from __future__ import annotations

import pytest

from workbench.core.redact import HINTS, PATTERNS, redact, remember

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
