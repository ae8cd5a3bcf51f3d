"""Nearness in meaning to the expected answer, by sentence embeddings."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial

from workbench.core.identity import digest
from workbench.core.protocols import Embedder
from workbench.core.records import Score, Trial
from workbench.errors import InputError
from workbench.score.reading import is_absent, plain_text, unanswered
from workbench.score.verdict import hold_name

__all__ = ["Similarity", "similarity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Similarity:
    """Cosine to the expected answer: see `similarity`."""

    name: str
    embedder_id: str
    at_least: float | None = None
    embedder: Embedder = field(repr=False, compare=False)

    @property
    def digest(self) -> str:
        """Identity of the definition: the embedder and the threshold."""
        return digest(["similarity", self.embedder_id, self.at_least])

    async def score(self, trial: Trial) -> Score:
        """Return the cosine; missing where there is no answer, or nothing to compare it with."""
        made = partial(Score, trial_id=trial.trial_id, scorer=self.name, digest=self.digest)
        missing = unanswered(trial)
        if missing is None and not (trial.output or "").strip():
            missing = "the answer is blank"
        if missing is None and is_absent(trial.expected):
            missing = "the case has no expected value"
        if missing is not None:
            return made(value=None, missing=missing)
        # In a thread: encoding takes milliseconds, in which other calls' replies would wait.
        cosine = await asyncio.to_thread(self._cosine, trial.output or "", plain_text(trial.expected))
        value = cosine if self.at_least is None else float(cosine >= self.at_least)
        return made(value=value, reason=None if self.at_least is None else f"cosine {cosine:.3f}")

    def _cosine(self, output: str, expected: str) -> float:
        answer, wanted = self.embedder.embed([output, expected])
        return float(min(1.0, max(-1.0, answer @ wanted)))


def similarity(embedder: Embedder, *, at_least: float | None = None, name: str = "similarity") -> Similarity:
    """Return a scorer: the cosine of the answer's and the expected answer's embeddings, in [-1, 1].

    It tells near topics from far ones. It does not tell a statement from its contrary ("was paid", "was not
    paid"), nor one number from another: put `grounded` or `contains` beside it.

    Parameters
    ----------
    embedder
        Makes unit vectors: `SentenceEmbedder`. Each text is encoded once.
    at_least
        Where given, the score is 1 from this cosine on, else 0.
    name
        The score's name.

    Raises
    ------
    InputError
        Where the threshold is not in [-1, 1], or the name is malformed.

    Notes
    -----
    The digest names the embedder by its ``model_id`` and ``revision``, where it has these, else by its class.
    """
    hold_name(name)
    if at_least is not None and not -1 <= at_least <= 1:
        raise InputError(f"scorer {name!r}", f"at_least is {at_least!r}", "Give a cosine, from -1 to 1.")
    kind = f"{type(embedder).__module__}.{type(embedder).__qualname__}"
    known = [str(getattr(embedder, part)) for part in ("model_id", "revision") if hasattr(embedder, part)]
    return Similarity(name=name, embedder=embedder, embedder_id=" ".join(known) or kind, at_least=at_least)
