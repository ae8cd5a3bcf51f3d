"""A model that says four words, and how to ask one through layers on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from workbench.core.protocols import Model
from workbench.core.records import Message, ModelRef, Reply, Request, Workload
from workbench.errors import ModelError
from workbench.offline.chat import Chat

__all__ = ["Says", "ask_all"]


class Says:
    """Says four words."""

    models: Mapping[str, str] = {"says": "always the same four words"}

    def answer(self, chat: Chat) -> str:
        """Return them."""
        return "one two three four"


async def ask_all(
    models: Sequence[Model],
    refs: Sequence[ModelRef],
    count: int,
    *,
    at_once: int,
    workload: Workload = "batch",
) -> list[Reply | ModelError]:
    """Ask text after text, in turn of each model, so many at once; return what came of each.

    Parameters
    ----------
    models, refs
        The models and who they are.
    """
    out: dict[int, Reply | ModelError] = {}
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            at = number % len(models)
            message = Message(role="user", content=f"text {number}")
            request = Request(messages=(message,), ref=refs[at], workload=workload)
            try:
                out[number] = await models[at].ask(request)
            except ModelError as error:
                out[number] = error

    await asyncio.gather(*(worker() for _ in range(at_once)))
    return [out[number] for number in range(count)]
