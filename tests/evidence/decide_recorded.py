"""Recorded answers of a published study: what is a win, what is not, and which prompts are on the front.

Seven prompts for GPT-4 (Suzgun and Kalai 2024, arXiv 2401.12954), right or wrong by case, with tokens as the
data's README estimates them, at $30 and $60 a million tokens in and out.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from tests.evidence.ledger import Ledger
from tests.evidence.meta_scorers import data_folder
from workbench.analyze.compare import Comparison, compare
from workbench.plan.gate import Gate
from workbench.promote.decision import decide

__all__ = ["recorded"]

META, PYTHON = "MetaPromptingWithoutPython", "MetaPromptingWithPython"
FRONTS = {
    "word_sorting": ("Standard", "ExpertStatic", "ExpertDynamic", PYTHON),
    "geometric_shapes": ("Standard", "ZeroShotCoT"),
    "multistep_arithmetic_two": ("ZeroShotCoT", "Standard", "MultiPersona"),
    "MGSM_DE": ("Standard",),
    "CheckmateInOne": ("Standard", "ExpertStatic", PYTHON),
}
"""The fronts by point estimates that the data's README gives, cheapest first."""


def recorded(ledger: Ledger) -> None:
    """Add the rows on recorded answers."""
    folder = data_folder()
    if folder is None:
        print("  skipped: the recordings are not on this machine (set WORKBENCH_DATA): no recorded verdicts")
        return
    _not_a_win(ledger, folder)
    _a_win(ledger, folder)
    _fronts(ledger, folder)


def trials(folder: Path, task: str) -> pd.DataFrame:
    """Return a task's verdicts as a trial table."""
    rows = pd.read_csv(folder / "scores.csv", dtype={"idx": str})
    rows = rows[rows["task"] == task]
    return pd.DataFrame(
        {
            "arm": rows["variant"],
            "variant": rows["variant"],
            "model_served": "gpt-4",
            "case_id": rows["idx"],
            "repeat": 0,
            "status": "ok",
            "workload": "batch",
            "score_correct": rows["correct"].astype("float64"),
            "cost_usd": (30 * rows["est_prompt_tokens"] + 60 * rows["est_completion_tokens"]) / 1e6,
        }
    )


def _pair(folder: Path, task: str, challenger: str) -> Comparison:
    table = trials(folder, task)
    return compare(table[table["arm"].isin(["Standard", challenger])], "correct", "Standard", margin=0.0)


def _not_a_win(ledger: Ledger, folder: Path) -> None:
    result = _pair(folder, "word_sorting", "ZeroShotCoT")
    row = result.differences.iloc[0]
    shares = tuple(round(100 * float(share), 1) for share in sorted(result.arms["quality_mean"]))
    ledger.exact(
        f"word_sorting, {shares[0]} against {shares[1]} (n = {row['n_cases']}; difference"
        f" {100 * row['low']:.1f} to {100 * row['high']:.1f} points): verdict",
        (shares, row["verdict"]),
        ((80.4, 83.6), "cannot tell"),
    )
    gate = Gate(score="correct", margin=0.0)
    decision = decide(result, gate, study="word_sorting", execution_id="recorded", plan_hash="-")
    verdict = decision.verdicts.iloc[0]
    more = verdict["more_cases"]
    named = bool(pd.notna(more) and re.search(rf"{int(more):,}", str(decision)))
    ledger.exact(
        f"  decision, and whether it names the cases it takes ({int(more or 0):,} more)",
        (decision.verdict, named),
        ("not enough evidence", True),
    )


def _a_win(ledger: Ledger, folder: Path) -> None:
    result = compare(trials(folder, "GameOf24"), "correct", "Standard", margin=0.0)
    arms = result.arms.set_index("arm")["quality_mean"]
    row = result.differences.set_index("arm").loc[PYTHON]
    ledger.exact(
        f"GameOf24, Meta+Python {100 * arms[PYTHON]:g} against Standard {100 * arms['Standard']:g}, one of 6"
        f" challengers ({100 * row['low']:.0f} to {100 * row['high']:.0f} points): verdict",
        row["verdict"],
        "better",
    )
    pairs = result.all_pairs(draws=2_000)
    ledger.exact("  of all pairs of 7 arms: not shown to be worse than any other", pairs.unbeaten, (PYTHON,))


def _fronts(ledger: Ledger, folder: Path) -> None:
    for task, front in FRONTS.items():
        result = compare(trials(folder, task), "correct", "Standard", margin=0.02)
        found = result.frontier(draws=2_000)
        table = found.table.set_index("arm")
        chances = ", ".join(f"{arm} {table.loc[arm, 'p_front']:.2f}" for arm in found.front)
        pick = table["p_cheapest"].idxmax()
        ledger.exact(
            f"{task}: front by points (probability of being on it: {chances}; cheapest within 2 points of the"
            f" best: {pick} {table.loc[pick, 'p_cheapest']:.2f})",
            " → ".join(found.front),
            " → ".join(front),
        )
        ruled_out = [arm for arm in front if table.loc[arm, "status"] == "dominated"]
        ledger.exact("  of these shown to be dominated", ruled_out, [])
