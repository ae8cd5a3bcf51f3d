"""Drift: whether the same questions, asked again of the same name, still meet the same model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analyze.cells import scores
from workbench.analyze.correct import family, holm
from workbench.analyze.pairs import paired, scale
from workbench.core.show import Shown
from workbench.core.table import answered, validate
from workbench.errors import DatasetError

__all__ = ["DRIFT_COLUMNS", "ENOUGH_CASES", "Recheck", "drift"]

ENOUGH_CASES = 10
"""With fewer cases asked both times nothing is said of an arm."""

DRIFT_COLUMNS = (
    "arm",
    "verdict",
    "why",
    "n_cases",
    "draws_before",
    "draws_now",
    "agreement_within",
    "agreement_across",
    "p_answers",
    "score_change",
    "score_low",
    "score_high",
    "p_score",
    "tokens_out_change",
    "p_tokens_out",
    "tokens_in_changed",
    "served_before",
    "served_now",
)
"""Columns of an arm's row. Changes are now minus before, paired by case. P-values are adjusted over all arms
and measures. ``tokens_in_changed`` is the share of cases whose very same prompt is counted otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck(Shown):
    """Whether the models behind the names are still those of before. Made by `drift`.

    Parameters
    ----------
    arms
        One row an arm: `DRIFT_COLUMNS`.
    score
        Name of the score that was compared.
    alpha
        Chance that an arm is called changed where none is, over all arms and measures.
    """

    arms: pd.DataFrame
    score: str
    alpha: float

    @property
    def changed(self) -> tuple[str, ...]:
        """The arms that show a change."""
        return tuple(self.arms.loc[self.arms["verdict"] == "changed", "arm"])

    @property
    def frame(self) -> pd.DataFrame:
        """One row an arm."""
        return self.arms

    @property
    def summary(self) -> str:
        """One line an arm."""
        lines = [
            f"{row['arm']}: {row['verdict']}, {row['why']} ({row['n_cases']} cases asked again)"
            for row in self.arms.to_dict("records")
        ]
        return "\n".join([*lines, "No sign of a change is no proof that there was none."])


def drift(
    before: pd.DataFrame,
    now: pd.DataFrame,
    score: str,
    *,
    alpha: float = 0.05,
    draws: int = 2_000,
    seed: int = 1,
) -> Recheck:
    """Compare what the same arms answered to the same cases at two times.

    Three measures an arm, under one error level for all arms and measures (Holm):

    - the answers: within a case, do two draws of one time agree more often than one of each? Under no
      change the draws of a case are exchangeable, so that the times are shuffled within each case (a
      permutation test, e.g. Good 2005, Permutation, Parametric and Bootstrap Tests, chapter 3; the statistic
      is the energy distance of Szekely & Rizzo 2013 for the distance "differs"). This is how what varies
      from repeat to repeat anyway is allowed for; it needs two draws of a case at one of the times.
    - the score and the output tokens: paired by case, as any comparison here.

    And two that need no test: another served model's name, and prompts that are the same and whose tokens are
    counted otherwise. An arm is ``changed`` by any of these, ``no sign of a change`` by none, and below
    `ENOUGH_CASES` cases ``cannot tell`` unless its name changed. Cases that share a call count once.

    Parameters
    ----------
    before, now
        Trial tables; what is not in both is left out.
    score
        Name of a score that both have.
    alpha
        In (0, 1).
    draws, seed
        Of the shuffling.

    Raises
    ------
    DatasetError
        Where no arm has a case that was answered both times.
    """
    tables = [_answered(table, score) for table in (before, now)]
    rng = np.random.default_rng(seed)
    kind = scale(pd.concat([table["value"] for table in tables]))
    rows = []
    for arm in dict.fromkeys(tables[0]["arm"]):
        old, new = (table[table["arm"] == arm] for table in tables)
        old = old[~old.duplicated("call_key") | old["call_key"].isna()]
        common = set(old["case_id"]) & set(new["case_id"])
        if common:
            parts = [part[part["case_id"].isin(common)] for part in (old, new)]
            rows.append(
                {"arm": arm, "n_cases": len(common)} | _measured(parts[0], parts[1], kind, rng, draws)
            )
    if not rows:
        raise DatasetError("recheck", "no case was answered both times", "Ask cases that were answered.")
    return Recheck(arms=_concluded(pd.DataFrame(rows), alpha), score=score, alpha=alpha)


def _answered(table: pd.DataFrame, score: str) -> pd.DataFrame:
    whole = validate(table)
    return whole.assign(value=scores(whole, score)).loc[answered(whole)]


def _measured(
    old: pd.DataFrame, new: pd.DataFrame, kind: Any, rng: np.random.Generator, draws: int
) -> dict[str, Any]:
    within, across, p_answers = _agreement(old, new, rng, draws)
    quality = paired(_change(old, new, "value"), scale=kind)
    tokens = paired(_change(old, new, "tokens_out"))
    counts = [part.groupby("case_id")["tokens_in"].median().astype("float64") for part in (old, new)]
    both = (counts[0] - counts[1]).dropna()
    names = [", ".join(sorted(part["model_served"].dropna().unique())) for part in (old, new)]
    return {
        "draws_before": len(old),
        "draws_now": len(new),
        "agreement_within": within,
        "agreement_across": across,
        "p_answers": p_answers,
        "quality": quality,
        "tokens": tokens,
        "tokens_in_changed": float((both != 0).mean()) if len(both) else math.nan,
        "served_before": names[0],
        "served_now": names[1],
    }


def _change(old: pd.DataFrame, new: pd.DataFrame, column: str) -> NDArray[np.floating]:
    means = [part.groupby("case_id")[column].mean().astype("float64") for part in (old, new)]
    return (means[1] - means[0]).to_numpy(dtype="float64", na_value=np.nan)


def _agreement(
    old: pd.DataFrame, new: pd.DataFrame, rng: np.random.Generator, draws: int
) -> tuple[float, float, float]:
    """Return agreement within and across the times, and the p-value; NaN where nothing was repeated."""
    again = {case: list(texts) for case, texts in new.groupby("case_id")["output"]}
    groups = []
    for case, texts in old.groupby("case_id")["output"]:
        codes = pd.factorize(np.array([*texts, *again[case]], dtype=object))[0]
        groups.append((codes[:, None] == codes[None, :], np.arange(len(codes)) < len(texts)))
    seen = [_statistic(same, first) for same, first in groups]
    across = float(np.mean([each[1] for each in seen]))
    usable = [(group, each) for group, each in zip(groups, seen, strict=True) if not math.isnan(each[0])]
    if not usable:
        return math.nan, across, math.nan
    within = float(np.mean([each[0] for _, each in usable]))
    observed = sum(each[0] - each[1] for _, each in usable)
    total = np.zeros(draws)
    for (same, first), _ in usable:
        total += _shuffled(same, first, rng, draws)
    return within, across, float((1 + (total >= observed - 1e-9).sum()) / (1 + draws))


def _statistic(same: NDArray[np.bool_], first: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the mean agreement of pairs of one time, and of pairs of both."""
    apart = first[:, None] != first[None, :]
    upper = np.triu(np.ones_like(same), 1)
    own = upper & ~apart
    return float(same[own].mean()) if own.any() else math.nan, float(same[upper & apart].mean())


def _shuffled(
    same: NDArray[np.bool_], first: NDArray[np.bool_], rng: np.random.Generator, draws: int
) -> NDArray[np.float64]:
    """Return the statistic of a case under random times of its draws."""
    upper = np.triu(np.ones_like(same), 1)
    labels = rng.permuted(np.tile(first, (draws, 1)), axis=1)
    apart = (labels[:, :, None] != labels[:, None, :]) & upper
    own = upper & ~apart
    inside = (own & same).sum((1, 2)) / own.sum((1, 2))
    return np.asarray(inside - (apart & same).sum((1, 2)) / apart.sum((1, 2)), dtype=float)


def _concluded(rows: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """Return the rows with adjusted p-values, intervals and verdicts."""
    quality, tokens = rows["quality"], rows["tokens"]
    tested = [*quality, *tokens]
    names = ("center", "se", "df")
    center, se, df = (np.array([getattr(one, name) for one in tested], dtype=float) for name in names)
    plain = family(center, se, df, alpha).p_value
    adjusted = holm(np.concatenate([rows["p_answers"].to_numpy(dtype=float), plain]))
    n = len(rows)
    bounds = family(center[:n], se[:n], df[:n], alpha)
    out = rows.drop(columns=["quality", "tokens"]).assign(
        p_answers=adjusted[:n],
        p_score=adjusted[n : 2 * n],
        p_tokens_out=adjusted[2 * n :],
        score_change=[one.estimate for one in quality],
        score_low=bounds.low,
        score_high=bounds.high,
        tokens_out_change=[one.estimate for one in tokens],
    )
    judged = [_verdict(row, alpha) for row in out.to_dict("records")]
    out["verdict"], out["why"] = (list(part) for part in zip(*judged, strict=True))
    return out[list(DRIFT_COLUMNS)]


def _verdict(row: dict[Any, Any], alpha: float) -> tuple[str, str]:
    certain, signs = [], []
    if row["served_before"] != row["served_now"] and row["served_before"] and row["served_now"]:
        certain.append(f"served by {row['served_now']}, before by {row['served_before']}")
    if row["tokens_in_changed"] > 0:
        signs.append(f"{row['tokens_in_changed']:.0%} of the same prompts are counted otherwise")
    if row["p_answers"] <= alpha:
        signs.append(
            f"answers agree with those of before in {row['agreement_across']:.0%}, among themselves in"
            f" {row['agreement_within']:.0%}"
        )
    if row["p_score"] <= alpha:
        signs.append(f"the score went by {row['score_change']:+.3g}")
    if row["p_tokens_out"] <= alpha:
        signs.append(f"answers went by {row['tokens_out_change']:+.3g} tokens")
    if certain or (signs and row["n_cases"] >= ENOUGH_CASES):
        return "changed", "; ".join(certain + signs)
    if row["n_cases"] < ENOUGH_CASES:
        return "cannot tell", f"fewer than {ENOUGH_CASES} cases"
    return "no sign of a change", f"the score within {row['score_low']:+.3g} to {row['score_high']:+.3g}"
