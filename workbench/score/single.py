"""What every judge of one model is, whatever it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.score.families import kinship

if TYPE_CHECKING:
    from workbench.core.records import ModelRef

__all__ = ["Single"]


class Single:
    """A judge that asks one model, ``ref``, about the answers of ``candidates``."""

    __slots__ = ()

    if TYPE_CHECKING:  # fields of those that derive from it
        ref: ModelRef
        candidates: tuple[str, ...]

    @property
    def refs(self) -> tuple[ModelRef, ...]:
        """Whom it asks."""
        return (self.ref,)

    @property
    def members(self) -> tuple[Any, ...]:
        """Itself: it is a single judge."""
        return (self,)

    @property
    def warning(self) -> str | None:
        """Why this judge's scores deserve suspicion; None where nothing is known against it."""
        return kinship(self.ref, self.candidates)
