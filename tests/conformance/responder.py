"""What every `Responder` of the embedded endpoint promises; each one's tests call this."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workbench.offline.chat import Chat, ChatError, Responder

__all__ = ["check_responder"]


def check_responder(responder: Responder, known: Chat, unanswerable: Chat) -> None:
    """Hold a responder to the Protocol.

    Parameters
    ----------
    known
        A chat that it answers.
    unanswerable
        A chat that it must refuse with a 4xx.
    """
    assert isinstance(responder, Responder)
    assert known.model in responder.models
    assert all("model" in about for about in responder.models.values()), "each says what it is and is not"
    seeded = [replace(known, seed=seed) for seed in range(4)]
    first = [responder.answer(chat) for chat in seeded]
    assert all(isinstance(text, str) for text in first)
    assert [responder.answer(chat) for chat in reversed(seeded)] == first[::-1], "a seed's answer is fixed"
    with pytest.raises(ChatError) as caught:
        responder.answer(unanswerable)
    assert 400 <= caught.value.status < 500
    assert caught.value.remedy
