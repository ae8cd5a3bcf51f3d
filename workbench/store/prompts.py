"""Prompts kept once: all messages of a chat but the last, by content."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from workbench.core.identity import digest
from workbench.core.records import Message, Request, Trial
from workbench.store.codec import decode, encode, record_from_plain
from workbench.store.schema import Database

__all__ = ["Prompts"]

Asked = TypeVar("Asked", Request, Trial)

REMEMBERED = 4096  # prompts whose name is kept in memory


class Prompts:
    """The journal's table of prompts.

    A system message and its examples are the same for every case and repeat of an arm; kept with each trial
    they would be most of the file, and most of the work of writing it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names: dict[tuple[str, ...], str] = {}

    def _name(self, messages: Sequence[Message]) -> str | None:
        """Store messages unless they are there, and return their name; None for no messages."""
        if not messages:
            return None
        key = tuple(part for message in messages for part in (message.role, message.content))
        # Messages of tool calls are told apart by more than role and text: these are always looked up.
        simple = not any(message.tool_calls or message.tool_call_id is not None for message in messages)
        if simple and key in self._names:
            return self._names[key]
        body = encode(messages)
        name = digest(body)
        with self._database.write() as connection:
            connection.execute("INSERT OR IGNORE INTO prompts (digest, body) VALUES (?, ?)", (name, body))
        if simple:
            if len(self._names) >= REMEMBERED:
                self._names.clear()
            self._names[key] = name
        return name

    def _messages(self, names: set[str]) -> dict[str, tuple[Message, ...]]:
        found = {}
        for name in names:
            for (body,) in self._database.read("SELECT body FROM prompts WHERE digest = ?", (name,)):
                found[name] = tuple(record_from_plain(Message, row) for row in json.loads(body))
        return found

    def pack(self, record: Request | Trial) -> tuple[str | None, str]:
        """Return the name of a record's messages before the last (None: no such), and the rest as JSON."""
        messages = record.messages
        return self._name(messages[:-1]), encode(record, {"messages": messages[-1:]})

    def unpack(self, kind: type[Asked], rows: Sequence[tuple[str | None, str]]) -> list[Asked]:
        """Return the records that `pack` gave the rows of."""
        before = self._messages({name for name, _ in rows if name is not None})
        records = [decode(kind, text) for _, text in rows]
        return [
            record if name is None else replace(record, messages=before[name] + record.messages)
            for record, (name, _) in zip(records, rows, strict=True)
        ]
