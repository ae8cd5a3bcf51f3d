"""A chat as the endpoint understands it, and the seam behind which answers are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from workbench.core.identity import canonical
from workbench.errors import InputError

__all__ = ["MAX_TEXTS", "Chat", "ChatError", "Responder", "parse_chat", "parse_texts"]

MAX_TEXTS = 2_048
"""Most texts in one request for embeddings."""

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


class ChatError(InputError):
    """A chat cannot be answered; becomes an HTTP error of the protocol.

    Parameters
    ----------
    status
        The HTTP status, 4xx.
    code
        The protocol's short word for it; None where it has none.
    """

    def __init__(
        self, subject: str, problem: str, remedy: str, *, status: int = 400, code: str | None = None
    ) -> None:
        super().__init__(subject, problem, remedy)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """One request to the endpoint, checked.

    Parameters
    ----------
    model
        The name asked for.
    messages
        (role, text) pairs, at least one.
    temperature
        0 to 2; None where the request does not say.
    seed
        None where the request does not say.
    max_tokens
        Most tokens of the answer, at least 1; None: no limit.
    schema
        Canonical JSON of the JSON schema in ``response_format``, or of the parameters of the tool that must
        be called; None where there is none. (Text, so that a chat is hashable.)
    tool
        The tool that must be called: its arguments are the answer. None: the answer is text.
    stream, include_usage
        Whether the answer is streamed, and whether the stream ends with the usage.
    """

    model: str
    messages: tuple[tuple[str, str], ...]
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    schema: str | None = None
    tool: str | None = None
    stream: bool = False
    include_usage: bool = False


@runtime_checkable
class Responder(Protocol):
    """Answers chats addressed to one or more model names.

    A responder also has ``models: Mapping[str, str]``: the names it answers to, each with one plain sentence
    saying what it is. `answer` is called from the server's thread.
    """

    models: Mapping[str, str]

    def answer(self, chat: Chat) -> str:
        """Return the answer's text, or raise `ChatError`."""
        ...


def _wrong(field: str, problem: str, remedy: str) -> ChatError:
    return ChatError(f"request field {field!r}", problem, remedy)


def _content(message: Mapping[str, Any], where: str) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if content is None and message.get("tool_calls"):
        return ""
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        kinds = {part.get("type") for part in content}
        if kinds <= {"text"} and all(isinstance(part.get("text"), str) for part in content):
            return "".join(part["text"] for part in content)
        raise _wrong(where, "it holds something other than text", "This endpoint reads text only.")
    raise _wrong(where, "it is not text", "Give every message a 'content' of text.")


def _messages(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list) or not value:
        raise _wrong("messages", "it is missing or empty", "Send at least one message.")
    out = []
    for index, message in enumerate(value):
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise _wrong(
                f"messages[{index}]", "it has no known role", f"Use one of {', '.join(sorted(_ROLES))}."
            )
        out.append((message["role"], _content(message, f"messages[{index}].content")))
    return tuple(out)


def _number(body: Mapping[str, Any], field: str, low: float, high: float) -> float | None:
    value = body.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise _wrong(
            field, f"{value!r} is not a number from {low:g} to {high:g}", "Correct it or leave it out."
        )
    return float(value)


def _whole(body: Mapping[str, Any], field: str, low: int) -> int | None:
    value = body.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise _wrong(
            field, f"{value!r} is not a whole number of at least {low}", "Correct it or leave it out."
        )
    return value


def _schema(body: Mapping[str, Any]) -> str | None:
    form = body.get("response_format")
    if form is None or (isinstance(form, dict) and form.get("type") == "text"):
        return None
    if not isinstance(form, dict) or form.get("type") not in ("json_schema", "json_object"):
        raise _wrong("response_format", "its type is not known", "Use json_schema, json_object or text.")
    if form["type"] == "json_object":
        return canonical({})
    inner = form.get("json_schema")
    schema = inner.get("schema") if isinstance(inner, dict) else None
    if not isinstance(schema, dict):
        raise _wrong("response_format", "it has no json_schema.schema", "Put the JSON schema there.")
    return canonical(schema)


def _tool(body: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the tool that must be called, and its parameters' schema; None where none must."""
    choice, tools = body.get("tool_choice"), body.get("tools") or []
    if choice in (None, "auto", "none"):  # these models call no tool by themselves
        return None, None
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise _wrong("tools", "it is not a list of tools", "Send {type: function, function: {name: …}}.")
    functions = [tool["function"] for tool in tools if isinstance(tool.get("function"), dict)]
    wanted = choice.get("function") if isinstance(choice, dict) else None
    name = wanted.get("name") if isinstance(wanted, dict) else None
    for function in functions:
        if isinstance(function.get("name"), str) and (choice == "required" or function["name"] == name):
            parameters = function.get("parameters")
            return function["name"], canonical(parameters if isinstance(parameters, dict) else {})
    raise _wrong("tool_choice", "it names no tool of this request", "Name one that is among the tools.")


def parse_chat(body: Any) -> Chat:
    """Return the checked chat of a request's decoded JSON body.

    Parameters
    ----------
    body
        What the JSON said. Fields that these models have no use for (top_p, penalties, user, …) are
        accepted and have no effect, tools too unless ``tool_choice`` makes one of them the answer.

    Raises
    ------
    ChatError
        With status 400, naming the field.
    """
    if not isinstance(body, dict):
        raise ChatError("request body", "it is not a JSON object", "Send a chat completion request.")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise _wrong("model", "it is missing", "Name a model: GET /v1/models lists them.")
    if body.get("n") not in (None, 1):
        raise _wrong("n", "only one choice is made per request", "Ask again, with another seed.")
    seed = body.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise _wrong("seed", f"{seed!r} is not a whole number", "Correct it or leave it out.")
    limits = [limit for field in ("max_completion_tokens", "max_tokens") if (limit := _whole(body, field, 1))]
    options = body.get("stream_options")
    tool, parameters = _tool(body)
    return Chat(
        model=model,
        messages=_messages(body.get("messages")),
        temperature=_number(body, "temperature", 0, 2),
        seed=seed,
        max_tokens=min(limits) if limits else None,
        schema=_schema(body) if tool is None else parameters,
        tool=tool,
        stream=bool(body.get("stream")),
        include_usage=isinstance(options, dict) and bool(options.get("include_usage")),
    )


def parse_texts(body: Any) -> tuple[str, list[str], bool]:
    """Return (model, texts, vectors as base64?) of a request for embeddings.

    Raises
    ------
    ChatError
        With status 400, naming the field.
    """
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        raise _wrong("model", "it is missing", "Name the embedding model: GET /v1/models lists it.")
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise _wrong("input", "it is neither a text nor a list of texts", "Send texts.")
    if len(texts) > MAX_TEXTS:
        raise _wrong("input", f"it holds {len(texts):,} texts", f"Send at most {MAX_TEXTS:,}.")
    return body["model"], texts, body.get("encoding_format") == "base64"
