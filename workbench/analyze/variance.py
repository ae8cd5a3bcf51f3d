"""Variance: what a paired difference scatters by, and whether to buy cases, repeats or labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from workbench.analyze.cells import case_clusters, check_arm, scores
from workbench.analyze.components import NO_JUDGES, NO_REPEATS, Components, components
from workbench.analyze.intervals import clustered_mean
from workbench.analyze.pairs import scale
from workbench.analyze.wording import usd
from workbench.core.show import Shown
from workbench.core.table import validate

__all__ = ["OPTION_COLUMNS", "PART_COLUMNS", "WAYS", "VarianceSplit", "variance_split"]

PART_COLUMNS = ("of", "part", "variance", "share", "sd_single", "reason")
"""Columns of a part of the variance between cases, of the difference or of an arm's mean.

``variance`` is of a case's mean over the repeats and judges that there are; ``sd_single`` is the standard
deviation that one case, draw or label adds."""

OPTION_COLUMNS = ("buy", "more", "width", "reason")
"""Columns of a way to spend: how many ``more`` (cases; repeats of every case; labels of every answer), and
the expected full ``width`` of the difference's interval."""


WAYS = {"cases": "cases", "repeats": "repeats of every case", "labels": "labels of every answer"}
"""What can be bought, and in which unit it is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceSplit(Shown):
    """What a paired difference scatters by. Made by `variance_split`.

    Parameters
    ----------
    score, incumbent, challenger, alpha
        As given.
    n_cases
        Cases scored for both arms.
    parts
        One row a part (case, sampling, judge) of the difference and of either arm: `PART_COLUMNS`.
    options
        One row a way to spend the same money: `OPTION_COLUMNS`.
    width
        Full width of the difference's interval as it is; NaN below two cases.
    price
        The money each option spends, in words.
    points
        Whether all scores lie in [0, 1], so that widths can be said in points of 100.
    """

    score: str
    incumbent: str
    challenger: str
    alpha: float
    n_cases: int
    parts: pd.DataFrame
    options: pd.DataFrame
    width: float
    price: str
    points: bool = True

    @property
    def frame(self) -> pd.DataFrame:
        """One row a part."""
        return self.parts

    @property
    def advice(self) -> str | None:
        """What to buy: cases, repeats or labels, whichever makes the interval narrowest; None if unknown."""
        known = self.options.dropna(subset="width")
        return None if known.empty else str(known.sort_values("width")["buy"].iloc[0])

    @property
    def summary(self) -> str:
        """The parts of the difference's variance, and what the same money would buy."""
        own = self.parts[self.parts["of"] == "difference"]
        said = [
            f"{row['part']} unknown ({row['reason']})"
            if math.isnan(row["share"])
            else f"{row['part']} {row['share']:.0%}"
            for row in own.to_dict("records")
        ]
        lines = [
            f"{self.score}, {self.challenger} minus {self.incumbent}, {self.n_cases} cases: of the variance"
            f" between cases {', '.join(said)}."
        ]
        if self.advice is None:
            return "\n".join([*lines, "What to buy cannot be told."])
        lines.append(f"Buy {self.advice}. The interval is {self._said(self.width)} wide; for {self.price}:")
        lines += [
            f"- {row['buy']}: unknown, {row['reason']}"
            if math.isnan(row["width"])
            else f"- {row['more']:.3g} more {WAYS[str(row['buy'])]}: {self._said(row['width'])}"
            for row in self.options.to_dict("records")
        ]
        return "\n".join(lines)

    def _said(self, width: float) -> str:
        return f"{100 * width:.1f} points" if self.points else f"{width:.3g}"


def variance_split(
    frame: pd.DataFrame,
    score: str,
    incumbent: str,
    challenger: str,
    *,
    judges: Sequence[str] = (),
    case_usd: float = 0.0,
    label_usd: float | None = None,
    more: float = 1.0,
    alpha: float = 0.05,
) -> VarianceSplit:
    """Split the variance of a paired difference, and of either arm's mean, into case, sampling and judge.

    The variance between cases of the mean difference (cluster-robust, so that ``variance / n`` is the
    squared standard error) is what sampling and judge add (`workbench.analyze.components.components`, each
    arm by itself, as draws of two arms are independent) and the rest, which is the cases' own: on some the
    challenger is better, on others worse. It is Miller's split (2024, "Adding error bars to evals", section
    3) with a judge's part, and repeats that need not be equal in number. A rest below zero is 0.

    The expected width is ``2 t sqrt((case + sampling / a + judge / (a b)) / n)`` for `a` times the repeats
    and `b` times the labels. For one price, cases are never worse than repeats, nor repeats than labels,
    unless a new case has a price of its own (`case_usd`: to find it and to say what is expected), or labels
    are cheaper than answers (Cochran 1977, Sampling Techniques, section 10.6).

    Parameters
    ----------
    frame
        A trial table.
    score
        Name of the score, without ``score_``.
    incumbent, challenger
        Names of arms.
    judges
        Names of further scores that measure the same: other judges', or the same judge's again. The
        difference is then of the mean of all, with each judge's leaning in an arm taken off where a
        score is missing.
    case_usd
        Price of a new case beside its calls, >= 0.
    label_usd
        Price of one judge's score; None: what an answer costs.
    more
        What to spend, as a multiple of what all this cost, > 0. Where costs are unknown, every answer counts
        as one unit, and `case_usd` and `label_usd` are in that unit.
    alpha
        1 - confidence, in (0, 1).

    Raises
    ------
    DatasetError
        Where there is no such score or arm.
    """
    table = validate(frame)
    names = list(dict.fromkeys([score, *judges]))
    for arm in (incumbent, challenger):
        check_arm(table, arm)
    arms = {arm: components(table[table["arm"] == arm], names) for arm in (incumbent, challenger)}
    clusters = case_clusters(table)
    difference = _differences(arms[incumbent].cases, arms[challenger].cases)
    parts = {"difference": _parts(difference, tuple(arms.values()), clusters)}
    parts |= {arm: _parts(arms[arm].cases, (arms[arm],), clusters) for arm in arms}
    price, prices = _prices(table, (incumbent, challenger), difference, len(names), case_usd, label_usd)
    sizes = (len(difference), int(clusters.reindex(difference.index).nunique()))
    width, options = _options(parts["difference"], *sizes, prices, more, alpha)
    return VarianceSplit(
        score=score,
        incumbent=incumbent,
        challenger=challenger,
        alpha=alpha,
        n_cases=len(difference),
        parts=pd.concat([each.assign(of=of) for of, each in parts.items()], ignore_index=True)[
            list(PART_COLUMNS)
        ],
        options=options,
        width=width,
        price=f"{price}, {more:g} times the price so far",
        points=scale(scores(table, score)).bounds is not None,
    )


def _differences(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return `Components.cases` of the difference: what noise, repeats and labels both arms have together."""
    both = old.index.intersection(new.index)
    means = new.loc[both, "mean"] - old.loc[both, "mean"]
    return (new.loc[both] + old.loc[both]).assign(mean=means)


def _parts(cases: pd.DataFrame, arms: Sequence[Components], clusters: pd.Series) -> pd.DataFrame:
    """Return case, sampling and judge; what cannot be told apart is NaN, with the reason, and `unsplit`."""
    spread = clustered_mean(cases["mean"], clusters.reindex(cases.index).to_numpy())
    whole = len(cases) * spread.se**2
    sampling, judge = float(cases["sampling"].mean()), float(cases["judge"].mean())
    single = [math.sqrt(sum(getattr(arm, name) for arm in arms)) for name in ("sampling", "judge")]
    rest = whole - sampling - judge
    repeated, judged = (not math.isnan(each) for each in single)
    case = max(0.0, rest) if repeated else math.nan
    few = "fewer than two cases" if math.isnan(whole) else None
    rows = [
        ("case", case, math.sqrt(case), few or ("estimated below zero" if rest < 0 else None)),
        ("sampling", sampling if repeated else math.nan, single[0], None),
        ("judge", judge if judged else math.nan, single[1], None if judged else NO_JUDGES),
    ]
    out = pd.DataFrame(rows, columns=["part", "variance", "sd_single", "reason"])
    if not repeated:
        out.loc[:1, "reason"] = few or NO_REPEATS
    total = max(whole, sampling + judge)
    return out.assign(
        share=out["variance"] / total if total > 0 else math.nan,
        unsplit=0.0 if repeated else max(0.0, rest),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prices:
    """Per case, all repeats of both arms: answers, labels, and the case itself; and how many there are."""

    answers: float
    labels: float
    case: float
    repeats: float
    judges: float

    @property
    def whole(self) -> float:
        return self.answers + self.labels + self.case


def _prices(
    table: pd.DataFrame,
    arms: tuple[str, str],
    cases: pd.DataFrame,
    judges: int,
    case_usd: float,
    label_usd: float | None,
) -> tuple[str, _Prices]:
    own = table[table["arm"].isin(arms)]
    costs = own.groupby("arm")["cost_usd"].mean()
    priced = bool(costs.notna().all()) and float(costs.sum()) > 0
    answer = float(costs.mean()) if priced else 1.0
    label = label_usd if label_usd is not None else (answer if judges > 1 else 0.0)
    answers, labels = float(cases["repeats"].mean()), float(cases["labels"].mean())
    prices = _Prices(
        answers=answer * answers,
        labels=label * labels,
        case=case_usd,
        repeats=answers / 2,
        judges=labels / answers,
    )
    paid = len(cases) * prices.whole
    return (usd(paid) if priced else f"{paid:,.0f} answers' worth, prices unknown"), prices


def _options(
    parts: pd.DataFrame, n: int, groups: int, prices: _Prices, more: float, alpha: float
) -> tuple[float, pd.DataFrame]:
    """Return the width as it is, and each way to spend `more` times what all cost."""
    from scipy.special import stdtrit

    case, sampling, judge = parts["variance"].fillna(0.0)
    case += parts["unsplit"].iloc[0]

    def width(cases: float = 1.0, repeats: float = 1.0, labels: float = 1.0) -> float:
        if groups < 2:
            return math.nan
        variance = (case + sampling / repeats + judge / (repeats * labels)) / (n * cases)
        return float(2 * stdtrit(groups * cases - 1, 1 - alpha / 2) * math.sqrt(variance))

    money = more * prices.whole
    repeats = money / (prices.answers + prices.labels)
    labels = money / prices.labels if prices.labels > 0 else 0.0
    reasons = [None, *parts["reason"].where(parts["variance"].isna(), None).iloc[1:]]
    rows = [
        ("cases", more * n, width(cases=1 + more), reasons[0]),
        ("repeats", repeats * prices.repeats, width(repeats=1 + repeats), reasons[1]),
        ("labels", labels * prices.judges, width(labels=1 + labels), reasons[2]),
    ]
    out = pd.DataFrame(rows, columns=list(OPTION_COLUMNS))
    out["width"] = out["width"].where(out["reason"].isna())
    return width(), out
