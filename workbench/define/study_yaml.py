"""YAML that knows its lines: a study file read as plain values, each with where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from workbench.errors import StudyError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_VALUES", "Place", "Tree", "dump", "parse"]

MAX_BYTES = 1_000_000
"""The largest study file that is read."""

MAX_VALUES = 20_000
"""The most values a study file may have, each use of an alias counted anew."""

MAX_DEPTH = 20
"""How deep values may be nested."""

Place = tuple[str | int, ...]
"""Where a value stands: keys and list positions from the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A document and the lines it was read from.

    Parameters
    ----------
    value
        Dicts, lists, text, numbers, bools, dates, None.
    subject
        What errors call the document.
    lines
        The 1-based line of each path; empty where the document was not read from text.
    """

    value: Any
    subject: str
    lines: Mapping[Place, int] = field(default_factory=dict)

    def line(self, path: Place) -> int | None:
        """Return the line of a path, or of the nearest place above it; None where no line is known."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None

    def error(self, path: Place, problem: str, remedy: str) -> StudyError:
        """Return the error for a mistake at a path."""
        return StudyError(self.subject, problem, remedy, line=self.line(path))


_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class _Reader:
    """Turns composed nodes into values, and counts what it makes."""

    def __init__(self, loader: yaml.SafeLoader, subject: str) -> None:
        self.loader = loader
        self.subject = subject
        self.lines: dict[Place, int] = {}
        self.left = MAX_VALUES

    def refuse(self, node: yaml.Node, problem: str, remedy: str) -> StudyError:
        return StudyError(self.subject, problem, remedy, line=node.start_mark.line + 1)

    def read(self, node: yaml.Node, path: Place) -> Any:
        self.left -= 1
        if self.left < 0 or len(path) > MAX_DEPTH:
            raise self.refuse(
                node,
                f"more than {MAX_VALUES:,} values, or nested deeper than {MAX_DEPTH}",
                "Aliases (*name) count each time; write less into the file, and keep cases in the table.",
            )
        self.lines.setdefault(path, node.start_mark.line + 1)
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN_TAGS:
            raise self.refuse(node, f"the tag {node.tag} is not known here", "Write a plain list or mapping.")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        try:
            return self.loader.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            why = getattr(error, "problem", None) or str(error)
            raise self.refuse(
                node, why, "Write plain text (in quotes), a number, a list or a mapping."
            ) from None

    def _mapping(self, node: yaml.MappingNode, path: Place) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.refuse(key_node, "a key is not text", "Write `key: value`.")
            key = key_node.value  # as written: `no` and `1` stay text
            if key in out:
                raise self.refuse(key_node, f"the key {key!r} occurs twice", "Keep one of them.")
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            out[key] = self.read(value_node, (*path, key))
        return out


def _syntax_error(subject: str, error: yaml.YAMLError) -> StudyError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or " ".join(str(error).split())
    context = getattr(error, "context", None)
    return StudyError(
        subject,
        f"this is not YAML: {problem}" + (f" ({context})" if context else ""),
        "Check indentation, colons and quotes there and in the line above.",
        line=None if mark is None else mark.line + 1,
    )


def parse(text: str, subject: str) -> Tree:
    """Return a YAML text as plain values with their lines.

    Only what YAML's safe loader knows; nothing is executed. Keys are text as written.

    Parameters
    ----------
    text
        At most `MAX_BYTES` long, one document.
    subject
        What errors call it.

    Raises
    ------
    StudyError
        Where it is too large, not YAML, has a key twice, or is nested or aliased beyond the caps.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise StudyError(
            subject, f"it is larger than {MAX_BYTES:,} bytes", "Keep the cases in a table of their own."
        )
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise StudyError(subject, "it is empty", "Write a study, or let `workbench init` write one.")
        reader = _Reader(loader, subject)
        return Tree(value=reader.read(node, ()), subject=subject, lines=reader.lines)
    except yaml.YAMLError as error:
        # From nothing: the parser quotes the line, and a key may stand in it.
        raise _syntax_error(subject, error) from None
    except RecursionError as error:
        raise StudyError(subject, "it is nested too deeply", f"Nest at most {MAX_DEPTH} levels.") from error


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, and nothing as an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if any(sign in text for sign in "\x85\u2028\u2029"):  # other styles would read them back as line ends
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _write_text)


def dump(value: Any) -> str:
    """Return plain values as YAML: keys in their order, text of several lines as a block."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
