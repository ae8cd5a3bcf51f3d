"""Topics by example: a text is about a topic where it is near to one of the topic's examples."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench.core.identity import digest
from workbench.core.protocols import Embedder
from workbench.core.records import Verdict
from workbench.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Topics", "topics"]


@dataclass(slots=True, kw_only=True)
class Topics:
    """Finds topics by the cosine to their examples: see `topics`."""

    name: str
    embedder: Embedder
    examples: tuple[tuple[str, str], ...]
    others: tuple[str, ...]
    threshold: float
    _vectors: NDArray[np.float32] | None = field(default=None, repr=False)

    @property
    def digest(self) -> str:
        """Identity of the definition: the examples, the threshold, and whose vectors they are compared by."""
        known = getattr(self.embedder, "model_id", type(self.embedder).__qualname__)
        return digest(["topics", known, self.examples, self.others, self.threshold])

    def look(self, text: str) -> Verdict:
        """Return the nearest topic where it is near enough, and nearer than every counterexample."""
        if self._vectors is None:
            texts = [example for _, example in self.examples]
            self._vectors = self.embedder.embed([*texts, *self.others])
        cosines = self._vectors @ self.embedder.embed([text])[0]
        nearest = int(cosines.argmax())
        best = max(0.0, float(cosines[: len(self.examples)].max()))
        if nearest < len(self.examples) and best >= self.threshold:
            return Verdict(category=self.examples[nearest][0], score=min(1.0, best))
        return Verdict(category=None, score=min(1.0, best))

    async def check(self, text: str) -> Verdict:
        """Return the nearest topic and how long it took; embedding runs in a thread."""
        now = asyncio.get_running_loop().time
        began = now()
        verdict = await asyncio.to_thread(self.look, text)
        return Verdict(category=verdict.category, score=verdict.score, latency_s=now() - began)


def topics(
    examples: Mapping[str, Sequence[str]],
    embedder: Embedder,
    *,
    threshold: float,
    others: Sequence[str] = (),
    name: str = "topics",
) -> Topics:
    """Return a classifier of topics by examples.

    Parameters
    ----------
    examples
        Topic -> texts that are about it.
    embedder
        Gives the vectors; those of the examples are made once, at the first check.
    threshold
        The least cosine to an example, above 0 and at most 1. It depends on the embedder and on the examples:
        measure it on texts of yours (`workbench.score.guard_report`).
    others
        Counterexamples: a text nearer to one of these than to any example is about no topic.
    name
        The classifier's name.

    Raises
    ------
    InputError
        Where a topic has no example, or the threshold is outside.
    """
    if not examples or not all(examples.values()):
        raise InputError(f"classifier {name!r}", "a topic has no example", "Give some for each.")
    if not 0 < threshold <= 1:
        raise InputError(
            f"classifier {name!r}", f"its threshold is {threshold}", "Give one above 0, at most 1."
        )
    pairs = tuple((topic, text) for topic, texts in examples.items() for text in texts)
    return Topics(name=name, embedder=embedder, examples=pairs, others=tuple(others), threshold=threshold)
