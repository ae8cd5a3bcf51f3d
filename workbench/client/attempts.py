"""What a layer does with the attempts of the model it wraps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbench.core.records import Attempt
from workbench.errors import ModelError

__all__ = ["again", "waited"]


def waited(attempts: Sequence[Attempt], wait_s: float) -> tuple[Attempt, ...]:
    """Return the attempts, the first of which had to wait so many seconds more before it was sent."""
    if not attempts or wait_s <= 0:
        return tuple(attempts)
    return (replace(attempts[0], wait_s=attempts[0].wait_s + wait_s), *attempts[1:])


def again(error: ModelError, *, attempts: Sequence[Attempt], note: str = "") -> ModelError:
    """Return an error as it is, with other attempts and a note after the problem."""
    return ModelError(
        error.subject,
        error.problem.rstrip(".") + note,
        error.remedy,
        kind=error.kind,
        status=error.status,
        retry_after_s=error.retry_after_s,
        attempts=attempts,
        causes=error.causes,
    )
