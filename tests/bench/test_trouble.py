"""What goes wrong around a run: keys, endpoints, stores; each is said, and nothing is lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from tests.bench import world
from workbench.bench.bench import Bench
from workbench.errors import InputError, PlanError, RecordError, StoreError
from workbench.offline.classifier import TfidfClassifier
from workbench.offline.server import OfflineServer

NOWHERE = "http://127.0.0.1:9"


def test_a_wrong_key_stops_the_run_and_a_right_one_resumes_it(tmp_path: Path) -> None:
    """The run gives up with the reason, each call is a row, no key is in any; then only the rest is asked."""
    right, wrong = "right-" + "key-of-a-test", "wrong-" + "key-of-a-test"
    with OfflineServer(models=[TfidfClassifier()], api_key=right) as server:
        bench = world.bench(tmp_path, server.base_url, api_key=wrong)
        plan = world.plan(bench)
        run = bench.run(plan)
        table = run.result()
        assert run.progress.state == "failed"
        assert "HTTP 401" in run.progress.reason
        assert set(table["error_kind"]) == {"auth"}
        assert set(table["status"]) == {"error"}
        assert table["score_exact"].isna().all()
        assert len(table) < len(plan)
        bench.close()
        bench = world.bench(tmp_path, server.base_url, api_key=right)
        table = bench.run(world.plan(bench)).result()
        assert len(table) == len(plan)
        assert set(table["status"]) == {"ok"}
        bench.close()
    for file in (tmp_path / ".workbench").iterdir():
        if file.is_file():
            assert wrong.encode() not in file.read_bytes()


def test_a_missing_key_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    """A study file names the variable of the key; it is not set."""
    spec = {"name": "mine", "base_url": NOWHERE, "api_key_env": "WORKBENCH_TEST_UNSET_KEY"}
    bench = Bench("tickets", models=[spec], home=tmp_path)
    with pytest.raises(InputError, match="WORKBENCH_TEST_UNSET_KEY is not set"):
        bench.run(world.plan(bench))
    bench.close()


def test_where_no_endpoint_is_each_call_is_a_row_that_says_so(tmp_path: Path) -> None:
    """After its retries; the same plan resumes when the endpoint is there."""
    bench = world.bench(tmp_path, f"{NOWHERE}/v1")
    plan = world.plan(bench, each=3)  # few: each is tried for a while
    run = bench.run(plan)
    table = run.result()
    assert set(table["error_kind"]) == {"connection"}
    assert table["error"].str.contains("Start the endpoint").all()
    assert run.progress.usd == 0
    bench.close()
    with OfflineServer(models=[TfidfClassifier()]) as server:
        bench = world.bench(tmp_path, server.base_url)
        assert set(bench.run(world.plan(bench, each=3)).result()["status"]) == {"ok"}
        bench.close()


def test_a_model_that_the_endpoint_does_not_serve_is_a_row(url: str, tmp_path: Path) -> None:
    """Not retried: asking again does not install a model."""
    bench = Bench("tickets", models=[{"name": "mine", "model": "gpt-99", "base_url": url}], home=tmp_path)
    table = bench.run(world.plan(bench, each=3)).result()
    assert set(table["error_kind"]) == {"not_found"}
    assert set(table["attempts"]) == {1}
    bench.close()


def test_without_a_store_the_journey_goes_on_and_is_delivered_later(
    url: str, store: str, tmp_path: Path
) -> None:
    """Run, comparison and decision are there; sync says what is wrong, each time; a good store gets all."""
    bench = world.bench(tmp_path, url, store=NOWHERE, study="later")
    plan = world.plan(bench)
    run = bench.run(plan)
    decision = bench.decide(bench.compare(run))
    assert decision.verdict == "promote"
    for _ in range(2):
        with pytest.raises(RecordError, match=r"no MLflow server answers.*workbench sync"):
            bench.sync()
    with pytest.raises(RecordError, match="no MLflow server answers"):
        bench.promote(decision)
    assert not bench.history().moves
    table = run.frame
    bench.close()
    bench = world.bench(tmp_path, url, store=store, study="later")
    assert bench.journal.pending(plan.execution_id, limit=1)
    assert bench.deliver(world.plan(bench)) == plan.execution_id
    assert not bench.journal.pending(plan.execution_id, limit=1)
    assert_frame_equal(bench.load(plan.execution_id), table)
    bench.close()


def test_what_failed_is_tried_again_by_the_next_sync(tmp_path: Path, url: str) -> None:
    """The store is mended meanwhile: the same bench delivers, and the second sync is content."""
    store = tmp_path / "mlflow.db"
    store.write_text("not a database, but long enough to look like one" * 50)
    bench = world.bench(tmp_path, url)
    run = bench.run(world.plan(bench, each=3))
    bench.compare(run)
    with pytest.raises(RecordError, match="cannot be used as an MLflow store"):
        bench.sync()
    store.unlink()
    bench.sync()
    assert_frame_equal(bench.load(run.execution_id), run.frame)
    bench.close()


def test_a_store_of_a_newer_schema_is_said_at_sync(tmp_path: Path, url: str) -> None:
    """The remedy is named; the journal keeps what could not be written."""
    first = world.bench(tmp_path, url)
    first.recording.recorder.open()
    first.close()
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'f00dfeedf00d'")
    bench = world.bench(tmp_path, url)
    plan = world.plan(bench, each=3)
    bench.compare(bench.run(plan))
    with pytest.raises(RecordError, match=r"newer than this MLflow knows.*Upgrade mlflow"):
        bench.sync()
    assert bench.journal.pending(plan.execution_id, limit=1)
    bench.close()


def test_a_journal_of_a_newer_schema_is_refused(tmp_path: Path, url: str) -> None:
    """Before anything is asked."""
    world.bench(tmp_path, url).close()
    with sqlite3.connect(tmp_path / ".workbench" / "journal.sqlite") as connection:
        connection.execute("PRAGMA user_version = 9999")
    with pytest.raises(StoreError, match=r"newer|9999"):
        world.bench(tmp_path, url)


def test_delivering_what_was_never_run_is_an_error(tmp_path: Path, url: str) -> None:
    """Nothing is asked to make up for it."""
    bench = world.bench(tmp_path, url)
    with pytest.raises(PlanError, match="no trial"):
        bench.deliver(world.plan(bench))
    bench.close()


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path, url: str) -> None:
    """A file stands where the folder would be."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="writable folder"):
        world.bench(tmp_path / "file", url)
