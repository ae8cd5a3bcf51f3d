"""Scorers: figures against counting by hand, groundedness on others' answers, failures, MLflow's scorers.

Groundedness was written without a look at PandaLM's answers; one fault, names joined across lines, was mended
after one. Most of these tasks do not ask to stay with the
input, so that an answer which is not grounded in it need not be wrong: what is tested is that an answer is
not taken for grounded in a text it has nothing to do with, and that what is planted is found.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.conformance.scorer import a_trial
from tests.evidence.ledger import QUICK, Ledger
from tests.evidence.meta_scorers import data_folder
from workbench.core.protocols import Scorer
from workbench.core.records import Score, Trial
from workbench.core.table import to_frame
from workbench.score.apply import rescore
from workbench.score.checks import exact
from workbench.score.claims import Claims, claims
from workbench.score.fields import fields
from workbench.score.functions import scorer
from workbench.score.grounded import grounded
from workbench.score.sets import f1, precision, recall

__all__ = ["scorers"]

SETS = 200 if QUICK else 5_000
ANSWERS = 80 if QUICK else 2_000
TRIALS = 210 if QUICK else 7_000
LABELS = ("access", "billing", "delivery", "other", "refund")


def scorers(ledger: Ledger) -> None:
    """Add the rows on scorers."""
    _sets(ledger)
    _fields(ledger)
    _groundedness(ledger)
    _failures(ledger)
    if not QUICK:  # the store alone takes seconds; the tests hold it too
        _mlflow(ledger)


def _scored(trials: Sequence[Trial], *made: Scorer) -> list[Score]:
    return asyncio.run(rescore(trials, made))


def _sets(ledger: Ledger) -> None:
    rng = random.Random(5)
    off = {"precision": 0, "recall": 0, "f1": 0}
    zeros = 0
    for _ in range(SETS):
        wanted, said = (set(rng.sample(LABELS, rng.randrange(4))) for _ in "ab")
        trial = a_trial("; ".join(rng.sample(sorted(said), len(said))) or "none", sorted(wanted))
        right = sum(label in wanted for label in said)
        by_hand = {
            "precision": right / len(said) if said else None if wanted else 1.0,
            "recall": right / len(wanted) if wanted else None if said else 1.0,
            "f1": 2 * right / (len(wanted) + len(said)) if wanted or said else 1.0,
        }
        for score in _scored([trial], precision(), recall(), f1()):
            off[score.scorer] += score.value != by_hand[score.scorer]
            zeros += by_hand[score.scorer] is None and score.value is not None
    ledger.exact(
        f"sets of labels: {SETS:,} answers scored otherwise than by hand", off, dict.fromkeys(off, 0)
    )
    ledger.exact("sets: figures without a denominator that became a value", zeros, 0)


def _fields(ledger: Ledger) -> None:
    rng = random.Random(6)
    off = 0
    for _ in range(SETS):
        names = [f"f{number}" for number in range(rng.randrange(1, 9))]
        wanted: dict[str, Any] = {name: rng.choice([rng.randrange(9), "Lyon", True, None]) for name in names}
        wrong = set(rng.sample(names, rng.randrange(len(names) + 1)))
        said = {name: "something else" if name in wrong else value for name, value in wanted.items()}
        (score,) = _scored([a_trial(json.dumps(said), wanted)], fields())
        named = {part.partition(":")[0] for part in (score.reason or "").split("; ") if part}
        off += score.value != 1 - len(wrong) / len(names) or named != wrong
    ledger.exact(f"fields of JSON: {SETS:,} answers with another share or other names than planted", off, 0)


def _answers(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (what was given, answer) of the tasks that come with a text, for answers that claim anything."""
    with gzip.open(folder / "testset-v1.json.gz", "rt", encoding="utf-8") as file:
        rows = json.load(file)
    random.Random(7).shuffle(rows)
    for row in rows:
        if len(row["input"].split()) >= 20:
            given = f"{row['instruction']}\n{row['input']}"
            yield from ((given, row[name]) for name in ("response1", "response2") if _claims(row[name]))


def _claims(text: str) -> bool:
    return claims(text) != Claims()


def _trial(given: str, answer: str) -> Trial:
    return a_trial(answer, None, case={"context": given})


def _groundedness(ledger: Ledger) -> None:
    folder = data_folder()
    recorded = None if folder is None else folder.parent / "pandalm"
    if recorded is None or not recorded.is_dir():
        ledger.exact("groundedness on PandaLM's answers", "the data is not here", "measured", False)
        return
    pairs = list(_answers(recorded))[:ANSWERS]
    started = time.perf_counter()
    own = _scored([_trial(given, answer) for given, answer in pairs], grounded())
    each_ms = 1000 * (time.perf_counter() - started) / len(pairs)
    apart = [
        (pairs[(number + len(pairs) // 2) % len(pairs)][0], answer)
        for number, (_, answer) in enumerate(pairs)
    ]
    other = _scored([_trial(*pair) for pair in apart], grounded())
    right = [pair for pair, score in zip(pairs, own, strict=True) if score.value == 1]
    ledger.share("PandaLM's answers with a claim, grounded in their own task", len(right), len(pairs))
    held = sum(score.value == 1 for score in other)
    ledger.share("the same answers, held against another task: grounded", held, len(other), high=0.05)
    for what, planted in (("number", _other_number), ("name", _other_name)):
        changed = [
            _trial(given, new) for given, answer in right if (new := planted(given, answer)) is not None
        ]
        found = sum(score.value == 0 for score in _scored(changed, grounded()))
        ledger.share(
            f"grounded answers in which one {what} was replaced: found", found, len(changed), low=0.99
        )
    ledger.timing("groundedness of one answer", f"{each_ms:.2f} ms", "under 5 ms", each_ms < 5)


def _other_number(given: str, answer: str) -> str | None:
    """Return the answer with one number changed to one that was not given; None where it has none."""
    numbers = claims(answer).numbers
    if not numbers:
        return None
    new = next(str(value) for value in range(731, 10_000) if str(value) not in given)
    # The last place: the first may be the marker of a list's item, which claims nothing.
    *_, last = re.finditer(rf"(?<![\w.]){re.escape(numbers[0])}(?!\d)", answer)
    return f"{answer[: last.start()]}{new}{answer[last.end() :]}"


def _other_name(given: str, answer: str) -> str | None:
    """Return the answer with one name changed to one that was not given; None where it has none."""
    names = [name for name in claims(answer).names if name in answer]
    return answer.replace(names[0], "Quillmere Harbor") if names else None


def _failures(ledger: Ledger) -> None:
    """Score trials of which known ones fail, abstain, or were never answered."""

    def fragile(output: str) -> float | None:
        number = int(output)
        if number % 7 == 0:
            raise ValueError("cannot judge")
        return None if number % 7 == 1 else 1.0

    trials = [
        replace(
            a_trial(str(number), None),
            trial_id=f"t{number}",
            case_id=f"c{number}",
            status="error" if number % 7 == 2 else "ok",
        )
        for number in range(TRIALS)
    ]
    frame = to_frame(trials, _scored(trials, scorer(fragile), exact()))
    counts = frame["missing_fragile"].value_counts()
    seventh = TRIALS // 7
    ledger.exact(
        f"{TRIALS:,} trials: scored, scorer failed, abstained, not answered; mean of the scored",
        (
            int(frame["score_fragile"].notna().sum()),
            int(counts["the scorer failed: ValueError: cannot judge"]),
            int(counts["the scorer abstained"]),
            int(counts["error"]),
            float(frame["score_fragile"].mean()),
        ),
        (TRIALS - 3 * seventh, seventh, seventh, seventh, 1.0),
    )
    ledger.exact(
        "scores of cases that expect nothing: values, records with a reason",
        (int(frame["score_exact"].notna().sum()), int(frame["missing_exact"].notna().sum())),
        (0, TRIALS),
    )


def _mlflow(ledger: Ledger) -> None:
    """Score an old run by scorers of MLflow's, and count the calls."""
    from mlflow.genai.scorers import RegexMatch, ResponseLength

    from tests.bench import world
    from workbench.record.entities import trace_id

    with tempfile.TemporaryDirectory() as folder:
        transport = world.Transport()
        bench = world.bench(Path(folder), "http://127.0.0.1:1/v1", transport=transport)
        run = bench.run(world.plan(bench), show=False)
        run.result()
        before = transport.asked
        found = bench.rescore(
            run, [RegexMatch(pattern="alpha"), ResponseLength(max_length=3, unit="chars"), grounded("text")]
        )
        bench.sync()
        ledger.exact("calls to the arms' models while an old run is scored anew", transport.asked - before, 0)
        theirs = found.frame[found.frame["score"] != "grounded"]
        ledger.exact(
            "scores of an old run by MLflow's built-in scorers as they are (attempted, scored, mean)",
            theirs[["attempted", "scored", "mean"]].to_numpy().tolist(),
            [[len(run.plan.cases), len(run.plan.cases), mean] for mean in (1.0, 0.0)] * 2,
        )
        store = bench.recording.recorder.open()
        names = {"regex_match", "response_length", "grounded"}
        traces = [store.client.get_trace(trace_id(trial.trial_id)).info for trial in run.trials]
        there = sum(names <= {item.name for item in info.assessments} for info in traces)
        ledger.exact("their traces that have the new assessments", there, len(run.trials))
        bench.close()
