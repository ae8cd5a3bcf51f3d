"""A small world for benches: tickets that only examples explain, and an endpoint in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pandas as pd

from workbench.bench.bench import Bench
from workbench.client.openai import OpenAI
from workbench.define.dataset import Dataset
from workbench.define.variant import Variant
from workbench.plan.plan import Plan
from workbench.score.checks import exact

PLACES = ("door", "garden", "office", "corner shop", "station", "neighbor")
PAGES = ("start page", "basket", "profile", "search", "map", "calendar")


class Transport(httpx2.AsyncBaseTransport):
    """Answers ``alpha`` to everything, without a network, and remembers whether it was closed."""

    def __init__(self) -> None:
        self.asked = 0
        self.closed = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer."""
        self.asked += 1
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "alpha"}}
        usage = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
        body = {"id": "1", "object": "chat.completion", "created": 0, "model": "tfidf", "choices": [choice]}
        return httpx2.Response(200, json={**body, "usage": usage})

    async def aclose(self) -> None:
        """Close."""
        self.closed = True


def tickets(each: int = 20) -> pd.DataFrame:
    """Return `each` tickets of two kinds, whose labels say nothing about their texts."""
    rows = []
    for number in range(each):
        place, page = PLACES[number % len(PLACES)], PAGES[number % len(PAGES)]
        rows.append((f"Parcel {number + 10} was not left at the {place}", "alpha"))
        rows.append((f"The screen of the {page} goes black, error {number + 10}", "beta"))
    frame = pd.DataFrame(rows, columns=["text", "label"])
    return frame.assign(user=[f"u{number % 7}" for number in range(len(frame))])


def parts(each: int = 20) -> tuple[Dataset, Dataset]:
    """Return (examples, cases)."""
    return Dataset.from_frame(tickets(each), expected="label", name="tickets").split(4, seed=1)


def variants(each: int = 20) -> list[Variant]:
    """Return labels only, which can but guess, and the same with four examples."""
    examples, cases = parts(each)
    terse = Variant("terse", "Answer with one of {{labels}}.\n\n{{text}}", labels=cases.labels)
    return [terse, terse.replace(name="shots", examples=examples)]


def model(url: str, **options: Any) -> OpenAI:
    """Return the small embedded model on a server of the test's."""
    return OpenAI("tfidf", base_url=url, name="offline/tfidf", origin="offline", **options)


def bench(
    folder: Path, url: str, *, store: str | None = None, study: str = "tickets", **options: Any
) -> Bench:
    """Return a bench with everything below a folder, but for the store where one is given."""
    uri = store or f"sqlite:///{folder}/mlflow.db"
    return Bench(study, models=[model(url, **options)], home=folder, tracking_uri=uri)


def plan(made: Bench, each: int = 20, **changes: Any) -> Plan:
    """Return a plan of both variants on all cases."""
    return made.plan(
        **{
            "variants": variants(each),
            "cases": parts(each)[1],
            "scorers": [exact()],
            "incumbent": "terse",
            "params": {"temperature": 0.0},
            **changes,
        }
    )
