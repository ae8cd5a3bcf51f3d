"""Labels of several raters on the same items: as codes, as counts, and as one label of most people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.errors import DatasetError, InputError

__all__ = ["RatingScale", "Ratings", "coded", "counts", "distances", "majority"]

RatingScale = Literal["nominal", "ordinal", "interval"]
"""What categories are: names; names in an order; numbers whose distances mean something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """A table of labels as numbers of categories. Made by `coded`.

    Parameters
    ----------
    codes
        Shape (items, raters): the place of the label in `categories`; -1 where there is none.
    unusable
        Shape (items, raters): whether a verdict came that is no label.
    categories
        Those that may occur, in order; at least one.
    raters
        Names of the columns.
    """

    codes: NDArray[np.int64]
    unusable: NDArray[np.bool_]
    categories: tuple[Any, ...]
    raters: tuple[str, ...]

    def of(self, rater: str) -> NDArray[np.int64]:
        """Return one rater's codes, shape (items,)."""
        return self.codes[:, self.raters.index(rater)]


def coded(
    table: pd.DataFrame,
    scale: RatingScale,
    categories: Sequence[Any] | None = None,
    unusable: Sequence[Any] = (),
) -> Ratings:
    """Return labels as codes.

    Parameters
    ----------
    table
        Items × raters; NaN or None where a rater was not asked, or gave nothing.
    scale
        Of the labels.
    categories
        All that may occur, in order; None: those that do, sorted.
    unusable
        Values that are verdicts and no labels (unparsable, abstained): missing, and counted.

    Raises
    ------
    DatasetError
        Where there is no label at all, or one that is not among the categories.
    InputError
        Where an order is needed and none is given, or an interval scale has labels that are no numbers.
    """
    bad = table.isin(list(unusable))
    labels = table.astype("object").where(table.notna() & ~bad, None)
    seen = set(pd.unique(labels.to_numpy().ravel())) - {None}
    if not seen and categories is None:
        raise DatasetError("ratings", "there is no label", "Give items × raters with a label in it.")
    known = tuple(_sorted(seen, scale) if categories is None else categories)
    strange = sorted(map(str, seen - set(known)))
    if strange:
        raise DatasetError(
            "ratings",
            f"{', '.join(strange[:5])} is not among the categories {', '.join(map(str, known))}",
            "Add it to the categories, or name it as unusable.",
        )
    if scale == "interval" and not all(_is_number(label) for label in known):
        raise InputError("ratings", "labels of an interval scale are numbers", "Use an ordinal scale.")
    place = {label: index for index, label in enumerate(known)}
    codes = np.array(
        [[-1 if label is None else place[label] for label in row] for row in labels.to_numpy()],
        dtype=np.int64,
    ).reshape(table.shape)
    return Ratings(
        codes=codes, unusable=bad.to_numpy(), categories=known, raters=tuple(map(str, table.columns))
    )


def _is_number(label: Any) -> bool:
    return isinstance(label, int | float | np.number | np.bool_)


def _sorted(seen: set[Any], scale: RatingScale) -> list[Any]:
    if all(_is_number(label) for label in seen):
        return sorted(seen)
    if scale == "ordinal":
        raise InputError(
            "ratings",
            "labels that are words have no order of their own",
            'Give it: categories=("bad", "fair", "good").',
        )
    return sorted(seen, key=str)


def distances(categories: Sequence[Any], power: int, scale: RatingScale) -> NDArray[np.float64]:
    """Return how far categories lie apart, in [0, 1], shape (k, k).

    Parameters
    ----------
    power
        0: different or not; 1: linear; 2: quadratic (Cohen 1968, Psychological Bulletin 70:213).
    scale
        On an interval scale numbers are apart by their difference, elsewhere by their places.
    """
    k = len(categories)
    if power == 0:
        return 1.0 - np.eye(k)
    at = np.asarray(categories, dtype=float) if scale == "interval" else np.arange(k, dtype=float)
    reach = float(np.ptp(at)) or 1.0
    return np.asarray((np.abs(at[:, None] - at) / reach) ** power)


def counts(codes: NDArray[np.int64], categories: int) -> NDArray[np.float64]:
    """Return how many raters chose each category, shape (items, categories)."""
    out = np.zeros((len(codes), categories))
    item, rater = np.nonzero(codes >= 0)
    np.add.at(out, (item, codes[item, rater]), 1.0)
    return out


def majority(codes: NDArray[np.int64], categories: int) -> NDArray[np.int64]:
    """Return the label that more raters chose than any other, shape (items,); -1 where there is none.

    A tie is no majority: it is missing, never guessed.
    """
    table = counts(codes, categories)
    top = table.max(axis=1, initial=0.0)
    alone = (table == top[:, None]).sum(axis=1) == 1
    return np.where(alone & (top > 0), table.argmax(axis=1), -1)
