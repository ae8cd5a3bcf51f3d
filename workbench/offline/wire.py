"""The protocol's JSON: completions, streamed chunks, embeddings, models, errors."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.offline.chat import Chat
from workbench.offline.tokens import count_pairs, count_text, first_tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["chunks", "completion", "embeddings", "encode", "error", "models"]


def encode(value: Any) -> bytes:
    """Return compact JSON as UTF-8; lone surrogates stay escaped."""
    return json.dumps(value, separators=(",", ":")).encode()


def _finished(chat: Chat, text: str) -> tuple[str, str, dict[str, Any]]:
    """Return the text within the chat's limit, the finish reason, and the usage."""
    cut = False
    if chat.max_tokens is not None:
        text, cut = first_tokens(text, chat.max_tokens)
    tokens_in, tokens_out = count_pairs(chat.messages), count_text(text)
    usage = {
        "prompt_tokens": tokens_in,
        "completion_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    return text, "length" if cut else "stop", usage


def _answer(chat: Chat, text: str, reply_id: str) -> dict[str, Any]:
    """Return the part of a message that holds the answer: its text, or the call of a tool."""
    if chat.tool is None:
        return {"content": text}
    function = {"name": chat.tool, "arguments": text}
    return {
        "content": None,
        "tool_calls": [{"index": 0, "id": f"call_{reply_id}", "type": "function", "function": function}],
    }


def completion(chat: Chat, text: str, *, reply_id: str, created: int) -> bytes:
    """Return the body of an answer that is not streamed.

    Parameters
    ----------
    text
        The answer; cut to the chat's limit of tokens.
    reply_id, created
        The answer's id, and when it was made in seconds since the epoch.
    """
    text, reason, usage = _finished(chat, text)
    message = {"role": "assistant", "refusal": None, **_answer(chat, text, reply_id)}
    return encode(
        {
            "id": reply_id,
            "object": "chat.completion",
            "created": created,
            "model": chat.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
            "usage": usage,
        }
    )


def chunks(chat: Chat, text: str, *, reply_id: str, created: int) -> Iterator[bytes]:
    """Yield the server-sent events of a streamed answer, a word at a time; the last one is ``[DONE]``."""
    text, reason, usage = _finished(chat, text)
    frame = {"id": reply_id, "object": "chat.completion.chunk", "created": created, "model": chat.model}

    def event(choices: Sequence[Mapping[str, Any]], **more: Any) -> bytes:
        return b"data: " + encode({**frame, "choices": choices, **more}) + b"\n\n"

    def part(delta: Mapping[str, Any], reason: str | None = None) -> bytes:
        return event([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}])

    yield part({"role": "assistant", "content": ""})
    if chat.tool is not None:
        yield part(_answer(chat, text, reply_id))
        text = ""
    words = text.split(" ")
    for index, word in enumerate(words):
        piece = word if index == len(words) - 1 else f"{word} "
        if piece:
            yield part({"content": piece})
    yield part({}, reason)
    if chat.include_usage:
        yield event([], usage=usage)
    yield b"data: [DONE]\n\n"


def embeddings(model: str, texts: Sequence[str], vectors: NDArray[np.float32], *, as_base64: bool) -> bytes:
    """Return the body with one vector a text, as numbers or as base64 of little-endian float32."""
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(row.astype("<f4").tobytes()).decode()
            if as_base64
            else row.tolist(),
        }
        for index, row in enumerate(vectors)
    ]
    tokens = sum(count_text(text) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return encode({"object": "list", "data": data, "model": model, "usage": usage})


def models(described: Iterable[tuple[str, str]]) -> bytes:
    """Return the body of the list of models: (name, what it is)."""
    data = [
        {"id": name, "object": "model", "created": 0, "owned_by": "prompt-workbench", "description": about}
        for name, about in described
    ]
    return encode({"object": "list", "data": data})


def error(message: str, *, kind: str = "invalid_request_error", code: str | None = None) -> bytes:
    """Return the body of an error."""
    return encode({"error": {"message": message, "type": kind, "param": None, "code": code}})
