"""How a model is asked, as a person says it: streamed, within limits, for a person or for a batch."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import world
from tests.cli.world import project
from workbench.bench.bench import CONCURRENCY, Bench
from workbench.bench.models import Models, connect
from workbench.client.openai import OpenAI
from workbench.errors import InputError


def test_the_time_to_the_first_token_is_in_the_table(url: str, tmp_path: Path) -> None:
    """Streamed it is known for each call, between nothing and the whole latency; else it is missing."""
    for stream in (True, False):
        bench = world.bench(tmp_path / str(stream), url, stream=stream)
        table = bench.run(world.plan(bench, each=4)).result()
        assert set(table["status"]) == {"ok"}
        if stream:
            assert ((table["ttft_s"] > 0) & (table["ttft_s"] <= table["latency_s"])).all()
        else:
            assert table["ttft_s"].isna().all()
        bench.close()


def test_the_embedded_models_stream_too(tmp_path: Path) -> None:
    """A mapping with its name says so, as in a study file."""
    bench = Bench("tickets", models=[{"name": "offline/tfidf", "stream": True}], home=tmp_path)
    table = bench.run(world.plan(bench, each=4)).result()
    assert table["ttft_s"].notna().all()
    bench.close()


def test_a_known_name_has_its_endpoint_with_settings_too() -> None:
    """What follows the slash is the model, unless another is named."""
    model = connect({"name": "ollama/llama3.2", "stream": True, "timeout_s": 300, "requests_per_min": 30})
    assert (model.ref.model, model.endpoint.base_url) == ("llama3.2", "http://127.0.0.1:11434/v1")
    assert (model.stream, model.timeout_s, model.allowed_per_min) == (True, 300, (30, None))
    mine = connect({"name": "mine", "base_url": "http://127.0.0.1:1/v1"})
    assert (mine.ref.model, mine.stream, mine.timeout_s) == ("mine", False, 60.0)
    with pytest.raises(InputError, match="above 0"):
        OpenAI("small", tokens_per_min=0)
    with pytest.raises(InputError, match="no setting 'speed'"):
        Models([{"name": "offline/tfidf", "speed": 1}])


def test_a_declared_limit_holds(url: str, tmp_path: Path) -> None:
    """Calls beyond a second's worth wait for their turn, and the wait is in the table."""
    bench = world.bench(tmp_path, url, requests_per_min=600)
    run = bench.run(world.plan(bench, each=11))
    table = run.result()
    waits = sorted(table["wait_s"])
    assert len(waits) == 36
    assert waits[0] == pytest.approx(0, abs=0.2)
    assert waits[-1] > 1
    bench.close()


def test_a_study_file_says_it(url: str, store: str, tmp_path: Path) -> None:
    """Workload, concurrency, streaming and limits; what a method says goes before it."""
    commands = project(tmp_path, url, store, name="settings")
    commands.change("models: [{name: mine,", "models: [{name: mine, stream: true, tokens_per_min: 1000000,")
    commands.change("params:", "workload: interactive\nconcurrency: 3\nparams:")
    bench = Bench(str(commands.file), home=tmp_path, tracking_uri=store)
    assert (bench.concurrency, bench.plan().workload) == (3, "interactive")
    assert bench.plan(workload="batch").workload == "batch"
    table = bench.run(bench.plan()).result()
    assert set(table["workload"]) == {"interactive"}
    assert table["ttft_s"].notna().all()
    bench.close()
    made = Bench(str(commands.file), home=tmp_path, tracking_uri=store, concurrency=5)
    assert made.concurrency == 5
    made.close()
    commands.change("workload: interactive", "workload: interactiv")
    wrong = commands("plan", "tickets")
    assert "Did you mean 'interactive'" in wrong.stderr
    assert CONCURRENCY == 16
