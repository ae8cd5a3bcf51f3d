"""Kin among models."""

from __future__ import annotations

import pytest

from workbench.core.records import ModelRef
from workbench.score.families import family, kinship


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai/gpt-4.1-mini", "gpt"),
        ("openai/o3-mini", "gpt"),
        ("claude-sonnet-4", "claude"),
        ("mistralai/Mixtral-8x7B", "mistral"),
        ("meta-llama/Llama-3.1-8B", "llama"),
        ("offline/minilm", "minilm"),
    ],
)
def test_family(model: str, expected: str) -> None:
    """The family is the leading word of the model's own name."""
    assert family(model) == expected


def test_kin_are_named() -> None:
    """Each candidate of the judge's family, and no other, is in the warning."""
    judge = ModelRef(name="openai/gpt-4.1", model="gpt-4.1", origin="https://models.example")
    said = str(kinship(judge, ["openai/o3-mini", "acme/small", "openai/gpt-4.1-mini"]))
    assert "openai/gpt-4.1-mini, openai/o3-mini" in said
    assert "acme/small" not in said
    assert kinship(judge, ["acme/small"]) is None
