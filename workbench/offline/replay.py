"""Recordings as models: a request that was recorded gets what was recorded, any other a clear 404.

A recording is looked up by the digest of the rendered messages and the model's name; parameters are not
compared. The same messages may have been recorded several times (repeats): ``seed`` chooses, as
``outputs[seed % n]``, so that seeds 0, 1, 2, … give the recordings in their order, a seed derived from study
and repeat draws one of them, and the same request has the same answer in any order of calls; without a seed
they come in order, round and round.
"""

from __future__ import annotations

import gzip
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from workbench.core.identity import digest
from workbench.errors import DatasetError
from workbench.offline.chat import Chat, ChatError

__all__ = ["Recording"]

_Prompt = Literal["whole", "opening"]


class Recording:
    """A `Responder` over recorded calls.

    Parameters
    ----------
    rows
        Mappings with ``messages`` (list of {role, content}), ``output`` (text), and optionally ``model``.
    model
        The name served for rows that have none; needed where there are such rows.
    prompt
        Which of a row's messages were the prompt: ``whole``: all of them; ``opening``: those before the
        model's first turn, for logs that hold the model's own turns after it. (A prompt with examples in
        assistant turns needs ``whole``.)
    about
        What it is a recording of, shown by ``/v1/models``.
    source
        Named in errors.

    Raises
    ------
    DatasetError
        Where there are no rows, or a row lacks what is needed; names the row.
    """

    def __init__(
        self,
        rows: Iterable[Mapping[str, Any]],
        *,
        model: str | None = None,
        prompt: _Prompt = "whole",
        about: str = "recorded answers",
        source: str = "recording",
    ) -> None:
        self._outputs: dict[str, list[str]] = {}
        self._turn: Counter[str] = Counter()
        names: Counter[str] = Counter()
        for number, row in enumerate(rows, start=1):
            name, messages, output = _checked(row, model, f"{source}, row {number}")
            asked = (
                itertools.takewhile(lambda m: m[0] != "assistant", messages)
                if prompt == "opening"
                else messages
            )
            self._outputs.setdefault(_key(name, tuple(asked)), []).append(output)
            names[name] += 1
        if not names:
            raise DatasetError(source, "it holds no rows", "Give at least one recorded call.")
        self.models: Mapping[str, str] = {
            name: f"Replays {count:,} recorded calls ({about}); asks no model, and knows no other request."
            for name, count in names.items()
        }

    @classmethod
    def from_jsonl(
        cls,
        *paths: str | Path,
        model: str | None = None,
        prompt: _Prompt = "whole",
        about: str = "recorded answers",
        keep: Callable[[Mapping[str, Any]], bool] | None = None,
    ) -> Self:
        """Return the recording in one or more JSONL files, plain or gzipped (``.gz``).

        Parameters
        ----------
        model, prompt, about
            As for the class.
        keep
            Rows for which it is false are left out; None keeps all.

        Raises
        ------
        DatasetError
            Where a file is missing or a line is no JSON object; names file and line.
        """
        rows = (row for path in paths for row in _read(Path(path)) if keep is None or keep(row))
        return cls(
            rows, model=model, prompt=prompt, about=about, source=", ".join(Path(p).name for p in paths)
        )

    def __len__(self) -> int:
        """Return the number of different requests it knows."""
        return len(self._outputs)

    def answer(self, chat: Chat) -> str:
        """Return the recorded output.

        Raises
        ------
        ChatError
            With status 404 where these messages were not recorded for this model.
        """
        key = _key(chat.model, chat.messages)
        outputs = self._outputs.get(key)
        if outputs is None:
            raise ChatError(
                f"recording {chat.model!r}",
                f"this request was not recorded ({len(chat.messages)} messages, digest {key[:12]})",
                "Send exactly the recorded messages, or ask a model that answers anything.",
                status=404,
                code="recording_not_found",
            )
        if chat.seed is not None:
            return outputs[chat.seed % len(outputs)]
        turn = self._turn[key]
        self._turn[key] += 1
        return outputs[turn % len(outputs)]


def _key(model: str, messages: Iterable[tuple[str, str]]) -> str:
    return digest([model, list(messages)])


def _checked(row: Mapping[str, Any], model: str | None, where: str) -> tuple[str, list[tuple[str, str]], str]:
    name, output, messages = row.get("model") or model, row.get("output"), row.get("messages")
    if not isinstance(name, str):
        raise DatasetError(where, "it names no model", "Add a 'model' to the row, or give model=.")
    if not isinstance(output, str):
        raise DatasetError(where, "it has no text 'output'", "Leave the row out or record its output.")
    if not isinstance(messages, list) or not messages:
        raise DatasetError(where, "it has no 'messages'", "Give the rendered messages of the call.")
    pairs = []
    for message in messages:
        role, content = (
            (message.get("role"), message.get("content")) if isinstance(message, Mapping) else (None, None)
        )
        if not isinstance(role, str) or not isinstance(content, str):
            raise DatasetError(where, "a message has no text role and content", "Record text messages only.")
        pairs.append((role, content))
    return name, pairs, output


def _read(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8") as file
        ):
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _parsed(line, f"{path.name}, line {number}")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DatasetError(
            path.name, f"it cannot be read ({error})", "Give a JSONL file, plain or .gz."
        ) from error


def _parsed(line: str, where: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DatasetError(where, "it is not JSON", "Write one JSON object a line.") from error
    if not isinstance(row, dict):
        raise DatasetError(where, "it is not a JSON object", "Write one JSON object a line.")
    return row
