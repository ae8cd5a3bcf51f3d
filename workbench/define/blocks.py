"""Blocks: the pieces of a prompt that one may leave out, to see what each is worth."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from workbench.core.records import Message
from workbench.define.template import variables
from workbench.define.variant import Variant
from workbench.errors import InputError, TemplateError

__all__ = ["Block", "BlockKind", "blocks", "without"]

BlockKind = Literal["heading", "paragraph", "item", "code", "tag", "turn", "examples"]

Span = tuple[int, int, int]
"""(message, start, end) of a piece of its content, the blank lines after it included."""

_ITEM = re.compile(r"(?P<indent>[ \t]*)(?:[-*+•–]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])[ \t]+\S")
_HEADING = re.compile(r" {0,3}(?:#{1,6}[ \t]+\S.*|\*\*[^*\n]+\*\*:?|={3,}.*|-{3,})\s*")
_TAG = re.compile(r"\s*</?[A-Za-z][\w.:-]*(?:\s[^<>]*)?>\s*")
_FENCE = re.compile(r"\s*(?P<fence>```+|~~~+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of a variant's prompt.

    Parameters
    ----------
    number
        Its place, from 1.
    kind
        ``examples`` are all the variant's examples together; ``turn`` is a question and its answer among the
        template's messages.
    role
        Of its message.
    text
        As it stands in the template, variables unfilled; of examples, how many they are.
    spans
        Where it stands; empty for examples.
    kept
        Why it cannot be left out; empty where it can.
    """

    number: int
    kind: BlockKind
    role: str
    text: str
    spans: tuple[Span, ...]
    kept: str = ""


def blocks(variant: Variant, *, items: bool = True) -> tuple[Block, ...]:
    """Return a prompt's blocks, in order; each character of it is in exactly one.

    A message is cut at blank lines. A heading (``# …``, a bold line) is a block, a fenced block of code is
    one whatever is in it, and so is each item of a list with what is indented below it; the line before a
    list is a block of its own. A question of the user and the answer after it, written out as messages, are
    one block; so are all of the variant's examples.

    A block cannot be left out where it holds a variable of the case, is a tag alone (``<rules>``), belongs to
    a tool's call, or nothing to ask would be left.

    Parameters
    ----------
    variant
        Whose prompt.
    items
        Whether the items of a list are blocks; False: a list is part of its paragraph.
    """
    messages, found = _messages(variant), []
    taken: set[int] = set()
    for index, message in enumerate(messages):
        if index in taken:
            continue
        after = messages[index + 1] if index + 1 < len(messages) else None
        if message.tool_calls or message.role == "tool":
            found.append(_block("turn", [(index, message)], "it belongs to a tool's call"))
        elif message.role == "user" and after is not None and after.role == "assistant":
            kept = "it belongs to a tool's call" if after.tool_calls else ""
            found.append(_block("turn", [(index, message), (index + 1, after)], kept))
            taken.add(index + 1)
        else:
            found += [
                Block(
                    number=0,
                    kind=kind,
                    role=message.role,
                    text=message.content[start:end].strip(),
                    spans=((index, start, end),),
                    kept="a tag alone is kept" if kind == "tag" else "",
                )
                for kind, start, end in _cut(message.content, items)
            ]
    if variant.examples is not None:
        count = f"{len(variant.examples)} examples"
        found.append(Block(number=0, kind="examples", role="user", text=count, spans=()))
    return tuple(_checked(variant, replace(block, number=place + 1)) for place, block in enumerate(found))


def without(variant: Variant, *numbers: int, items: bool = True, name: str | None = None) -> Variant:
    """Return a variant with some blocks left out, and with the constants that it then no longer uses.

    Parameters
    ----------
    variant
        The whole one.
    *numbers
        Of its `blocks`.
    items
        As `blocks` takes it.
    name
        Of the new one; None: ``terse-without-3`` for block 3 of ``terse``.

    Raises
    ------
    InputError
        Where there is no block of such a number.
    TemplateError
        Where one cannot be left out, or nothing would be left to ask.
    """
    there = {block.number: block for block in blocks(variant, items=items)}
    for number in numbers:
        if number not in there:
            raise InputError(
                f"variant {variant.name!r}", f"it has no block {number}", f"It has 1 to {len(there)}."
            )
        if there[number].kept:
            raise TemplateError(
                f"variant {variant.name!r}, block {number}",
                f"it cannot be left out: {there[number].kept}",
                "Leave another one out.",
            )
    order = sorted(set(numbers))
    named = name or "-".join([variant.name, "without", *map(str, order)])
    return _left(variant, [there[number] for number in order], named)


def _messages(variant: Variant) -> tuple[Message, ...]:
    """Return the template's messages, as they stand."""
    return variant.replace(examples=None).chat


def _block(kind: BlockKind, turns: Sequence[tuple[int, Message]], kept: str) -> Block:
    return Block(
        number=0,
        kind=kind,
        role=turns[0][1].role,
        text="\n".join(message.content for _, message in turns).strip(),
        spans=tuple((index, 0, len(message.content)) for index, message in turns),
        kept=kept,
    )


def _checked(variant: Variant, block: Block) -> Block:
    """Return the block, with why it cannot be left out where it cannot."""
    if block.kept:
        return block
    held = [name for name in variables(block.text) if name not in variant.constants]
    if block.kind != "examples" and held:
        return replace(block, kept=f"it holds {', '.join(held)} of the case")
    try:
        _left(variant, [block], variant.name)
    except TemplateError as error:
        return replace(block, kept=error.problem)
    return block


def _left(variant: Variant, gone: Sequence[Block], name: str) -> Variant:
    rest = []
    for index, message in enumerate(_messages(variant)):
        cuts = sorted(span[1:] for block in gone for span in block.spans if span[0] == index)
        content = message.content
        for start, end in reversed(cuts):
            content = content[:start] + content[end:]
        if not cuts:
            rest.append(message)
        elif content.strip():
            rest.append(replace(message, content=content.rstrip()))
    used = {each for message in rest for each in variables(message.content)}
    unbound = {constant: None for constant in variant.constants if constant not in used}
    examples = None if any(block.kind == "examples" for block in gone) else variant.examples
    return variant.replace(name=name, template=rest, examples=examples, **unbound)


def _cut(content: str, items: bool) -> Iterator[tuple[BlockKind, int, int]]:
    """Yield (kind, start, end) of a text's blocks; blank lines belong to the block before them."""
    cutter = _Cutter(items)
    starts: list[tuple[BlockKind, int]] = []
    at = 0
    for line in content.splitlines(keepends=True):
        kind = cutter.begins(line)
        if kind is not None:
            starts.append((kind, at if starts else 0))  # blank lines at the top belong to the first
        at += len(line)
    ends = [start for _, start in starts[1:]] + [len(content)]
    for (kind, start), end in zip(starts, ends, strict=False):  # a blank text has no block
        yield kind, start, end


class _Cutter:
    """Reads lines and says which begin a block."""

    def __init__(self, items: bool) -> None:
        self._items = items
        self._fence = ""
        self._fresh = True  # after a blank line, a heading or a tag: whatever comes begins a block
        self._indent: int | None = None  # of the list under way

    def begins(self, line: str) -> BlockKind | None:
        """Return the kind of the block that a line begins; None: it belongs to the one before."""
        if self._fence:
            self._fence = "" if line.strip().startswith(self._fence) else self._fence
            self._fresh = not self._fence
            return None
        if not line.strip():
            self._fresh = True
            return None
        return self._text(line)

    def _text(self, line: str) -> BlockKind | None:
        fresh, fence = self._fresh, _FENCE.match(line)
        self._fresh = False
        indent = len(line) - len(line.lstrip())
        if self._indent is not None and indent > self._indent:
            self._fence = fence["fence"] if fence else ""
            return None  # what is indented below an item is part of it
        if fence:
            self._fence, self._indent = fence["fence"], None
            return "code"
        for kind, pattern in (("tag", _TAG), ("heading", _HEADING)):
            if pattern.fullmatch(line):
                self._fresh, self._indent = True, None
                return kind  # type: ignore[return-value]
        if self._items and _ITEM.match(line):
            self._indent = indent
            return "item"
        if fresh or self._indent is None:
            self._indent = None
            return "paragraph" if fresh else None
        return None
