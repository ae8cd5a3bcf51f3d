"""How good a classifier is on texts of known content: precision, recall, over-blocking, and its time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from workbench.analyze.intervals import Interval, mean_interval
from workbench.core.protocols import Classifier
from workbench.core.records import Verdict
from workbench.core.show import Shown
from workbench.errors import InputError

__all__ = ["GuardReport", "KnownText", "examine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownText:
    """A text of which is known what is in it.

    Parameters
    ----------
    categories
        What is in it; empty: it is harmless.
    near
        The category that it looks like and is not; None: it looks like none.
    group
        What it shares a template or source with; "": it is by itself. Intervals are clustered by it.
    """

    text: str
    categories: tuple[str, ...] = ()
    near: str | None = None
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GuardReport(Shown):
    """What a classifier found in texts of known content.

    Parameters
    ----------
    name
        The classifier's.
    texts, verdicts
        One verdict a text, in their order.
    categories
        Which are looked at.
    """

    name: str
    texts: tuple[KnownText, ...]
    verdicts: tuple[Verdict, ...]
    categories: tuple[str, ...]

    def marks(self, category: str) -> dict[str, pd.Series[float]]:
        """Return 0 and 1 of each text that a share is of, indexed by its group.

        Returns
        -------
        marks
            ``recall``: found, of the texts with the category. ``precision``: has it, of the texts it was
            found in. ``over_blocking``: found, of the harmless texts that look like it.
        """
        found = pd.Series([category in verdict.categories for verdict in self.verdicts], dtype=float)
        real = pd.Series([category in text.categories for text in self.texts], dtype=float)
        near = pd.Series([text.near == category for text in self.texts], dtype=bool)
        found.index = real.index = near.index = pd.Index(
            [text.group or f"text {at}" for at, text in enumerate(self.texts)]
        )
        return {"recall": found[real > 0], "precision": real[found > 0], "over_blocking": found[near]}

    @property
    def frame(self) -> pd.DataFrame:
        """One row a category: each share, its interval and the number it is of; NaN where it is of none."""
        rows = []
        for category in self.categories:
            row: dict[str, object] = {"category": category}
            for name, marks in self.marks(category).items():
                row |= _columns(name, mean_interval(marks.to_numpy(), marks.index.to_numpy()))
            rows.append(row)
        return pd.DataFrame(rows)

    @property
    def latency_ms(self) -> pd.Series[float]:
        """Milliseconds of each check."""
        return pd.Series([verdict.latency_s * 1e3 for verdict in self.verdicts], dtype=float)

    @property
    def summary(self) -> str:
        """Number of texts and what a check takes."""
        half, most = self.latency_ms.quantile([0.5, 0.95])
        return f"{self.name}: {len(self.texts)} texts; a check takes {half:.2g} ms (p50), {most:.2g} ms (p95)"


def _columns(name: str, interval: Interval) -> dict[str, object]:
    return {
        name: interval.mean,
        f"{name}_low": interval.low,
        f"{name}_high": interval.high,
        f"{name}_n": interval.n,
    }


async def examine(
    classifier: Classifier, texts: Iterable[KnownText], categories: Sequence[str] = ()
) -> GuardReport:
    """Return what a classifier finds in texts of known content, one after the other.

    Measure on texts that nothing was tuned on, of your own traffic where you can; keep those of one template
    or source in one group.

    Parameters
    ----------
    categories
        Which are looked at; none given: those of the texts that it found at least once.

    Raises
    ------
    InputError
        Where there is no text.
    """
    known = tuple(texts)
    if not known:
        raise InputError(f"classifier {classifier.name!r}", "there is no text", "Give some.")
    verdicts = tuple([await classifier.check(text.text) for text in known])
    present = {category for text in known for category in text.categories}
    found = {category for verdict in verdicts for category in verdict.categories}
    chosen = tuple(categories) or tuple(sorted(present & found))
    return GuardReport(name=classifier.name, texts=known, verdicts=verdicts, categories=chosen)
