"""Reading a classification prompt: allowed labels, their descriptions, examples, and the text in question.

What is read, and where it may stand:

* labels: the ``enum`` of the JSON schema in ``response_format``; else a list in the system message after a
  cue ("one of a, b, c", "labels: a | b | c", ``["a", "b"]``); else lines (``- a`` or ``- a: description``).
* descriptions: lines of the system message such as ``- a: description`` (also ``=``, a dash; the bullet is
  optional where the label is known), or parentheses in the list: ``a (description), b (description)``.
* examples: user/assistant turns whose assistant text is an allowed label (or JSON that holds one).
* text: the last user message. Where the system message names no labels, the part of the last user message
  before its last blank line is read as the instruction.

Everything else in a prompt counts as tokens and changes no answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from workbench.offline.chat import Chat, ChatError

__all__ = ["MAX_EXAMPLES", "Prompt", "read_prompt", "split_chat"]

MAX_EXAMPLES = 2_000
"""Most examples a prompt may hold."""

_CUE = re.compile(
    r"\b(?:one of|either|between|from|(?:label|categor(?:y|ie)|classe?|option|intent|topic|choice|tag)s?)\b",
    re.I,
)
_LINE = re.compile(
    r"^\s*(?P<bullet>[-*•]\s+|\d+[.)]\s+)?[*_`\"']*(?P<label>[^:=\n]{1,60}?)[*_`\"']*"
    r"(?:\s*(?::|=|\s[-–—]\s)\s*[*_]*(?P<about>\S.*))?\s*$"
)
_STRIP = " \t\"'`*[](){}<>“”‘’"
_NOT_LABELS = re.compile(
    r"^(?:and |but )?(?:no\s|(?:nothing|not|only|without|never|then|please|exactly)\b)", re.I
)
_LEAD = re.compile(r"^(?:the following|these|the|any of|following)\s+(?:\w+\s*:\s*)?", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a classifier needs to know of a prompt, apart from the text in question.

    Parameters
    ----------
    labels
        The allowed answers, at least one, as written, without repeats.
    about
        Label -> its description; labels without one are absent.
    examples
        (text, label) pairs in order; every label is an allowed one.
    field
        The property of the JSON answer that holds the label; None: the answer is the bare label.
    """

    labels: tuple[str, ...]
    about: Mapping[str, str]
    examples: tuple[tuple[str, str], ...]
    field: str | None


def split_chat(chat: Chat) -> tuple[tuple[tuple[str, str], ...], str]:
    """Return what stands before the text in question, and the text.

    The first part is the same for all cases of a variant, so that what is made of it can be kept.

    Raises
    ------
    ChatError
        Where the last message is not the user's.
    """
    role, last = chat.messages[-1]
    if role != "user":
        raise ChatError(
            "request field 'messages'",
            "the last message is not the user's",
            "End with what is to be classified.",
        )
    before = chat.messages[:-1]
    if chat.schema is None and not any(_labels_in(text) for role, text in before if _instructs(role)):
        head, gap, tail = last.rpartition("\n\n")
        return (*before, ("system", head if gap else last)), tail if gap else last
    return before, last


def _instructs(role: str) -> bool:
    return role in ("system", "developer")


def _plain(label: str) -> str:
    return " ".join(label.strip(_STRIP).rstrip(".!").casefold().split())


def _enum(schema: Any, field: str | None = None) -> tuple[tuple[str, ...], str | None]:
    """Return the first list of allowed texts in a JSON schema, and the property that has it."""
    if not isinstance(schema, dict):
        return (), None
    enum = schema.get("enum")
    if isinstance(enum, list) and enum and all(isinstance(item, str) for item in enum):
        return tuple(dict.fromkeys(enum)), field
    properties = schema.get("properties")
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        labels, found = _enum(inner, str(name))
        if labels:
            return labels, found
    return (), None


def _items(tail: str) -> list[tuple[str, str]]:
    """Return (label, description or "") for a written list; empty where it is none."""
    end = re.search(r"\.(?:\s|$)|\n", tail)
    listed = tail[: end.start()] if end else tail
    parts = [part.strip() for part in re.split(r"[,;|](?![^()]*\))", listed)]
    last = re.sub(r"^(?:or|and)\s+", "", parts[-1], flags=re.I)
    joiner = r"\s+or\s+" if len(parts) > 1 else r"\s+(?:or|and)\s+"
    parts = [*parts[:-1], *(re.split(joiner, last, flags=re.I) if last == parts[-1] else [last])]
    if len(parts) > 1 and _NOT_LABELS.match(parts[-1]):
        parts.pop()
    parts[0] = _LEAD.sub("", parts[0].rpartition(": ")[2].lstrip(": "))
    out = []
    for part in parts:
        inner = re.fullmatch(r"(?P<label>[^()]+?)\s*\((?P<about>.+)\)", part)
        label = (inner["label"] if inner else part).strip(_STRIP)
        if not label or len(label) > 60 or len(label.split()) > 5:
            return []
        out.append((label, inner["about"] if inner else ""))
    return out if len(out) > 1 else []


def _lines(text: str) -> list[tuple[str, str, bool]]:
    """Return (label, description or "", has a bullet) for every line that may name a label."""
    out = []
    for line in text.splitlines():
        match = _LINE.match(line)
        label = match["label"].strip(_STRIP) if match else ""
        if match and label and len(label.split()) <= 5:
            out.append((label, (match["about"] or "").strip(), match["bullet"] is not None))
    return out


@lru_cache(maxsize=256)
def _labels_in(text: str) -> Mapping[str, str]:
    """Return label -> description or "" as the text lists them; empty where it lists none.

    Of several cues in a sentence the one with the longest list counts, the last of equals. Lines with
    descriptions win over a list that has nothing in common with them (that was a sentence, not a list).
    """
    listed: list[tuple[str, str]] = []
    for cue in _CUE.finditer(text):
        items = _items(text[cue.end() :])
        if len(items) >= max(len(listed), 2):
            listed = items
    lines = _lines(text)
    told = [(label, about) for label, about, bullet in lines if about and (bullet or _CUE.search(text))]
    if len(told) > 1 and not {_plain(label) for label, _ in listed} & {_plain(label) for label, _ in told}:
        listed = told
    if not listed:
        listed = [(label, about) for label, about, bullet in lines if bullet]
    return dict(listed) if len(listed) > 1 else {}


def _answered(text: str, allowed: Mapping[str, str]) -> str | None:
    """Return the allowed label that an assistant turn gives; None where it gives none."""
    try:
        value = json.loads(text) if text.lstrip().startswith("{") else text
    except ValueError:
        value = text
    values = value.values() if isinstance(value, dict) else (value,)
    return next(
        (allowed[_plain(item)] for item in values if isinstance(item, str) and _plain(item) in allowed), None
    )


def _examples(before: Sequence[tuple[str, str]], allowed: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for (role, text), (next_role, answer) in pairwise(before):
        if role == "user" and next_role == "assistant":
            label = _answered(answer, allowed)
            if label is not None:
                yield text, label


def read_prompt(before: Sequence[tuple[str, str]], schema: str | None) -> Prompt:
    """Return what the messages before the text in question, and the schema, say.

    Raises
    ------
    ChatError
        With status 400 where no allowed labels are found, or there are more than `MAX_EXAMPLES` examples.
    """
    instruction = "\n".join(text for role, text in before if _instructs(role))
    labels, field = _enum(json.loads(schema)) if schema is not None else ((), None)
    written = _labels_in(instruction)
    labels = labels or tuple(written)
    if not labels:
        raise ChatError(
            "prompt",
            "it names no allowed labels, and this small classifier can only choose among labels",
            "List them in the system message ('Answer with one of a, b, c.') or as the 'enum' of the JSON"
            " schema in response_format.",
            code="no_labels",
        )
    allowed = {_plain(label): label for label in labels}
    described = [*written.items(), *((label, text) for label, text, _ in _lines(instruction))]
    about = {allowed[_plain(label)]: text for label, text in described if text and _plain(label) in allowed}
    examples = tuple(_examples(before, allowed))
    if len(examples) > MAX_EXAMPLES:
        raise ChatError(
            "prompt",
            f"it holds {len(examples):,} examples",
            f"Give at most {MAX_EXAMPLES:,}.",
            code="too_long",
        )
    return Prompt(
        labels=tuple(allowed.values()),
        about=about,
        examples=examples,
        field=field or ("label" if schema else None),
    )
