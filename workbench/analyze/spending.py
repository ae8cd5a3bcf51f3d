"""Spending: where the money of an execution went, by what it was for and by arm."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from workbench.analyze.wording import usd
from workbench.core.show import Shown
from workbench.errors import DatasetError

__all__ = ["PURPOSES", "Spending", "spending"]

PURPOSES = ("arm", "retry", "reask", "fallback", "hedge", "judge", "embedding")
"""What money is spent for, in the order of every table.

An attempt on an arm's own model that another one followed is ``retry``, the last one ``arm``; the rest is as
the attempt itself says.
"""

_TOKENS = (
    "tokens_in_uncached",
    "tokens_in_cached",
    "tokens_in_cache_write",
    "tokens_out",
    "tokens_reasoning",
)
_NEEDED = ("trial_id", "arm", "attempt", "purpose", "cost_usd", "usage_unknown", *_TOKENS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending(Shown):
    """What an execution spent.

    Parameters
    ----------
    table
        Columns arm, purpose, attempts, usage_unknown, unpriced, the five classes of tokens, usd. Each sum is
        of what is known (NaN where nothing is); `usage_unknown` and `unpriced` count the attempts whose
        tokens and whose cost are not in it.
    """

    table: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """One row an arm and purpose."""
        return self.table

    @property
    def by_purpose(self) -> pd.DataFrame:
        """One row a purpose, all arms together."""
        return _summed(self.table, "purpose")

    @property
    def by_arm(self) -> pd.DataFrame:
        """One row an arm, all purposes together."""
        return _summed(self.table, "arm")

    @property
    def usd(self) -> float:
        """The known part of all that was spent, in USD; NaN where nothing of it is known."""
        return float(self.table["usd"].sum(min_count=1)) if len(self.table) else 0.0

    @property
    def unpriced(self) -> int:
        """Attempts whose cost is unknown."""
        return int(self.table["unpriced"].sum())

    @property
    def summary(self) -> str:
        """The sum and its parts by purpose, in a line."""
        attempts = int(self.table["attempts"].sum())
        if not attempts:
            return "Nothing was spent: no attempt was made."
        parts = [
            f"{row['purpose']} {usd(row['usd'])} ({row['attempts']:,})"
            for row in self.by_purpose.to_dict("records")
        ]
        unknown = f", and {self.unpriced:,} attempts at unknown cost" if self.unpriced else ""
        return f"{usd(self.usd)} for {attempts:,} attempts{unknown}: " + ", ".join(parts)


def _summed(table: pd.DataFrame, name: str) -> pd.DataFrame:
    order = (
        list(dict.fromkeys(table[name])) if name == "arm" else [p for p in PURPOSES if p in set(table[name])]
    )
    counts = [column for column in table.columns if column not in ("arm", "purpose", "usd")]
    grouped = table.groupby(name, sort=False)
    out = grouped[counts].sum()
    out["usd"] = grouped["usd"].sum(min_count=1)
    return out.reindex(order).reset_index()


def spending(ledger: pd.DataFrame) -> Spending:
    """Return what an execution spent, by arm and by what for: retries, fallbacks, judges and so on apart.

    Parameters
    ----------
    ledger
        One row an attempt: ``run.ledger``, or the artifact ``attempts.parquet`` of a run in MLflow.

    Raises
    ------
    DatasetError
        Where a column is missing.
    """
    absent = [name for name in _NEEDED if name not in ledger]
    if absent:
        raise DatasetError("ledger", f"column {absent[0]!r} is missing", "Give run.ledger.")
    rows = ledger.copy(deep=False)
    own = rows["purpose"] == "arm"
    last = rows[own].groupby("trial_id")["attempt"].transform("max").reindex(rows.index)
    rows["purpose"] = rows["purpose"].mask(own & (rows["attempt"] < last), "retry")
    grouped = rows.groupby(["arm", "purpose"], sort=False)
    table = pd.DataFrame(
        {
            "attempts": grouped.size(),
            "usage_unknown": grouped["usage_unknown"].sum(),
            "unpriced": grouped["cost_usd"].apply(lambda costs: int(costs.isna().sum())),
            **{name: grouped[name].sum() for name in _TOKENS},
            "usd": grouped["cost_usd"].agg(_known),
        }
    ).reset_index()
    place = {purpose: index for index, purpose in enumerate(PURPOSES)}
    arms = {arm: index for index, arm in enumerate(dict.fromkeys(rows["arm"]))}
    pairs = zip(table["arm"], table["purpose"], strict=True)
    key = [(arms[arm], place.get(str(purpose), len(place))) for arm, purpose in pairs]
    table = table.iloc[sorted(range(len(table)), key=key.__getitem__)].reset_index(drop=True)
    return Spending(table=table)


def _known(costs: pd.Series) -> float:
    """Return the exactly rounded sum of what is known; NaN where nothing is."""
    known = costs.dropna()
    return math.fsum(known) if len(known) else math.nan
