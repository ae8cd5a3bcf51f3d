"""Why a call failed, and what to do about it: from status codes and types, never from message text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from workbench.client.wire import WireError
from workbench.core.redact import redact
from workbench.errors import ErrorKind

__all__ = ["LONGEST", "kind_of_status", "remedy_of", "response_of", "retry_after_s", "words_of"]

LONGEST = 500
"""Characters of an endpoint's own words that are kept: some send a whole page."""

# Of the error object's `code`, a word of the protocol: no waiting brings back a used-up account.
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


# Of the error object's `code` and `param`: what they say where an answer's schema is not taken.
_SCHEMA_CODES = frozenset({"invalid_json_schema", "invalid_function_parameters"})
_SCHEMA_PARAMS = ("response_format", "tools", "tool_choice", "functions", "text.format")


def kind_of_status(status: int, code: str | None = None, param: str | None = None) -> ErrorKind:
    """Return the kind of failure that a status, and the error object's code and param, stand for."""
    if status in (401, 403) or (status == 429 and code in _NO_CREDIT):
        return "auth"
    if status == 408 or status >= 500:
        return "server"
    kinds: dict[int, ErrorKind] = {404: "not_found", 409: "conflict", 429: "rate_limit"}
    if status in (400, 422) and (str(code) in _SCHEMA_CODES or str(param).startswith(_SCHEMA_PARAMS)):
        return "schema_rejected"
    return kinds.get(status, "bad_request")


def _seconds(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that a response asks to wait; None where it does not, or not legibly.

    Parameters
    ----------
    headers
        The response's; ``retry-after-ms`` goes before ``retry-after``, which is seconds or a date.
    now
        Seconds since the epoch.
    """
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _seconds(text)
    if seconds is not None or text is None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError, OSError):
        return None


def response_of(error: BaseException) -> tuple[int | None, str | None, Mapping[str, str]]:
    """Return the status, error code and headers of the response that an exception carries, if any."""
    response, code = getattr(error, "response", None), getattr(error, "code", None)
    if response is None:
        return None, None, {}
    return response.status_code, code if isinstance(code, str) else None, response.headers


def words_of(error: BaseException, kind: ErrorKind, status: int | None) -> str:
    """Return what went wrong in one line, without secrets."""
    body, response = getattr(error, "body", None), getattr(error, "response", None)
    if isinstance(body, Mapping) and body.get("message"):
        words = str(body["message"])
    elif response is not None:
        words = response.text.strip() or "no reason given"
    elif kind == "timeout":
        words = "no answer in time"
    else:
        cause = error.__cause__ or error
        words = f"{type(cause).__name__}: {cause}".rstrip(": ")
        if isinstance(cause, WireError):
            words = str(cause)
        elif kind == "connection":
            words = f"the connection failed ({words})"
        elif kind == "malformed":
            words = f"the body is no JSON ({words})"
    words = str(redact(" ".join(words.split())))  # before the cut: half a key is no known format
    words = words if len(words) <= LONGEST else words[:LONGEST] + " …"
    return words if status is None else f"HTTP {status}: {words}"


def remedy_of(
    kind: ErrorKind,
    *,
    base_url: str,
    model: str,
    key_variable: str | None,
    status: int | None = None,
    code: str | None = None,
) -> str:
    """Return what the reader can do about a failure.

    Parameters
    ----------
    key_variable
        The environment variable the key comes from; None: it is given as ``api_key``.
    """
    if code in _NO_CREDIT:
        return "The account behind the key has no credit left: add some, or use another key."
    if status is not None and 300 <= status < 400:
        return (
            f"{base_url} sends callers elsewhere, and redirects are off: give the final address as base_url."
        )
    key = f"the variable {key_variable}" if key_variable else "api_key"
    remedies: dict[str, str] = {
        "auth": f"Look whether {key} holds a key that {base_url} accepts and that may use {model}.",
        "not_found": f"Look whether {base_url} ends in the right path and serves a model called {model!r}.",
        "connection": f"Start the endpoint, or look whether base_url {base_url} is right and can be reached.",
        "timeout": "Allow more time (timeout_s), or look why the endpoint is slow.",
        "rate_limit": "Ask with less concurrency, or wait.",
        "server": "The endpoint failed; ask again later.",
        "conflict": "Ask again.",
        "malformed": f"Look whether {base_url} speaks the OpenAI chat protocol (it mostly ends in /v1).",
        "schema_rejected": "Simplify the schema, or use another schema_mode: not every endpoint has each.",
        "bad_request": "Look at the prompt and its parameters: the endpoint says what it does not accept.",
    }
    return remedies.get(kind, "Please report this with the lines above.")
