"""The normal form of an answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.core.normal import normal


@given(st.text())
def test_normal_form_is_a_fixed_point(text: str) -> None:
    """The normal form of a normal form is itself."""
    assert normal(normal(text)) == normal(text)


@given(st.text(st.characters(categories=["L", "N"]), min_size=1), st.sampled_from(["", " ", "\n", '"', "**"]))
def test_normal_form_ignores_what_stands_around(word: str, around: str) -> None:
    """Case, white space, quotation marks and a full stop do not change the normal form."""
    assert normal(f"{around}{word}{around}.") == normal(word)
