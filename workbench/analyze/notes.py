"""What a reader must know before believing a comparison."""

from __future__ import annotations

import pandas as pd

from workbench.analyze.arms import FALLBACK

__all__ = ["FEW_CASES", "notes"]

FEW_CASES = 30
"""Below this many cases a comparison says so."""


def notes(
    frame: pd.DataFrame, arms: pd.DataFrame, differences: pd.DataFrame, incumbent: str
) -> tuple[str, ...]:
    """Return the notes of a comparison, gravest first.

    Parameters
    ----------
    frame
        The validated trial table.
    arms, differences
        As in a `Comparison`.
    """
    return (
        *_disagreements(differences),
        *_another_best(arms),
        *_mixtures(frame, arms, incumbent),
        *_missing(frame, arms),
        *_thin(differences, arms),
    )


def _disagreements(differences: pd.DataFrame) -> list[str]:
    """Say where leaving failures out and counting them as wrong do not end alike."""
    return [
        f"{row['arm']}: {row['verdict']} by what was answered, {row['verdict_if_failures_wrong']} with"
        f" failures counted as wrong. Ask the failed cells again before believing either."
        for row in differences.to_dict("records")
        if row["verdict"] != row["verdict_if_failures_wrong"]
    ]


def _another_best(arms: pd.DataFrame) -> list[str]:
    """Say where another arm is best once failures count as wrong."""
    known = arms[arms["quality_mean"].notna() & arms["quality_if_failures_wrong"].notna()]
    if known.empty:
        return []
    answered, counted = known["quality_mean"].to_numpy(), known["quality_if_failures_wrong"].to_numpy()
    first, second = int(answered.argmax()), int(counted.argmax())
    if answered[first] == answered[second]:
        return []
    best, other = known["arm"].iloc[first], known["arm"].iloc[second]
    return [f"{best} is best by what was answered, {other} with failures counted as wrong."]


def _mixtures(frame: pd.DataFrame, arms: pd.DataFrame, incumbent: str) -> list[str]:
    out = [
        f"{row['arm']} was answered by several models ({row['served_models']}): its figures mix them."
        for row in arms.to_dict("records")
        if ", " in row["served_models"]
    ]
    out += [
        f"{row['arm']}: only {row['served_models']} answered, not the arm's own model."
        for row in arms.to_dict("records")
        if FALLBACK in row["served_models"] and ", " not in row["served_models"]
    ]
    if arms["cases"].nunique() > 1 or (arms["attempted"] / arms["cases"]).nunique() > 1:
        out.append("The arms were not asked the same cells; pairs use the cases they have in common.")
    if frame["workload"].nunique() > 1:
        out.append("Interactive and batch trials are mixed; latency is that of the interactive ones.")
    keys = frame.loc[frame["call_key"].notna(), ["arm", "call_key"]]
    own = set(keys.loc[keys["arm"] == incumbent, "call_key"])
    for arm, group in keys[keys["arm"] != incumbent].groupby("arm"):
        if own and set(group["call_key"]) <= own:
            out.append(f"{arm} asks exactly what {incumbent} asks and shares its calls: it cannot differ.")
    return out


def _missing(frame: pd.DataFrame, arms: pd.DataFrame) -> list[str]:
    out = []
    for row in arms.to_dict("records"):
        if row["answered"] < row["attempted"]:
            own = frame.loc[(frame["arm"] == row["arm"]) & (frame["status"] != "ok"), "status"]
            kinds = ", ".join(f"{count} {status}" for status, count in own.value_counts().items())
            out.append(f"{row['arm']}: {len(own)} of {row['attempted']} trials were not answered ({kinds}).")
        if row["scored"] < row["answered"]:
            lost = row["answered"] - row["scored"]
            out.append(f"{row['arm']}: {lost} of {row['answered']} answers have no score.")
        if 0 < row["cost_known"] < row["attempted"]:
            out.append(
                f"{row['arm']}: the cost is known for {row['cost_known']} of {row['attempted']} trials only."
            )
    unpriced = list(arms.loc[arms["cost_known"] == 0, "arm"])
    if unpriced:
        out.append(f"The cost is unknown (not zero) for {', '.join(unpriced)}: declare the model's price.")
    return out


def _thin(differences: pd.DataFrame, arms: pd.DataFrame) -> list[str]:
    out = []
    least = differences["n_cases"].min() if len(differences) else arms["cases"].min()
    if least < FEW_CASES:
        out.append(
            f"Only {least} case{'' if least == 1 else 's'}: intervals are wide, rare failures may be unseen."
        )
    for table, column in ((arms, "quality_reason"), (differences, "reason")):
        for reason, group in table[table[column].notna()].groupby(column):
            out.append(f"{', '.join(group['arm'])}: {reason}.")
    return out
