"""Reading a study's fields: each of its kind, or an error that names line, problem and remedy."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from typing import Any

from workbench.define.study_yaml import Place, Tree
from workbench.errors import StudyError

__all__ = ["Section", "nearest"]

_WORDS: Mapping[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a mapping",
    type(None): "nothing",
}


def nearest(word: str, known: Collection[str]) -> str:
    """Return ``Did you mean 'x'? Known: …`` for a word that is not known."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return (f"Did you mean {close[0]!r}? " if close else "") + f"Known: {', '.join(sorted(known))}."


def _word(value: Any) -> str:
    return _WORDS.get(type(value), f"a {type(value).__name__}")


class Section:
    """One mapping of the study file.

    Parameters
    ----------
    tree
        The file.
    path
        Where the mapping stands.
    known
        The keys it may have; None: any.

    Raises
    ------
    StudyError
        Where it is no mapping, or has a key that is not known.
    """

    def __init__(self, tree: Tree, path: Place = (), known: Collection[str] | None = None) -> None:
        self.tree = tree
        self.path = path
        value = tree.value
        for step in path:
            value = value[step]
        if not isinstance(value, dict):
            raise tree.error(
                path, f"{self.where()} is {_word(value)}", "Write a mapping: `key: value` lines."
            )
        self.value: dict[str, Any] = value
        for key in value if known is not None else ():
            if key not in (known or ()):
                raise self.error(key, f"unknown key {key!r} in {self.where()}", nearest(key, known or ()))

    def where(self, *more: str | int) -> str:
        """Return the place in words: ``variants[0].template``."""
        text = ""
        for step in (*self.path, *more):
            text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
        return text or "the study"

    def error(self, key: str | int | None, problem: str, remedy: str) -> StudyError:
        """Return the error for a mistake at a key, or at the section itself (None)."""
        return self.tree.error(self.path if key is None else (*self.path, key), problem, remedy)

    def _wrong(self, key: str, value: Any, wanted: str) -> StudyError:
        hint = " Put it in quotes if it is meant as text." if wanted.startswith("text") else ""
        return self.error(key, f"{self.where(key)} is {_word(value)}, not {wanted}", f"Write {wanted}.{hint}")

    def require(self, key: str) -> Any:
        """Return a key's value, or raise `StudyError` where it is absent or empty."""
        value = self.value.get(key)
        if value is None:
            raise self.error(key, f"{self.where(key)} is missing", f"Add `{key}:` to {self.where()}.")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text that is not blank; without a default the key is required."""
        value = self.value.get(key)
        if value is None and default is not None:
            return default
        value = self.require(key)
        if not isinstance(value, str):
            raise self._wrong(key, value, "text")
        if not value.strip() and default is None:
            raise self.error(key, f"{self.where(key)} is blank", "Write something.")
        return value

    def number(self, key: str, *, low: float = 0, high: float = math.inf) -> float | None:
        """Return a finite number in [low, high]; None where the key is absent."""
        value = self.value.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._wrong(key, value, "a number, such as 0.02")
        if not math.isfinite(value) or not low <= value <= high:
            span = f"at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
            raise self.error(key, f"{self.where(key)} is {value}", f"Write a number {span}.")
        return value

    def whole(self, key: str, default: int, *, low: int = 0, high: int = 2**31 - 1) -> int:
        """Return a whole number in [low, high]."""
        value = self.value.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise self._wrong(key, value, "a whole number")
        number = self.number(key, low=low, high=high)
        return default if number is None else int(number)

    def flag(self, key: str) -> bool | None:
        """Return true or false; None where the key is absent."""
        value = self.value.get(key)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(key, value, "true or false")
        return value

    def items(self, key: str, *, required: bool = True) -> list[Any]:
        """Return a list that is not empty; an absent one that is not required is empty."""
        value = self.require(key) if required else self.value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(key, value, "a list (`- item` lines)")
        if not value:
            raise self.error(key, f"{self.where(key)} is empty", "Write at least one item.")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; none of them blank."""
        for index, item in enumerate(self.items(key)):
            if not isinstance(item, str) or not item.strip():
                found = "blank" if isinstance(item, str) else _word(item)
                raise self.tree.error(
                    (*self.path, key, index),
                    f"{self.where(key, index)} is {found}, not text",
                    "Put it in quotes: yes, no, on, off and numbers are not text without them.",
                )
        return tuple(self.value[key])

    def mapping(self, key: str) -> dict[str, Any]:
        """Return a mapping with any keys; empty where the key is absent."""
        return {} if self.value.get(key) is None else Section(self.tree, (*self.path, key)).value

    def section(self, *steps: str | int, known: Collection[str] | None = None) -> Section:
        """Return the section below."""
        return Section(self.tree, (*self.path, *steps), known)
