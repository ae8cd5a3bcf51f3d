"""One MLflow store for the tests that need any."""

from __future__ import annotations

import pytest

from workbench.record.runs import Recorder


@pytest.fixture(scope="session")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    """Return a recorder on a SQLite store of its own."""
    home = tmp_path_factory.mktemp("mlflow")
    return Recorder(f"sqlite:///{home}/mlflow.db", home)
