"""What every `Classifier` must do, whoever wrote it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from workbench.core.protocols import Classifier
from workbench.core.records import Verdict

__all__ = ["check_classifier", "look"]

ODD = ("", " ", "\x00", "\ud83d", "\u200b\u200b", "ﬀ" * 50, "a" * 3000, "1 " * 1500, "@" * 500, "\n\r\t")
"""Texts on which none may fail."""


def look(classifier: Classifier, text: str) -> Verdict:
    """Return the verdict on a text."""
    return asyncio.run(classifier.check(text))


def check_classifier(make: Callable[[], Classifier], positive: str, harmless: str) -> None:
    """Hold a classifier to the Protocol.

    Parameters
    ----------
    make
        Makes it; two of them are one definition.
    positive, harmless
        A text in which it finds something, and one in which it does not.
    """
    one, other = make(), make()
    assert isinstance(one, Classifier)
    assert one.name
    assert (one.name, one.digest) == (other.name, other.digest)
    assert look(one, positive).category is not None
    assert look(one, harmless).category is None
    for text in (positive, harmless, f"{harmless}\n{positive}\n{harmless}", *ODD):
        verdict = look(one, text)
        assert 0 <= verdict.score <= 1
        assert verdict.latency_s >= 0
        at = 0
        for piece in verdict.pieces:
            assert at <= piece.start < piece.end <= len(text), "pieces stand in order, within the text, apart"
            at = piece.end
        assert not verdict.pieces or verdict.category is not None
        again = look(one, text)
        assert (again.category, again.score, again.pieces) == (
            verdict.category,
            verdict.score,
            verdict.pieces,
        )
