"""`workbench doctor`: what was found, and what to do."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

from tests.cli.world import Project
from workbench.bench.home import Home
from workbench.cli.doctor import Check, examine


def looked(home: Path, base_url: str, until: str, **environ: str) -> list[Check]:
    """Return the checks before the one named."""
    found = Home.find(home, environ=environ)
    return list(takewhile(lambda check: check.name != until, examine(found, base_url)))


def test_all_is_well(tmp_path: Path, url: str, store: str) -> None:
    """Key, endpoint, journal, store, embedding model and embedded endpoint, each in a line; no key in any."""
    key = "sk-" + "fake" * 8
    done = Project(root=tmp_path, store=store, key=key)("doctor", "--base-url", url)
    assert done.exit_code == 0, done.output
    for words in (
        "OpenAI key: OPENAI_API_KEY is set",
        f"endpoint: {url} answers",
        "MLflow store: sqlite:///",
        "checksum verified, 384 dimensions",
        "embedded endpoint: serves",
        "everything needed is there",
    ):
        assert words in done.stdout, words
    assert "FAIL" not in done.stdout
    assert key not in done.output


def test_an_endpoint_that_is_not_there(tmp_path: Path) -> None:
    """What was tried, and what to do."""
    *_, endpoint = looked(tmp_path, "http://127.0.0.1:9/v1", "journal")
    assert endpoint.name == "endpoint"
    assert endpoint.ok is False
    assert "http://127.0.0.1:9/v1" in endpoint.remedy


def test_a_store_that_is_not_there(tmp_path: Path, url: str) -> None:
    """The others are looked at all the same."""
    *before, store = looked(tmp_path, url, "embedding model", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert store.name == "MLflow store"
    assert store.ok is False
    assert "MLFLOW_TRACKING_URI" in store.remedy
    assert all(check.ok is not False for check in before)


def test_a_password_in_a_store_is_not_shown(tmp_path: Path, url: str) -> None:
    """A wrong address is named without it."""
    uri = "ftp://someone:" + "hidden-word" + "@host/x"
    store = looked(tmp_path, url, "embedding model", MLFLOW_TRACKING_URI=uri)[-1]
    assert store.ok is False
    assert "hidden-word" not in f"{store.found} {store.remedy}"
