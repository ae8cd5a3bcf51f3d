"""One endpoint for the tests that need any, without a store around the tests getting in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workbench.offline.classifier import TfidfClassifier
from workbench.offline.server import OfflineServer


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Give the address of an endpoint that serves the small model."""
    with OfflineServer(models=[TfidfClassifier()]) as server:
        yield server.base_url


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of one store for all: a fresh one takes seconds. Each test has its own study."""
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"
