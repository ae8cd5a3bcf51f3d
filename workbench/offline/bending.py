"""Answers bent on purpose: refused, cut short, garbled; streamed or not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from workbench.offline import wire
from workbench.offline.tokens import count_text, first_tokens

__all__ = ["Answer", "garble", "refuse", "shorten"]

_REFUSAL = "I cannot help with that."


@dataclass(slots=True)
class Answer:
    """What the endpoint answered."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """All of it."""
        return b"".join(self.parts)


def _usage(answer: Answer, text: str) -> dict[str, Any]:
    out = count_text(text)
    return {**answer.usage, "completion_tokens": out, "total_tokens": answer.usage["prompt_tokens"] + out}


def _rewrite(answer: Answer, streamed: bool, *, text: str | None, refusal: str | None, reason: str) -> None:
    """Put another answer in the place of the one that was made, and bill that."""
    answer.usage = _usage(answer, text or refusal or "")
    if not streamed:
        body = json.loads(answer.body)
        body["choices"][0] |= {
            "message": {"role": "assistant", "content": text, "refusal": refusal},
            "finish_reason": reason,
        }
        answer.parts = [wire.encode(body | {"usage": answer.usage})]
        return
    frame = {name: value for name, value in json.loads(answer.parts[0][6:]).items() if name != "choices"}
    delta = {"role": "assistant", "content": text, "refusal": refusal}
    events: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": reason}]},
        {"choices": [], "usage": answer.usage},
    ]
    answer.parts = [b"data: " + wire.encode(frame | event) + b"\n\n" for event in events]
    answer.parts.append(b"data: [DONE]\n\n")


def _text_of(answer: Answer, streamed: bool) -> str:
    if not streamed:
        return str(json.loads(answer.body)["choices"][0]["message"]["content"])
    choices = [choice for part in answer.parts[:-1] for choice in json.loads(part[6:])["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def refuse(answer: Answer, streamed: bool) -> None:
    """Let the model refuse."""
    _rewrite(answer, streamed, text=None, refusal=_REFUSAL, reason="stop")


def shorten(answer: Answer, streamed: bool) -> None:
    """End the answer half way, with finish_reason ``length``."""
    text = _text_of(answer, streamed)
    # An answer of one token ends within it, as a model's would not; the reason is what matters.
    short = first_tokens(text, max(1, count_text(text) // 2))[0] if count_text(text) > 1 else text[:1]
    _rewrite(answer, streamed, text=short, refusal=None, reason="length")


def garble(answer: Answer, streamed: bool, draw: float) -> None:
    """Break the JSON; or, unstreamed and every other time, leave JSON that is no answer but has its cost."""
    if streamed:
        middle = len(answer.parts) // 2
        answer.parts[middle] = answer.parts[middle][: len(answer.parts[middle]) // 2] + b"\n\n"
    elif draw < 0.5:
        answer.parts = [answer.body[: len(answer.body) // 2]]
    else:
        answer.parts = [wire.encode(json.loads(answer.body) | {"choices": []})]
