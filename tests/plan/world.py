"""A small world for plans: cases, variants, models and a scorer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.core.records import ModelRef, Score, Trial
from workbench.define.dataset import Dataset
from workbench.define.variant import Variant
from workbench.plan.make import make_plan
from workbench.plan.plan import Plan
from workbench.plan.prices import Price, PriceBook

MINI = ModelRef(name="offline/mini", model="mini", origin="offline")
MICRO = ModelRef(name="offline/micro", model="micro", origin="offline")
BOOK = PriceBook(
    declared={
        "offline/mini": Price(in_per_mtok=1.0, out_per_mtok=2.0),
        "offline/micro": Price(in_per_mtok=0.1, out_per_mtok=0.2),
    }
)


@dataclass(frozen=True, kw_only=True)
class Same:
    """Scores 1 where the output is what is expected."""

    name: str = "exact"
    digest: str = "same-1"

    async def score(self, trial: Trial) -> Score:
        """Compare."""
        return Score(
            trial_id=trial.trial_id,
            scorer=self.name,
            value=float(trial.output == trial.expected),
            digest=self.digest,
        )


def dataset(size: int = 6, **columns: Any) -> Dataset:
    """Return `size` cases with the columns text, user, label."""
    frame = pd.DataFrame(
        {
            "text": [f"ticket number {index}" for index in range(size)],
            "user": [f"u{index % 3}" for index in range(size)],
            "label": ["ab"[index % 2] for index in range(size)],
            **columns,
        }
    )
    return Dataset.from_frame(frame, expected="label", name="tickets")


def variants() -> list[Variant]:
    """Return a terse variant and a wordy one."""
    terse = Variant("terse", "Answer a or b.\n\n{{text}}")
    return [terse, terse.replace(name="wordy", template="Read with care. Answer a or b.\n\n{{text}}")]


def plan(**changes: Any) -> Plan:
    """Return a plan of 2 variants × 1 model × 6 cases × 2 repeats, with some parts changed."""
    parts: dict[str, Any] = {
        "study": "tickets",
        "variants": variants(),
        "cases": dataset(),
        "models": [MINI],
        "scorers": [Same()],
        "incumbent": "terse",
        "repeats": 2,
        "book": BOOK,
    }
    return make_plan(**{**parts, **changes})
