"""One endpoint and one store for the commands."""

from __future__ import annotations

from tests.bench.conftest import store, url

__all__ = ["store", "url"]
