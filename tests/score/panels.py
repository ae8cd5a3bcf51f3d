"""Judges that say what is written down for them, for tests of panels and cascades."""

from __future__ import annotations

import json
from collections.abc import Mapping

from workbench.client.fakes import Scripted
from workbench.core.records import ModelRef, Reply
from workbench.errors import ModelError
from workbench.score.judge import Judge, rubric

__all__ = ["level", "scripted"]


def level(name: str) -> str:
    """Return a judge's reply that chooses a level."""
    return json.dumps({"reason": f"It is {name}.", "level": name})


def scripted(
    name: str, *script: str | Reply | ModelError, levels: Mapping[str, float] | None = None
) -> Judge:
    """Return a judge named after its model, ``acme/<name>``, whose model follows a script."""
    ref = ModelRef(name=f"acme/{name}", model=name, origin="https://models.example")
    return rubric("Does it fit?", Scripted(script), ref, levels, name=name)
