from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.define.study_yaml import dump, parse
from workbench.errors import StudyError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def test_every_value_has_its_line() -> None:
    """Keys and list items are found by path; an unknown path has the line of what it would stand in."""
    tree = parse("a:\n  - x\n  - b: |\n      y\n\n      z\nc: 1\n", "s")
    assert tree.value == {"a": ["x", {"b": "y\n\nz\n"}], "c": 1}
    assert [tree.line(path) for path in [("a",), ("a", 0), ("a", 1, "b"), ("c",), ("c", "d"), ("e",)]] == [
        1,
        2,
        3,
        7,
        7,
        1,
    ]


def test_keys_are_text_as_written() -> None:
    """`no` and `1` as keys are not turned into other things."""
    assert parse("no: 1\n1: 2\n", "s").value == {"no": 1, "1": 2}


def test_an_alias_is_the_value_again() -> None:
    """A few aliases are convenient, and have the lines of where they are used."""
    tree = parse("a: &x [1]\nb: *x\n", "s")
    assert tree.value == {"a": [1], "b": [1]}
    assert tree.line(("b",)) == 2


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "a: &a [*a]",
        "[" * 30 + "]" * 30,
        "[" * 100_000,
        "- x\n" * 20_001,
        "x" * 1_000_001,
        "a: 1\n---\nb: 2\n",
        "? [a]\n: 1\n",
        "a: " + "9" * 5000,
        "a: 2024-99-99",
        "a: *nowhere",
        "a: !!python/object/apply:os.system [x]\nb: !!python/tuple x",
        "\x00",
        "a:\tb: c",
    ],
)
def test_what_would_harm_or_confuse_is_refused(text: str) -> None:
    """Alias bombs, cycles, depth, size, foreign tags and broken text are errors, at once."""
    with pytest.raises(StudyError):
        parse(text, "s")


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text ends in anything but values or a StudyError."""
    with contextlib.suppress(StudyError):
        assert parse(text, "s").line(()) is not None


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=4))
def test_what_is_written_reads_back(value: dict[str, Any]) -> None:
    """Any plain document survives writing and reading."""
    assert parse(dump(value), "s").value == value
