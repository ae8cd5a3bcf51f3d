"""The study of a cache: what one log says about hits and wrong answers, and what that makes of each arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.core.show import Shown
from workbench.semantic.curve import CacheCurve
from workbench.semantic.economics import CacheEconomics
from workbench.semantic.threshold import Safe
from workbench.semantic.traffic import Traffic

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MEANING", "RENDERED_COLUMNS", "SHOWN_AT", "CacheStudy", "answer_groups", "storable_share"]

MEANING = (
    "Rates are of all requests of the log, in the order in which they came: they belong to the log and to "
    "what is embedded, not to a prompt. By arm differ: which replies may be stored, what a hit saves, and "
    "how often the arm's own answer is right. Exact and semantic hits are counted apart. A cached answer is "
    "right, wrong or not known; so wrong is an interval, and both wrong ÷ all and wrong ÷ hits are given. "
    "Thresholds are raw cosines (GPTCache's t is cosine 2t - 1, redisvl's distance d is cosine 1 - d)."
)
"""What the figures of a study of a cache mean; stands in each of them."""

SHOWN_AT = 0.9
"""The cosine at which figures are given where no threshold is safe."""

RENDERED_COLUMNS = (
    "variant",
    "embedded",
    "requests",
    "threshold",
    "hit_rate",
    "wrong_of_all",
    "wrong_of_hits",
    "cosine_median",
    "reason",
)
"""Two rows a variant: once its variable part is embedded (``text``), once the ``rendered prompt``, for the
same requests at the same threshold; `cosine_median` is that of two different requests. Where a variant cannot
be rendered from the log its second row is NaN, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStudy(Shown):
    """A semantic cache as an arm of the experiment. Made by `bench.cache_study`.

    Parameters
    ----------
    traffic
        The log.
    curve
        What a cache would do with it where every reply may be stored.
    curves
        Arm -> its own curve; the same one as `curve` where none of the arm's replies failed. Empty without a
        comparison.
    safe
        The threshold for the budget, or that there is none.
    economics
        What the cache makes of each arm; None without a comparison.
    rendered
        What would happen if the rendered prompt were embedded: `RENDERED_COLUMNS`.
    embedder
        Name of the embedding model.
    score, points
        What the arms' quality is, and whether it lies in [0, 1]; None and True without a comparison.
    recall
        Share of the near pairs that were found; None: all of them.
    """

    traffic: Traffic
    curve: CacheCurve
    safe: Safe
    embedder: str
    curves: Mapping[str, CacheCurve] = field(default_factory=dict)
    economics: CacheEconomics | None = None
    rendered: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(RENDERED_COLUMNS)))
    score: str | None = None
    points: bool = True
    recall: float | None = None

    @property
    def frame(self) -> pd.DataFrame:
        """One row an arm and threshold; without a comparison one row a threshold."""
        return self.curve.table if self.economics is None else self.economics.table

    @property
    def shown_at(self) -> float:
        """The safe threshold, else that of the sweep nearest to `SHOWN_AT`."""
        if self.safe.threshold is not None:
            return self.safe.threshold
        levels = self.curve.table["threshold"]
        return float(levels.iloc[int((levels - SHOWN_AT).abs().argmin())])

    @property
    def hindsight(self) -> pd.Series | None:
        """The row of the most hits whose wrong and unknown ones keep the budget in this very log; None: none.

        No choice, since it knows the answers: what a perfect choice would have gained.
        """
        fits = self.curve.table[self.curve.table["wrong_of_all_high"] <= self.safe.budget]
        return None if fits.empty else fits.iloc[int(fits["hit_rate"].to_numpy().argmax())]

    def at(self, threshold: float | None = None) -> pd.DataFrame:
        """Return one row an arm (without a comparison: one row) at a threshold; None: at `shown_at`."""
        level = self.shown_at if threshold is None else threshold
        if self.economics is not None:
            return self.economics.at(level)
        nearest = int((self.curve.table["threshold"] - level).abs().argmin())
        return self.curve.table.iloc[nearest : nearest + 1].reset_index(drop=True)

    def pairs(self, threshold: float | None = None) -> pd.DataFrame:
        """Return who was served by whom, with both texts and the truth; None: at `shown_at`."""
        return self.curve.pairs(self.shown_at if threshold is None else threshold, self.traffic)

    @property
    def choice(self) -> str:
        """The safe threshold or that there is none; what would have been best; how exact the search was."""
        lines = [f"Safe: {self.safe.summary}"]
        best = self.hindsight
        if best is not None:
            lines.append(
                f"Known only afterwards: cosine {best['threshold']:g} would have served "
                f"{best['hit_rate']:.1%} within the budget"
            )
        if self.recall is not None:
            lines.append(f"Near pairs were looked for by an index that found {self.recall:.2%} of them")
        return "\n".join(lines)

    @property
    def summary(self) -> str:
        """The curve; the choice; what it makes of each arm; what to embed; what the rates mean."""
        return "\n".join([self.curve.summary, self.choice, *self._arms(), *self._boilerplate(), MEANING])

    def _arms(self) -> list[str]:
        if self.economics is None:
            return ["No comparison was given: what a hit saves is not said."]
        unit = f"USD per 1,000, {self.economics.lookup_usd_per_1000:g} of it for 1,000 lookups"
        return [
            f"{row['arm']} at cosine {row['threshold']:g}: {row['cost_usd_per_1000']:.4g} {unit}; saves "
            f"{row['saved_usd_per_1000']:.4g}; pays from {row['break_even_hit_rate']:.1%} hits on"
            for row in self.at().to_dict("records")
        ]

    def _boilerplate(self) -> list[str]:
        lines = []
        for variant, rows in self.rendered.groupby("variant", sort=False):
            text, prompt = rows.iloc[0], rows.iloc[1]
            if prompt["reason"]:
                lines.append(f"{variant} was not embedded as rendered: {prompt['reason']}")
                continue
            unsafe = "unsafe, " if prompt["wrong_of_all"] > self.safe.budget else ""
            lines.append(
                f"If the rendered prompt of {variant} were embedded: {unsafe}at cosine "
                f"{prompt['threshold']:g} {prompt['wrong_of_all']:.1%} of {prompt['requests']:,} requests "
                f"would be answered wrongly, against {text['wrong_of_all']:.1%} by the variable part"
            )
        return lines


def answer_groups(traffic: Traffic) -> NDArray[np.int64]:
    """Return the number of each request's right answer, shape (requests,); -1 where it is not known."""
    return np.asarray(pd.factorize(traffic.rows["answer"])[0], dtype=np.int64)


def storable_share(requests: int, failed: float, seed: int = 1) -> NDArray[np.bool_] | None:
    """Return which replies of an arm may be stored, as many as did not fail; None: all.

    An arm's replies to the log are not known, only how often it fails (error, refusal, truncated): who fails
    is drawn, with the same draws for all arms, so that more failures are always a superset.

    Parameters
    ----------
    requests
        How many there are.
    failed
        Share of the arm's calls that failed, in [0, 1].
    """
    if not failed > 0:
        return None
    return np.asarray(np.random.default_rng(seed).random(requests) >= failed)
