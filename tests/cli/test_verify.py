"""`workbench verify`: exit code 0 where all is equal, 1 where it is not, 2 where nothing can be read."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from tests.promote.test_verify import recorded
from workbench.cli import main
from workbench.record.runs import Recorder


def test_exit_codes(tmp_path: Path) -> None:
    """A decision as recorded, the same with a metric changed in the store, and one that was never made."""
    recorder = Recorder(f"sqlite:///{tmp_path}/mlflow.db", tmp_path)
    run, _, plan = recorded(recorder, "from-the-command-line")
    runner = CliRunner(env={"WORKBENCH_HOME": str(tmp_path), "MLFLOW_TRACKING_URI": recorder.uri})
    done = runner.invoke(main, ["verify", run])
    assert done.exit_code == 0, done.output
    assert "all equal" in done.stdout
    assert runner.invoke(main, ["verify", plan.execution_id]).exit_code == 0
    client = recorder.open().client
    experiment = client.get_experiment_by_name(plan.study).experiment_id
    arms = client.search_runs([experiment], "tags.`workbench.kind` = 'arm'")
    client.log_metric(arms[0].info.run_id, "quality_mean", 0.999)
    changed = runner.invoke(main, ["verify", run])
    assert changed.exit_code == 1
    assert "quality_mean: recorded 0.999" in changed.stdout
    absent = runner.invoke(main, ["verify", "never-made"])
    assert absent.exit_code == 2
    assert "not in this MLflow store" in absent.stderr
