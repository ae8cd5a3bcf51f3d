"""Repair: what is taken away, and what is left alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.score.repair import repair

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
CONTAINERS = VALUES.filter(lambda value: isinstance(value, (list, dict)))


@given(VALUES, st.booleans())
def test_json_comes_back_as_it_is(value: object, plain: bool) -> None:
    """Nothing is changed that need not be."""
    text = json.dumps(value, ensure_ascii=plain)
    assert repair(text) == text


@given(CONTAINERS, st.sampled_from(["```json\n{}\n```", "Sure: {} Done.", "\n\n{}.", "json\n{}", "{}}}"]))
def test_wrapping_is_taken_away(value: object, around: str) -> None:
    """Whatever the value, a fence or words around it leave the value itself."""
    text = json.dumps(value)
    mended = repair(around.replace("{}", text, 1))
    if "```" in text:  # a fence within a fence: whatever is found must be right
        assert mended in (None, text)
    else:
        assert mended == text


@given(CONTAINERS.filter(bool))
def test_one_comma_too_many(value: object) -> None:
    """A comma before a closing bracket goes; those in text stay."""
    text = json.dumps(value)
    broken = f"{text[:-1]},{text[-1]}"
    mended = repair(broken)
    assert mended is not None
    assert json.loads(mended) == json.loads(text)


@given(CONTAINERS, st.data())
def test_what_is_cut_is_never_completed(value: object, data: st.DataObject) -> None:
    """No beginning of a value is a value, and no part of it is taken for the whole."""
    text = json.dumps(value)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    assert repair(f"Sure: {cut}") is None


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ('{"a": [1, 2,], }', '{"a": [1, 2] }'),
        ('{"a": ",}"}', '{"a": ",}"}'),
        ('x {"a": ",}",} y', '{"a": ",}"}'),
        ('```\n{"a": 1}\n```\nor\n```\nnot this\n```', '{"a": 1}'),
        ('[no] {"a": 1}', '{"a": 1}'),
        ('{"outer": {"a": 1} oops}', None),
        ('{"list": [{"a": 1}, {"a": 2}', None),
        ('```\n{"a": 1}\n```\nor\n```\n{"a": 2}\n```', None),
        ('{"a": 1} {"a": 1}', None),
        ("[,]", None),
        ('{"a": 1,,}', None),
        ("no JSON", None),
        ("", None),
        ("[" * 100_000 + "]" * 100_000, None),
        ('{"a": "' * 20_000, None),
    ],
)
def test_single_cases(text: str, mended: str | None) -> None:
    """Two values, an inner one, a doubled comma: not guessed."""
    assert repair(text) == mended
