"""The chat protocol's JSON: the body of a request, the reply in a response, the chunks of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from workbench.core.records import Reply, Request, Usage
from workbench.core.redact import redact
from workbench.errors import ErrorKind

__all__ = ["NOT_SENT", "Assembly", "WireError", "body_of", "reply_of", "tier_of", "usage_of"]


class WireError(ValueError):
    """A response with a good status that is no answer.

    Parameters
    ----------
    problem
        What is wrong with it.
    kind
        malformed: not what the protocol says; connection: a stream that breaks off; server: a stream that
        reports a failure.
    """

    def __init__(self, problem: str, kind: ErrorKind = "malformed") -> None:
        super().__init__(problem)
        self.kind: ErrorKind = kind


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


NOT_SENT = ("stream", "stream_options", "answer_schema", "reask")
"""Parameters that no endpoint gets: how an answer travels is the client's choice, not the prompt's; and what
an answer is held against here (`workbench.define.answer`)."""


def body_of(request: Request, *, stream: bool = False) -> dict[str, Any]:
    """Return the body that asks a request: its parameters, model and messages.

    Parameters
    ----------
    stream
        Ask for a stream that ends with its usage.
    """
    body: dict[str, Any] = _plain(request.params)
    for name in NOT_SENT:
        body.pop(name, None)
    body["model"] = request.ref.model
    body["messages"] = [_plain(message.to_dict()) for message in request.messages]
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _count(value: Any) -> int:
    return value if _is_count(value) else 0


def usage_of(body: Any) -> Usage | None:
    """Return the tokens of a response by class; None where it reports none.

    The protocol's ``prompt_tokens`` include those read from a cache and written to it, and its
    ``completion_tokens`` the reasoning.
    """
    usage = body.get("usage") if isinstance(body, Mapping) else None
    if not isinstance(usage, Mapping):
        return None
    total, out = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not (_is_count(total) and _is_count(out)):
        return None
    details_in, details_out = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    details_in = details_in if isinstance(details_in, Mapping) else {}
    details_out = details_out if isinstance(details_out, Mapping) else {}
    cached = min(_count(details_in.get("cached_tokens")), total)
    written = min(_count(details_in.get("cache_write_tokens")), total - cached)
    return Usage(
        tokens_in_uncached=total - cached - written,
        tokens_in_cached=cached,
        tokens_in_cache_write=written,
        tokens_out=out,
        tokens_reasoning=min(_count(details_out.get("reasoning_tokens")), out),
    )


def tier_of(body: Any, params: Mapping[str, Any]) -> str | None:
    """Return the service tier that a response names, else the one that was asked for; None where neither."""
    tier = body.get("service_tier") if isinstance(body, Mapping) else None
    tier = tier or params.get("service_tier")
    return tier if isinstance(tier, str) else None


def _text(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, Mapping) for part in content):
        return "".join(part["text"] for part in content if isinstance(part.get("text"), str))
    raise WireError(f"the message's content is a {type(content).__name__}")


def reply_of(body: Any, model: str) -> Reply:
    """Return the reply in a response's body, without attempts and without secrets.

    Parameters
    ----------
    model
        Stands in where the endpoint does not say who answered.

    Raises
    ------
    WireError
        Where there is no choice with a message in it.
    """
    if not isinstance(body, Mapping):
        raise WireError(f"the body is a JSON {type(body).__name__}, not an object")
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices:
        raise WireError("there are no choices")
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(message, Mapping):
        raise WireError("the first choice has no message")
    calls = message.get("tool_calls") or ()
    if not isinstance(calls, (list, tuple)) or not all(isinstance(call, Mapping) for call in calls):
        raise WireError("the message's tool calls are not a list of objects")
    refusal = message.get("refusal")
    served, finish = body.get("model"), choice.get("finish_reason")
    return Reply(
        text=str(redact(_text(message.get("content")))),
        model_served=str(redact(served)) if isinstance(served, str) and served else model,
        finish_reason=finish if isinstance(finish, str) and finish else "stop",
        refusal=str(redact(refusal)) if isinstance(refusal, str) and refusal else None,
        tool_calls=tuple(redact(dict(call)) for call in calls),
        usage=usage_of(body),
    )


class Assembly:
    """Puts the chunks of a stream together to the body that the same answer has unstreamed."""

    def __init__(self) -> None:
        self._top: dict[str, Any] = {}
        self._parts: dict[str, list[str]] = {"content": [], "refusal": []}
        self._calls: dict[int, dict[str, Any]] = {}
        self._finish: str | None = None

    def add(self, chunk: Any) -> bool:
        """Take the next chunk; return whether it brought a piece of the answer.

        Raises
        ------
        WireError
            Where the chunk is not what the protocol says, or reports a failure.
        """
        if not isinstance(chunk, Mapping):
            raise WireError(f"a chunk is a JSON {type(chunk).__name__}, not an object")
        if chunk.get("error"):
            error = chunk["error"]
            words = error.get("message") if isinstance(error, Mapping) else error
            raise WireError(f"the stream ended in an error: {words}", "server")
        for name in ("model", "usage", "service_tier"):
            if chunk.get(name) is not None:
                self._top[name] = chunk[name]
        choices = chunk.get("choices") or []
        if not choices:
            return False
        choice = choices[0]
        delta = choice.get("delta") if isinstance(choice, Mapping) else None
        if not isinstance(delta, Mapping):
            raise WireError("a chunk's first choice has no delta")
        self._finish = choice.get("finish_reason") or self._finish
        brought = False
        for name, parts in self._parts.items():
            if isinstance(delta.get(name), str) and delta[name]:
                parts.append(delta[name])
                brought = True
        for call in delta.get("tool_calls") or ():
            self._add_call(call)
            brought = True
        return brought

    def _add_call(self, call: Any) -> None:
        if not isinstance(call, Mapping):
            raise WireError("a chunk's tool call is not an object")
        function = call.get("function") or {}
        kept = self._calls.setdefault(
            _count(call.get("index")), {"type": "function", "function": {"name": "", "arguments": ""}}
        )
        if call.get("id"):
            kept["id"] = call["id"]
        kept["function"]["name"] += function.get("name") or ""
        kept["function"]["arguments"] += function.get("arguments") or ""

    def body(self) -> dict[str, Any]:
        """Return the whole body.

        Raises
        ------
        WireError
            Where the stream broke off before it said why the answer ended.
        """
        if self._finish is None:
            raise WireError("the stream broke off in the middle of the answer", "connection")
        message: dict[str, Any] = {"content": "".join(self._parts["content"])}
        message["refusal"] = "".join(self._parts["refusal"]) or None
        message["tool_calls"] = [self._calls[index] for index in sorted(self._calls)]
        return self._top | {"choices": [{"message": message, "finish_reason": self._finish}]}
