"""The nouns that travel: frozen, slotted, keyword-only records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "ANSWER",
    "NO_TOKEN",
    "Attempt",
    "Message",
    "ModelRef",
    "Piece",
    "Purpose",
    "Reply",
    "Request",
    "Role",
    "Score",
    "Source",
    "Status",
    "Trial",
    "Usage",
    "Verdict",
    "Workload",
]

ANSWER = "answer"
"""Name of the schema, and of the tool, by which a model is asked for a structured answer."""

Role = Literal["system", "user", "assistant", "tool"]
Workload = Literal["interactive", "batch"]
Purpose = Literal["arm", "reask", "fallback", "hedge", "judge", "embedding"]
"""What an attempt was made for. A retry is an attempt of the same purpose that follows another."""
Source = Literal["call", "journal", "semantic", "guard"]
Status = Literal["ok", "refused", "truncated", "empty", "error"]
"""How a trial ended. Only ``ok`` counts as answered; the others are missing, never zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a chat.

    Parameters
    ----------
    role, content
        As in the chat protocol; content is plain text.
    tool_calls
        Tool calls of an assistant message, as protocol objects.
    tool_call_id
        The call a tool message answers; None elsewhere.
    """

    role: Role
    content: str
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    tool_call_id: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the protocol's object, without empty fields."""
        out: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.tool_calls:
            out["tool_calls"] = [dict(call) for call in self.tool_calls]
        if self.tool_call_id is not None:
            out["tool_call_id"] = self.tool_call_id
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRef:
    """A model as a person names it and as its endpoint knows it.

    Parameters
    ----------
    name
        The name in tables and charts, ``provider/model``.
    model
        The name sent to the endpoint.
    origin
        Whose model it is, stable across machines: ``https://host`` of the endpoint, or ``offline``
        for the embedded one. Part of a call's identity.
    """

    name: str
    model: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to one model; everything that can change the answer, and nothing else.

    Parameters
    ----------
    messages
        The rendered chat.
    ref
        Which model is asked.
    params
        Protocol parameters: temperature, seed, max_tokens, response_format, tools, …
    repeat
        0-based index of the repeat. Part of the identity, so that repeats are separate draws.
    sample
        Name of the draw; another name draws anew.
    workload
        The latency class. Not part of the identity.
    tags
        Who and what for (user, session, feature). Not part of the identity.
    """

    messages: tuple[Message, ...]
    ref: ModelRef
    params: Mapping[str, Any] = field(default_factory=dict)
    repeat: int = 0
    sample: str = "main"
    workload: Workload = "interactive"
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens by class, as billed.

    Parameters
    ----------
    tokens_in_uncached, tokens_in_cached, tokens_in_cache_write
        Input tokens billed fresh, read from the provider's cache, written to it. They add up to the input.
    tokens_out
        All output tokens, reasoning included.
    tokens_reasoning
        The part of `tokens_out` spent on reasoning.
    """

    tokens_in_uncached: int
    tokens_out: int
    tokens_in_cached: int = 0
    tokens_in_cache_write: int = 0
    tokens_reasoning: int = 0

    @property
    def tokens_in(self) -> int:
        """All input tokens."""
        return self.tokens_in_uncached + self.tokens_in_cached + self.tokens_in_cache_write

    def __add__(self, other: Usage) -> Usage:
        """Add class by class."""
        return Usage(
            tokens_in_uncached=self.tokens_in_uncached + other.tokens_in_uncached,
            tokens_in_cached=self.tokens_in_cached + other.tokens_in_cached,
            tokens_in_cache_write=self.tokens_in_cache_write + other.tokens_in_cache_write,
            tokens_out=self.tokens_out + other.tokens_out,
            tokens_reasoning=self.tokens_reasoning + other.tokens_reasoning,
        )


NO_TOKEN = Usage(tokens_in_uncached=0, tokens_out=0)
"""What an attempt took that never reached an endpoint: known to be nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request on the wire, successful or not; the row that money is counted from.

    Parameters
    ----------
    model, model_served
        Requested and answering model, as the endpoint names them; served is None where no reply came.
    ref
        Who was asked, where it was not the trial's own model (a fallback, a judge): its price counts. None:
        the trial's own.
    started_at
        Seconds since the epoch.
    latency_s
        From sending to the last byte (or the failure).
    wait_s
        Queueing and backoff before it.
    ttft_s
        Time to first token; None where the reply was not streamed.
    error_kind, error, http_status
        Why it failed, or why its reply was rejected; the first two None where neither.
    usage
        None where the endpoint reported none: unknown, not zero. `NO_TOKEN` where no connection was made.
    service_tier
        As the endpoint reports it (default, flex, batch, …); None where it does not.
    cost_usd, price_book
        By which book; both None until priced, cost None where the price is unknown.
    """

    model: str
    started_at: float
    latency_s: float
    purpose: Purpose = "arm"
    ref: ModelRef | None = None
    model_served: str | None = None
    wait_s: float = 0.0
    ttft_s: float | None = None
    error_kind: str | None = None
    error: str | None = None
    http_status: int | None = None
    usage: Usage | None = None
    service_tier: str | None = None
    cost_usd: float | None = None
    price_book: str | None = None


def _called(call: Mapping[str, Any]) -> dict[str, Any]:
    """Return name and arguments of a tool call; arguments that are not JSON stay text."""
    function = call.get("function")
    function = function if isinstance(function, Mapping) else {}
    name, arguments = function.get("name"), function.get("arguments")
    if isinstance(arguments, str) and name != ANSWER:
        with suppress(ValueError, RecursionError):
            arguments = json.loads(arguments)
    return {"name": name, "arguments": "" if arguments is None else arguments}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model answered.

    Parameters
    ----------
    text
        The answer's text; empty where the model refused or called tools.
    model_served
        The model that answered, as the endpoint names it.
    finish_reason
        As in the protocol: stop, length, tool_calls, content_filter.
    refusal
        The refusal's text; None where it answered.
    usage
        Of the answering attempt; None where the endpoint reported none.
    attempts
        Every attempt made for this reply, in order, failures included.
    source
        Where it came from: a call, the journal (exact cache), the semantic cache, or a guard that let nothing
        be sent. Of the latter two, no attempt was made and no token used.
    similarity, source_call
        Of the semantic cache: raw cosine to the text that was answered, and that call's key. None elsewhere.
    guard
        What a guard made of it, ``redact: email``; such a reply enters no cache. None: nothing.
    """

    text: str
    model_served: str
    finish_reason: str = "stop"
    refusal: str | None = None
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    usage: Usage | None = None
    attempts: tuple[Attempt, ...] = ()
    source: Source = "call"
    similarity: float | None = None
    source_call: str | None = None
    guard: str | None = None

    @property
    def answer(self) -> str:
        """What is judged: the text; where tools were called, the call.

        A call of the tool `ANSWER` is its arguments, as they came. Any other is JSON with ``name`` and
        ``arguments``; several calls are a list of these.
        """
        if not self.tool_calls:
            return self.text
        calls = [_called(call) for call in self.tool_calls]
        if len(calls) == 1 and calls[0]["name"] == ANSWER:
            arguments = calls[0]["arguments"]
            return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        return json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False)

    @property
    def status(self) -> Status:
        """How it ended: ok, refused, truncated or empty."""
        if self.refusal is not None or self.finish_reason == "content_filter":
            return "refused"
        if self.finish_reason == "length":
            return "truncated"
        if not self.text.strip() and not self.tool_calls:
            return "empty"
        return "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One cell of a study, asked once: arm × case × repeat.

    Parameters
    ----------
    trial_id
        Identity of the cell within its execution; deterministic.
    call_key
        Identity of the call that answered it. Trials that share a key share one draw.
    arm, variant, variant_hash, model, params
        The arm and what it is made of; `model` as a person names it.
    model_served
        The model that answered, as its endpoint names it; None where none did.
    case_id, case, expected
        The case, its columns, and what is expected of the answer (None: nothing).
    messages
        The rendered prompt.
    status, output, finish_reason, error_kind, error
        How it ended. `output` is None unless text arrived.
    usage
        Tokens of all attempts whose usage is known; None where none is.
    cost_usd
        Cost of all attempts when the call was made; None where any part of it is unknown.
    source
        ``journal`` where an earlier or shared call answered: nothing was spent on this trial. ``semantic``
        where the semantic cache did.
    similarity, source_call
        As of the reply.
    in_doubt
        True where an earlier process started the same call and never finished it: possibly billed twice.
    started_at
        Seconds since the epoch; None where nothing was sent.
    latency_s, wait_s, ttft_s
        Of the answering attempt; queueing and backoff; first token. None (ttft: not streamed) where unknown.
    """

    trial_id: str
    execution_id: str
    study: str
    arm: str
    variant: str
    variant_hash: str
    model: str
    params: Mapping[str, Any]
    case_id: str
    case: Mapping[str, Any]
    repeat: int
    call_key: str
    messages: tuple[Message, ...]
    status: Status
    sample: str = "main"
    expected: Any = None
    workload: Workload = "batch"
    model_served: str | None = None
    output: str | None = None
    finish_reason: str | None = None
    error_kind: str | None = None
    error: str | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    price_book: str | None = None
    attempts: tuple[Attempt, ...] = ()
    source: Source = "call"
    similarity: float | None = None
    source_call: str | None = None
    in_doubt: bool = False
    started_at: float | None = None
    latency_s: float | None = None
    wait_s: float | None = None
    ttft_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One scorer's verdict on one trial: a value, or missing with its reason.

    Parameters
    ----------
    scorer
        Name of the score; its column in the table is ``score_<scorer>``.
    value
        In the scorer's own range, higher is better; None where missing.
    missing
        Why there is no value; None where there is one.
    reason
        Why this value, in words; None where the scorer gives none.
    digest
        Identity of the scorer's definition (a judge's prompt and model, a check's configuration).
    source
        Who judged: CODE, LLM_JUDGE or HUMAN (MLflow's words).
    rater
        Who exactly: a model's name or a rater id; None for code.
    attempts
        The judge's own calls; their cost is apart from the arm's.
    parts
        The single verdicts that it was made of (a panel's judges, both orders of a pair); their calls are
        among `attempts`.
    """

    trial_id: str
    scorer: str
    value: float | None
    missing: str | None = None
    reason: str | None = None
    digest: str = ""
    source: Literal["CODE", "LLM_JUDGE", "HUMAN"] = "CODE"
    rater: str | None = None
    attempts: tuple[Attempt, ...] = ()
    parts: tuple[Score, ...] = ()

    def __post_init__(self) -> None:
        """Hold the law: a score is a value or a reason, never both and never neither."""
        if (self.value is None) == (self.missing is None):
            raise ValueError("a Score carries either a value or the reason why it is missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Where in a text a classifier found something: ``text[start:end]`` is of the category."""

    category: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a content classifier says of a text.

    Parameters
    ----------
    category
        What it found, the surest where several; None where it found nothing.
    score
        How sure it is of a finding, from 0 to 1; in the classifier's own measure.
    pieces
        Where, in the order of the text, not overlapping; empty where the text as a whole is meant.
    latency_s
        Seconds the check took.
    """

    category: str | None
    score: float
    pieces: tuple[Piece, ...] = ()
    latency_s: float = 0.0

    @property
    def categories(self) -> tuple[str, ...]:
        """Every category found, sorted; empty where nothing was."""
        own = () if self.category is None else (self.category,)
        return tuple(sorted({*own, *(piece.category for piece in self.pieces)}))
