"""The one choke point that removes secrets from anything leaving the process.

Two nets: the shapes of known key formats, and the very values that a client was given (`remember`), which
catches keys of a shape nobody foresaw.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from typing import Any

from workbench.errors import clean_with

__all__ = ["HINTS", "MASK", "PATTERNS", "cause", "redact", "remember"]

MASK = "[redacted]"
"""What stands where something was taken out. No text that holds it enters a cache."""

# Where a key may begin: not within a word, but after an escape (JSON within a text: ``\nsk-…``).
_EDGE = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf]))"

PATTERNS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
        "anthropic": _EDGE + r"sk-ant-[A-Za-z0-9_\-]{16,}",
        "openrouter": _EDGE + r"sk-or-[A-Za-z0-9_\-]{16,}",
        "openai": _EDGE + r"sk-[A-Za-z0-9_\-]{16,}",
        "stripe": _EDGE + r"[rs]k_(?:live|test)_[A-Za-z0-9]{10,}",
        "aws access key": _EDGE + r"(?:AKIA|ASIA)[A-Z0-9]{16}\b",
        "google": _EDGE + r"AIza[A-Za-z0-9_\-]{30,}",
        "google oauth": _EDGE + r"ya29\.[A-Za-z0-9_\-]{20,}",
        "github": _EDGE + r"(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})",
        "gitlab": _EDGE + r"glpat-[A-Za-z0-9_\-]{16,}",
        "hugging face": _EDGE + r"hf_[A-Za-z0-9]{20,}",
        "slack": _EDGE + r"xox[abeoprs]-[A-Za-z0-9\-]{10,}",
        "groq": _EDGE + r"gsk_[A-Za-z0-9]{20,}",
        "xai": _EDGE + r"xai-[A-Za-z0-9]{20,}",
        "databricks": _EDGE + r"dapi[a-f0-9]{32}\b",
        "pypi": _EDGE + r"pypi-[A-Za-z0-9_\-]{30,}",
        "npm": _EDGE + r"npm_[A-Za-z0-9]{30,}",
        "jwt": _EDGE + r"eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}",
        "bearer": r"(?i)(?<=bearer )[A-Za-z0-9_\-.=+/]{12,}",
        "credentials in a URL": r":/{1,2}(?P<value>[^/\s:@]+:[^/\s@]+)(?=@)",
        "named": (
            r"(?i)(?:(?<![A-Za-z])|(?<=\\[nrtbf]))(?:api[_-]?key|x-api-key|secret[_-]?key|access[_-]?token|client[_-]?secret|"
            r"password)\\*[\"']?\s*[:=]\s*\\*[\"']?(?P<value>[A-Za-z0-9_\-.=+/]{12,})"
        ),
    }.items()
}
"""Known key formats by name. A pattern with a group ``value`` loses only that group."""

HINTS: Mapping[str, tuple[str, ...]] = {
    "private key": ("-----begin ",),
    "anthropic": ("sk-ant-",),
    "openrouter": ("sk-or-",),
    "openai": ("sk-",),
    "stripe": ("k_live_", "k_test_"),
    "aws access key": ("akia", "asia"),
    "google": ("aiza",),
    "google oauth": ("ya29.",),
    "github": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "gitlab": ("glpat-",),
    "hugging face": ("hf_",),
    "slack": ("xox",),
    "groq": ("gsk_",),
    "xai": ("xai-",),
    "databricks": ("dapi",),
    "pypi": ("pypi-",),
    "npm": ("npm_",),
    "jwt": ("eyj",),
    "bearer": ("bearer ",),
    "credentials in a URL": (":/",),
    "named": ("key", "token", "secret", "password"),
}
"""What casefolded text must contain for the pattern of that name to match: a substring test costs a
hundredth of a regular expression, and almost all text needs no more."""

_remembered: set[str] = set()


def remember(secret: str) -> None:
    """Make `redact` remove this very value from now on; values under 8 characters are ignored.

    Process-wide on purpose: a secret known to one client must not leave through another's error.
    """
    if len(secret) >= 8:
        _remembered.add(secret)


def _mask(match: re.Match[str]) -> str:
    value = match.groupdict().get("value")
    return MASK if value is None else match.group(0).replace(value, MASK)


def _redact_text(text: str) -> str:
    for secret in tuple(_remembered):  # another thread may be adding one
        if secret in text:
            text = text.replace(secret, MASK)
    folded = text.casefold()
    for name, hints in HINTS.items():
        for hint in hints:
            if hint in folded:
                text = PATTERNS[name].sub(_mask, text)
                break
    return text


def redact(value: Any) -> Any:
    """Return the value with every secret replaced by ``[redacted]``.

    Parameters
    ----------
    value
        Text, or a mapping or sequence holding text at any depth; other values pass unchanged.
    """
    if isinstance(value, str):
        return _redact_text(value)
    if isinstance(value, Mapping):
        return {_redact_text(str(key)): redact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redact(item) for item in value]
    if isinstance(value, tuple):
        return tuple(redact(item) for item in value)
    return value


def cause(error: BaseException) -> BaseException | None:
    """Return an exception to be raised ``from``, or None where its own words hold a secret.

    What one error is raised from is printed with it, in the words of whoever raised it first.
    """
    words = "".join(traceback.format_exception(error))
    return error if redact(words) == words else None


clean_with(_redact_text)
