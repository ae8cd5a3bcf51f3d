"""One study full of secrets, and all that comes out of the workbench for it, by sink."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import logging
import os
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from tests.safety.canaries import CANARIES, OWN_KEY, folder_texts
from workbench.bench.bench import Bench
from workbench.cli.main import main
from workbench.client.exact_cache import ExactCache
from workbench.core.records import Message, ModelRef, Request, Trial
from workbench.define.study import Study
from workbench.errors import WorkbenchError
from workbench.record.runs import Recorder
from workbench.score.functions import scorer
from workbench.view.cards import renderers
from workbench.view.terminal import terminal
from workbench.view.widgets.monitor import monitor

__all__ = ["VERBS", "notebook_output", "sinks"]

ALL = " and ".join(CANARIES.values())
VARIABLE = "WORKBENCH_TEST_KEY"
VERBS = ("plan", "compare", "report")


def _write(folder: Path, base_url: str) -> None:
    """Write a project whose cases, prompts, question and parameters are full of secrets."""
    place = folder / "experiments" / "leaky"
    place.mkdir(parents=True)
    with (place / "cases.csv").open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(["text", "user", "label"])
        for index, secret in enumerate(CANARIES.values()):
            rows.writerow(
                [f"ticket {secret}" + " refuse" * (index % 5 == 0), secret, ("billing", secret)[index % 2]]
            )
    study = {
        "name": "leaky",
        "question": f"Does {ALL} leak?",
        "data": {"file": "cases.csv", "expected": "label"},
        "models": [{"name": "echo/echo", "model": "echo", "base_url": base_url, "api_key_env": VARIABLE}],
        "variants": [
            {"name": "one", "template": f"Be brief. {ALL}\n\n{{{{text}}}}"},
            {"name": "two", "template": "Be {{how}}.\n\n{{text}}", "constants": {"how": ALL}},
        ],
        "params": {"stop": [CANARIES["openai"]], "user": CANARIES["github"]},
        "scorers": ["exact"],
        "incumbent": "one",
        "prices": {"echo/echo": {"in_per_mtok": 1, "out_per_mtok": 2, "note": CANARIES["slack"]}},
    }
    (place / "study.yaml").write_text(json.dumps(study), encoding="utf-8")


@contextmanager
def _everything_logged() -> Iterator[io.StringIO]:
    """Let every logger of the process write all it has to say."""
    out, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(out), root.level
    names = ("openai", "openai._base_client", "httpx2", "httpcore2", "mlflow", "sqlalchemy", "workbench")
    before = {name: logging.getLogger(name).level for name in names}
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in ("openai", "openai._base_client", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield out
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        for name, was in before.items():
            logging.getLogger(name).setLevel(was)


@scorer
def raising(output: str, expected: Any, case: Mapping[str, Any]) -> bool:
    """Fail, with all there is in the error."""
    raise ValueError(f"{output} {expected} {case} {ALL}")


def sinks(folder: Path, base_url: str, verbs: Sequence[str] = VERBS) -> dict[str, str]:
    """Take the study through the whole journey, and return what each sink got.

    Parameters
    ----------
    verbs
        Of the command line, given the study.
    """
    _write(folder, base_url)
    os.environ[VARIABLE] = OWN_KEY
    out: dict[str, str] = {}
    try:
        with _everything_logged() as log:
            bench = Bench(
                "leaky", home=folder, tracking_uri=f"sqlite:///{folder / '.workbench' / 'mlflow.db'}"
            )
            try:
                out |= _journey(bench)
            finally:
                bench.close()
            out["log, everything at DEBUG"] = log.getvalue()
        out["MLflow store and artifacts"] = folder_texts(folder / ".workbench")
        out["command line"] = _commands(folder, verbs)
    finally:
        del os.environ[VARIABLE]
    return out


def _journey(bench: Bench) -> dict[str, str]:
    study = bench.study
    assert study is not None
    plan = bench.plan(scorers=[*bench.plan().scorers, raising])
    run = bench.run(plan, show=False)
    result = bench.compare(run)
    decision = bench.decide(result)
    path = bench.report(result, decision)
    bench.sync()
    widget = monitor(run)
    run.notify(replace(run.progress, state="running", reason=ALL, errors={ALL: 1}))
    shown = [
        study,
        plan,
        run,
        run.progress,
        result,
        decision,
        *plan.arms[0:0],
        study.dataset,
        *study.variants,
    ]
    model = bench.models.find("echo/echo")[0]
    return {
        "journal and its WAL": "\n".join(
            file.read_bytes().decode("utf-8", "replace") for file in bench.home.folder.glob("journal.sqlite*")
        ),
        "repr and str": "\n".join(f"{one!r}\n{one}" for one in (*shown, bench, bench.models, model)),
        "rows read back": f"{run.trials} {run.scores} {run.frame.to_string()} {run.ledger.to_string()}",
        "cards": "\n".join(one._repr_html_() for one in shown if type(one) in renderers()),
        "mime bundles": "\n".join(str(one._repr_mimebundle_()) for one in shown),
        "widget state": f"{widget.get_state()} {widget._repr_mimebundle_()}",
        "report": path.read_text(encoding="utf-8"),
        "terminal card": terminal(decision),
        "exact cache": _cached(bench, plan),
        "errors and tracebacks": "\n".join(_errors(bench)),
        "table from MLflow": bench.load(run.execution_id).to_string(),
    }


def _cached(bench: Bench, plan: Any) -> str:
    cell = next(cell for cell in plan.cells() if bench.journal.reply(cell.key) is not None)
    model = ExactCache(bench.journal.reply)(bench.models.find("echo/echo")[0])
    return repr(asyncio.run(model.ask(cell.request)))


def _errors(bench: Bench) -> Iterator[str]:
    """Yield what is seen of errors of each kind: repr, str, traceback with the chain and without it."""
    ref = ModelRef(name="echo/echo", model="echo", origin="echo")
    ask = Request(messages=(Message(role="user", content=f"refuse {ALL}"),), ref=ref)
    model = bench.models.find("echo/echo")[0]
    trial = bench.journal.trials(bench.journal.executions()[-1].execution_id)[0]

    def wrong(title: str) -> Any:
        return {
            "a refused call": lambda: asyncio.run(model.ask(ask)),
            "a study file": lambda: Study.from_mapping({"name": "x", f"key {ALL}": ALL}),
            "a broken study file": lambda: _broken(bench.home.folder),
            "a model's settings": lambda: Bench(
                "x", models=[{"name": "y", "api_key": ALL}], home=bench.home.root
            ),
            "a store's address": lambda: Recorder(
                CANARIES["url"].replace("https", "postgresql") + f"/{ALL}", bench.home.folder
            ).open(),
            "a scorer": lambda: asyncio.run(_scored(trial)),
        }[title]()

    for title in (
        "a refused call",
        "a study file",
        "a broken study file",
        "a model's settings",
        "a store's address",
    ):
        try:
            wrong(title)
        except WorkbenchError as error:
            yield f"{error!r} {error} {error.args} {vars(error)} {''.join(traceback.format_exception(error))}"
        else:
            raise AssertionError(f"{title} was no error")
    yield wrong("a scorer")


def _broken(folder: Path) -> None:
    path = folder / "broken.yaml"
    path.write_text(f'name: [x\n"{ALL}: {{', encoding="utf-8")
    try:
        Study.load(path)
    finally:
        path.unlink()


async def _scored(trial: Trial) -> str:
    from workbench.score.apply import score_trial

    return repr(await score_trial(trial, [raising]))


def _commands(folder: Path, verbs: Sequence[str]) -> str:
    """Return what the commands print, errors and the traceback of an unforeseen one included."""
    environ = {"WORKBENCH_HOME": str(folder), "MLFLOW_TRACKING_URI": ""}
    study = str(folder / "experiments" / "leaky" / "study.yaml")
    printed = []
    for arguments in (*([verb, study] for verb in verbs), ["plan", ALL]):
        done = CliRunner().invoke(main, arguments, env=environ)
        printed.append(done.output + repr(done.exception or ""))
    return "\n".join(printed)


def notebook_output(folder: Path, base_url: str) -> str:
    """Return the outputs of a notebook that shows everything of the same study, executed headless."""
    import nbformat
    from nbclient import NotebookClient

    _write(folder, base_url)
    cells = [
        "import workbench as wb\nbench = wb.Bench('leaky')\nplan = bench.plan()\nplan",
        "run = bench.run(plan)\nresult = bench.compare(run)\nresult",
        "run",
        "run.frame",
        "bench.decide(result)",
        "bench.study.variants[0]",
        "[plan, run, bench.study, bench.study.variants[1], bench.study.dataset]",
        "wb.Study.from_mapping({'name': 'x', 'key ' + bench.study.question: 1})",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(
        notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": folder}}
    )
    client.execute(
        env={**os.environ, VARIABLE: OWN_KEY, "WORKBENCH_HOME": str(folder), "MLFLOW_TRACKING_URI": ""}
    )
    assert not any(
        output.output_type == "error" for cell in notebook.cells[:-1] for output in cell.outputs
    ), notebook
    return json.dumps(notebook, ensure_ascii=False)
