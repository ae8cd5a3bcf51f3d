"""Showing: escaped, complete, counted."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from workbench.core.show import Shown, escape, table_html


@dataclass(frozen=True)
class Result(Shown):
    """A result with one hostile cell."""

    rows: int

    @property
    def frame(self) -> pd.DataFrame:
        """The table."""
        return pd.DataFrame({"<b>": ["<script>alert(1)</script>"] * self.rows})

    @property
    def summary(self) -> str:
        """The words."""
        return "<i>hello</i>"


def test_everything_is_escaped() -> None:
    """Markup in a column name, a cell or the summary is shown as text."""
    page = Result(1)._repr_mimebundle_()["text/html"]
    assert "<script" not in page
    assert "<i>" not in page
    assert "<b>" not in page


def test_rows_left_out_are_counted() -> None:
    """A long table says how many rows it leaves out."""
    assert "40 more rows" in table_html(Result(50).frame, max_rows=10)


def test_text_has_summary_and_table() -> None:
    """The plain text holds the words and the rows."""
    assert "hello" in str(Result(1))
    assert "alert" in str(Result(1))


def test_two_prices_are_no_formula() -> None:
    """Dollar signs stand apart, so that a notebook does not typeset what is between them."""
    assert escape("$1 to $2") == "<span>$</span>1 to <span>$</span>2"


def test_without_a_row_there_are_words_only() -> None:
    """A result whose table is empty is its summary, not a note on an empty table."""
    assert str(Result(0)) == Result(0).summary
