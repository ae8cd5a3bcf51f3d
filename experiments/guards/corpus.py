"""The written corpus: reading it, filling in the fake keys, and its two halves."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["LISTED", "TOPIC_CATEGORIES", "Row", "corpus", "half", "more"]

FOLDER = Path(__file__).parent

LISTED = ("bloody", "crap", "crappy", "damn", "idiot", "idiots", "moron", "morons")
"""The word list that the texts of the category ``word`` are about."""

TOPIC_CATEGORIES = ("medical", "investment")

_BODY = "FakeZ" + "Ab3" * 12

# No file holds the shape of a key: a text names it in braces, and it is put together here.
FAKES = {
    "openai": "sk-" + "proj-" + _BODY,
    "anthropic": "sk-" + "ant-" + _BODY,
    "huggingface": "hf" + "_" + _BODY,
    "github": "gh" + "p_" + _BODY,
    "gitlab": "gl" + "pat-" + _BODY,
    "google": "AI" + "za" + _BODY,
    "slack": "xo" + "xb-" + _BODY,
    "npm": "np" + "m_" + _BODY,
    "aws": "AKIA" + "FAKEFAKE" * 2,
    "databricks": "da" + "pi" + "fa4e7216" * 4,
    "jwt": ".".join(["ey" + "J" + _BODY, "ey" + "J" + "Ab3" * 8, "Ab3" * 8]),
    "bearer": _BODY,
    "login": "app:" + "Fake-" + "pass-" + "word-" + "1234",
    "passphrase": "Fake-" + "pass-" + "word-" + "1234",
    "pin": "00" + "00" + "#",
    "pem": "-----BEGIN RSA " + "PRIVATE KEY-----\n" + _BODY + "\n-----END RSA " + "PRIVATE KEY-----",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One written text.

    Parameters
    ----------
    row_id, group
        Its name, and that of the template or idea that it shares with others.
    categories
        What is in it; empty for a harmless one.
    near
        The category that a harmless text looks like; None where it looks like none.
    """

    row_id: str
    group: str
    categories: tuple[str, ...]
    near: str | None
    text: str


def _read(path: Path) -> list[Row]:
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        plain = json.loads(line)
        text = plain["text"]
        for name, fake in FAKES.items():
            text = text.replace("{" + name + "}", fake)
        rows.append(
            Row(
                row_id=plain["id"],
                group=plain["group"],
                categories=tuple(plain["categories"]),
                near=plain["near"],
                text=text,
            )
        )
    return rows


def corpus(folder: Path = FOLDER) -> list[Row]:
    """Return all rows, in the order of the files and their lines."""
    return [row for path in sorted((folder / "corpus").glob("*.jsonl")) for row in _read(path)]


def more(folder: Path = FOLDER) -> list[Row]:
    """Return further rows that are trained on and never measured."""
    return _read(folder / "more.jsonl")


def half(rows: Sequence[Row], which: Literal["tune", "held"]) -> list[Row]:
    """Return one of two halves: no group is in both, and nobody chose which is where.

    Of each category, and of each category's look-alikes, the groups go to the halves in turn, in the order of
    the sha256 of their names.
    """
    first = {row.group: row for row in reversed(rows)}
    kinds: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for group in sorted(first, key=lambda name: hashlib.sha256(name.encode()).hexdigest()):
        kinds[(first[group].categories, first[group].near)].append(group)
    held = {group for groups in kinds.values() for group in groups[1::2]}
    return [row for row in rows if (row.group in held) == (which == "held")]
