"""Scorers for the recorded outputs of the meta-prompting study, by its published rules.

The study (Suzgun and Kalai 2024, arXiv 2401.12954) asks for a block after ``>> FINAL ANSWER:`` between triple
quotation marks; an output without the block is wrong there, not missing, so it is a 0 here as well.
"""

from __future__ import annotations

import ast
import gzip
import json
import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from workbench.core.records import Trial

__all__ = [
    "PUBLISHED",
    "VARIANTS",
    "data_folder",
    "final_answer",
    "game_of_24",
    "recorded_rows",
    "recorded_trial",
    "word_sorting",
]

VARIANTS = (
    "Standard",
    "ZeroShotCoT",
    "ExpertStatic",
    "ExpertDynamic",
    "MultiPersona",
    "MetaPromptingWithoutPython",
    "MetaPromptingWithPython",
)
"""The study's prompt variants, in the order of its tables."""

PUBLISHED: Mapping[str, tuple[float, ...]] = {
    "GameOf24": (3.0, 11.0, 3.0, 2.0, 25.0, 11.0, 67.0),
    "word_sorting": (80.4, 83.6, 83.2, 85.2, 79.2, 84.0, 99.6),
}
"""Published accuracies in percent, in the order of `VARIANTS`."""


def data_folder() -> Path | None:
    """Return the folder of the recordings: below ``WORKBENCH_DATA`` or ``../shared/data``; None if absent."""
    root = os.environ.get("WORKBENCH_DATA") or Path(__file__).resolve().parents[2].parent / "shared" / "data"
    folder = Path(root) / "meta_prompting"
    return folder if folder.is_dir() else None


def recorded_rows(folder: Path, task: str) -> list[dict[str, Any]]:
    """Return the recordings of a task: rows with variant, idx, input, target, messages and output."""
    with gzip.open(folder / "records" / f"{task}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def recorded_trial(row: Mapping[str, Any]) -> Trial:
    """Return a recording as an answered trial, its input as the case's column ``input``."""
    return Trial(
        trial_id=f"{row['task']}/{row['variant']}/{row['idx']}",
        execution_id="recorded",
        study=row["task"],
        arm=f"{row['variant']}@gpt-4",
        variant=row["variant"],
        variant_hash="",
        model="gpt-4",
        params={},
        case_id=str(row["idx"]),
        case={"input": row["input"]},
        expected=row["target"],
        repeat=0,
        call_key="",
        messages=(),
        status="ok",
        output=row["output"],
    )


def final_answer(output: str) -> str | None:
    """Return the text of the last answer block, lower case and stripped; None where there is no block."""
    _, mark, rest = output.lower().rpartition('>> final answer:\n"""')
    return rest.partition('"""')[0].strip() if mark else None


def word_sorting(output: str, expected: str) -> bool:
    """Return whether the answer is the sorted list; ``, ; : .`` and quotation marks do not count."""
    answer = final_answer(output)
    if answer is None:
        return False
    answer = answer.translate(str.maketrans("\n", " ", ',;:."'))
    return answer == expected.lower()


def _value(node: ast.expr, numbers: list[int]) -> Fraction:
    """Return the value of an expression of whole numbers and the four operations; note its numbers."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        numbers.append(node.value)
        return Fraction(node.value)
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, numbers), _value(node.right, numbers)
        match node.op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                return left / right
    raise ValueError("not an expression of whole numbers and + - * /")


def game_of_24(output: str, case: Mapping[str, Any]) -> bool:
    """Return whether the answer makes 24 of the case's numbers, each used once.

    What stands before the first ``=`` counts. It is read, never executed, and computed exactly.
    """
    answer = final_answer(output)
    if answer is None:
        return False
    numbers: list[int] = []
    try:
        value = _value(ast.parse(answer.partition("=")[0].strip(), mode="eval").body, numbers)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError):
        return False
    return value == 24 and sorted(numbers) == sorted(int(number) for number in case["input"].split())
