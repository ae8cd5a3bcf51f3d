"""Choose a prompt before you promote it: run, price, score, compare, decide, promote."""

from __future__ import annotations

__all__: list[str] = []
