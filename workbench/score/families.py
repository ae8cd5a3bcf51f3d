"""Which models are kin: a judge tends to prefer the answers of its own family."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workbench.core.records import ModelRef

__all__ = ["family", "kinship"]

_FAMILIES = {
    "gpt": ("gpt", "chatgpt", "o1", "o3", "o4", "davinci"),
    "mistral": ("mistral", "mixtral", "ministral", "codestral", "magistral"),
    "gemini": ("gemini", "gemma"),
}


def family(model: str) -> str:
    """Return the family of a model's name: ``openai/gpt-4.1-mini`` gives ``gpt``.

    The leading letters of the last part of the name, with the known kin of GPT, Mistral and Gemini brought
    under one name. It is a guess from a name, good enough for a warning.
    """
    last = model.rsplit("/", 1)[-1].lower()
    for name, kin in _FAMILIES.items():
        if last.startswith(kin):
            return name
    letters = re.match(r"[a-z]+", last)
    return letters.group(0) if letters else last


def kinship(judge: ModelRef, candidates: Iterable[str]) -> str | None:
    """Return a warning where a judge is of the family of models whose answers it judges; None where not."""
    own = sorted(name for name in candidates if family(name) == family(judge.name))
    if not own:
        return None
    return (
        f"The judge {judge.name} is of the family of {', '.join(own)}, and models tend to prefer "
        "their own. Use a judge of another family, or compare its scores with human labels."
    )
