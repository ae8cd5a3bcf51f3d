"""`make evidence-journey`: from an empty machine to a promoted prompt, measured.

Recorded answers of a published study through the real client; the study that ships; runs that are killed;
what MLflow holds afterwards; and, in the full version, the two commands in a fresh clone.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from tests.evidence.beside import beside
from tests.evidence.ledger import QUICK, Ledger
from tests.evidence.meta_scorers import (
    PUBLISHED,
    VARIANTS,
    data_folder,
    game_of_24,
    recorded_rows,
    word_sorting,
)
from workbench.analyze.compare import compare
from workbench.bench.bench import Bench
from workbench.client.openai import OpenAI
from workbench.core.protocols import Embedder
from workbench.define.dataset import Dataset
from workbench.define.variant import Variant
from workbench.offline.chat import Chat, Responder
from workbench.offline.classifier import MiniLMClassifier, TfidfClassifier
from workbench.offline.replay import Recording
from workbench.offline.server import OfflineServer
from workbench.plan.plan import Plan
from workbench.record.runs import Recorder
from workbench.run.handle import Run
from workbench.score.functions import scorer
from workbench.semantic.embed import MiniLM

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[2]
STUDY = "support-triage"
ORDER = ("labels-only", "described", "few-shot", "many-shot")
CASES = 30
"""Cases of the smaller version, and of the runs that are killed."""

CLOCKS = ["started_at", "latency_s", "wait_s", "ttft_s", "in_doubt"]
"""Columns in which two runs of one plan may differ."""


class Counted:
    """A responder that keeps what it was asked, and does something once when asked the n-th time."""

    def __init__(self, responder: Responder, n: int = 0, act: Callable[[], None] = lambda: None) -> None:
        self.models: Mapping[str, str] = responder.models
        self.asked: list[Chat] = []
        self._responder, self._n, self._act = responder, n, act

    def answer(self, chat: Chat) -> str:
        """Answer as the responder does."""
        self.asked.append(chat)
        if len(self.asked) == self._n:
            self._act()
        return self._responder.answer(chat)


@contextmanager
def home() -> Iterator[Path]:
    """Give an empty project that holds the study that ships."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "experiments" / STUDY
        place.mkdir(parents=True)
        for file in ("study.yaml", "tickets.csv"):
            shutil.copyfile(ROOT / "experiments" / STUDY / file, place / file)
        yield Path(folder)


def bench_of(folder: Path, url: str) -> Bench:
    """Return the study's bench on a server of ours; its models are named as the embedded ones."""
    models = [
        OpenAI(name, base_url=url, api_key="none-needed", name=f"offline/{name}", origin="offline")
        for name in ("minilm", "tfidf")
    ]
    return Bench(STUDY, models=models, home=folder, tracking_uri=f"sqlite:///{folder}/.workbench/mlflow.db")


# ---- recorded answers of a published study ------------------------------------------------------------


def opening(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what was asked in a recording: the messages before the model's first turn."""
    turns = [(message["role"], message["content"]) for message in row["messages"]]
    return turns[: [role for role, _ in turns].index("assistant")]


def recorded_variant(name: str, rows: Sequence[Mapping[str, Any]]) -> Variant:
    """Return the prompt behind recordings: a template where one makes them all, else the texts, by case."""
    made = {
        tuple((role, text.replace(row["input"], "{{input}}")) for role, text in opening(row)) for row in rows
    }
    if len(made) == 1:
        return Variant(name, made.pop())
    return Variant(name, [("system", opening(rows[0])[0][1]), ("user", f"{{{{{name}}}}}")])


def recorded_cases(rows: Sequence[Mapping[str, Any]]) -> Dataset:
    """Return the cases of a task; a prompt that was written anew for every case is a column."""
    dynamic = {row["idx"]: opening(row)[1][1] for row in rows if row["variant"] == "ExpertDynamic"}
    table = [
        {
            "id": str(row["idx"]),
            "input": row["input"],
            "target": row["target"],
            "ExpertDynamic": dynamic[row["idx"]],
        }
        for row in rows
        if row["variant"] == "Standard"
    ]
    return Dataset.from_frame(pd.DataFrame(table), expected="target", name=rows[0]["task"])


def recordings(ledger: Ledger) -> None:
    """Seven published accuracies a task, through server, client, plan, run, scorers and comparison."""
    folder = data_folder()
    if folder is None:
        print("  skipped: the recordings are not on this machine (set WORKBENCH_DATA): no accuracies")
        return
    for task, check in (("GameOf24", game_of_24), ("word_sorting", word_sorting))[: 1 if QUICK else 2]:
        rows = recorded_rows(folder, task)
        recording = Recording(rows, model="gpt-4", prompt="opening", about=f"{task}, arXiv 2401.12954")
        with OfflineServer(models=[recording]) as server, tempfile.TemporaryDirectory() as place:
            model = OpenAI("gpt-4", base_url=server.base_url, name="recorded/gpt-4", origin="recorded")
            bench = Bench(task, models=[model], home=place)
            variants = [
                recorded_variant(name, [row for row in rows if row["variant"] == name]) for name in VARIANTS
            ]
            cases, judge = recorded_cases(rows), scorer(check)
            target = PUBLISHED[task]
            if QUICK:
                cases = cases.head(CASES)
                target = others(folder, task, {case.case_id for case in cases.cases})
            plan = bench.plan(variants, cases, scorers=[judge], incumbent="Standard")
            table = bench.run(plan, show=False).result()
            arms = compare(table, judge.name, plan.incumbent).arms.set_index("variant")
            seen = tuple(round(100 * float(arms.loc[name, "quality_mean"]), 6) for name in VARIANTS)
            ledger.exact(
                f"{task}: accuracies of the 7 recorded variants on {len(cases)} cases, %", seen, target
            )
            figure = (len(table), int(arms["answered"].sum()), int(arms["scored"].sum()))
            ledger.exact(f"{task}: attempted, answered, scored", figure, (7 * len(cases),) * 3)
            unknown(ledger, bench, variants[0], cases, judge)
            bench.close()


def others(folder: Path, task: str, cases: set[str]) -> tuple[float, ...]:
    """Return the accuracies on some cases by the verdicts of others, in the order of `VARIANTS`."""
    table = pd.read_csv(folder / "scores.csv", dtype={"idx": str})
    table = table[(table["task"] == task) & table["idx"].isin(cases)]
    means = table.groupby("variant")["correct"].mean()
    return tuple(round(100 * float(means[name]), 6) for name in VARIANTS)


def unknown(ledger: Ledger, bench: Bench, variant: Variant, cases: Dataset, judge: Any) -> None:
    """Ask what was not recorded: a row that says so, without an answer and without a score."""
    changed = variant.replace(name="changed", template=[("user", "Please: {{input}}")])
    plan = bench.plan([changed], cases.head(1), scorers=[judge])
    row = bench.run(plan, show=False).result().iloc[0]
    status = bench.journal.trials(plan.execution_id)[0].attempts[-1].http_status
    figure = (row["status"], row["error_kind"], status, "was not recorded" in row["error"])
    ledger.exact("a request that was not recorded is a row", figure, ("error", "not_found", 404, True))
    ledger.exact("  and its score is missing, not 0", bool(pd.isna(row[f"score_{judge.name}"])), True)


# ---- the study that ships -----------------------------------------------------------------------------


def study(ledger: Ledger) -> None:
    """What the study shows, on all its cases or on the first of a stratified split."""
    embedder = MiniLM()
    with (
        home() as folder,
        OfflineServer(models=[MiniLMClassifier(embedder), TfidfClassifier()], embedder=embedder) as server,
    ):
        bench = bench_of(folder, server.base_url)
        assert bench.study is not None
        smaller = {"cases": bench.study.dataset.split(CASES, seed=1)[0], "repeats": 2}
        plan = bench.plan(**(smaller if QUICK else {}))
        run = bench.run(plan, show=False)
        table = run.result()
        ledger.exact("study: trials answered", int((table["status"] == "ok").sum()), len(plan))
        repeats(ledger, table)
        growth(ledger, table)
        money(ledger, bench, run)
        if not QUICK:
            verdicts(ledger, bench, run)
            in_mlflow(ledger, bench, run)
        bench.close()


def repeats(ledger: Ledger, table: pd.DataFrame) -> None:
    """A share of a model's cases is answered differently from one repeat to the next."""
    for model in ("minilm", "tfidf"):
        one = table[table["arm"] == f"few-shot@offline/{model}"]
        different = one.groupby("case_id")["output"].nunique() > 1
        name = f"few-shot@{model}: cases whose answer changes between repeats"
        ledger.share(name, int(different.sum()), len(different), low=0.10)


def growth(ledger: Ledger, table: pd.DataFrame) -> None:
    """Longer prompts cost more and answer better; the cheaper model is the weaker one."""
    means = table.groupby(["model", "variant"])[["tokens_in", "score_exact"]].mean().astype(float)

    def by_variant(model: str, column: str) -> list[float]:
        return [round(float(means.loc[(f"offline/{model}", name), column]), 4) for name in ORDER]

    columns = [("tokens_in", "tokens of the prompt")]
    if not QUICK:  # on a few cases the draws hide differences of a few points
        columns.append(("score_exact", "share right"))
    for column, words in columns:
        seen = by_variant("minilm", column)
        grows = all(low < high for low, high in pairwise(seen))
        ledger.exact(f"minilm: {words}, {' < '.join(ORDER)}", seen, "growing", grows)
    strong, weak = by_variant("minilm", "score_exact"), by_variant("tfidf", "score_exact")
    below = all(low < high for low, high in zip(weak, strong, strict=True))
    ledger.exact("tfidf: share right, the same variants", weak, "each below minilm's", below)


def money(ledger: Ledger, bench: Bench, run: Run) -> None:
    """What the run says it cost is tokens times the declared prices, summed here by hand."""
    assert bench.study is not None
    table, prices = run.frame, bench.study.prices
    each = table["model"].map(lambda name: prices[name]["in_per_mtok"]) * table["tokens_in"].astype(float)
    each += table["model"].map(lambda name: prices[name]["out_per_mtok"]) * table["tokens_out"].astype(float)
    ledger.exact(
        "study: USD, as the run and as the prices say",
        *(f"{usd:.8f}" for usd in (run.progress.usd, float(each.sum()) / 1e6)),
    )


def verdicts(ledger: Ledger, bench: Bench, run: Run) -> None:
    """The arms show all three verdicts, and the whole says which is chosen."""
    decision = bench.decide(bench.compare(run))
    rows = decision.verdicts.set_index("arm")["verdict"]
    seen = sorted(set(rows))
    ledger.exact("study: kinds of verdict", seen, ["keep", "not enough evidence", "promote"])
    ledger.exact(
        "study: the decision",
        f"{decision.verdict} {decision.chosen}",
        "promote one of them",
        decision.verdict == "promote" and rows[decision.chosen] == "promote",
    )


# ---- killed, and started again ------------------------------------------------------------------------


def small_plan(bench: Bench) -> Plan:
    """Return the plan of the runs that are killed: 2 variants, 2 models, some cases, once each."""
    assert bench.study is not None
    variants = [one for one in bench.study.variants if one.name in ("labels-only", "few-shot")]
    cases = bench.study.dataset.split(CASES, seed=1)[0]
    return bench.plan(variants, cases, incumbent="labels-only@offline/tfidf", repeats=1)


def to_be_killed(folder: str, url: str) -> None:
    """Run the plan in this process, which another one kills."""
    bench = bench_of(Path(folder), url)
    bench.run(small_plan(bench), show=False).result()
    bench.close()


def killed(folder: Path, embedder: Embedder, after: int) -> tuple[int, int, int]:
    """Run the plan in a process that is killed at a call; return (exit code, calls finished, calls open)."""
    child: list[subprocess.Popen[bytes]] = []
    asked = Counted(Both(embedder), after, lambda: os.kill(child[0].pid, signal.SIGKILL))
    with OfflineServer(models=[asked], embedder=embedder) as server:
        command = [sys.executable, "-m", "tests.evidence.journey", "--run", str(folder), server.base_url]
        child.append(subprocess.Popen(command, cwd=ROOT, env=environment(), stderr=subprocess.DEVNULL))
        code = child[0].wait(timeout=300)
    with sqlite3.connect(folder / ".workbench" / "journal.sqlite") as journal:
        states = dict(journal.execute("SELECT state, COUNT(*) FROM calls GROUP BY state"))
    return code, states.get("done", 0), states.get("intent", 0)


class Both:
    """Both embedded models as one responder, so that their calls are counted together."""

    def __init__(self, embedder: Embedder) -> None:
        self._by_name = {"minilm": MiniLMClassifier(embedder), "tfidf": TfidfClassifier()}
        self.models = {name: one.models[name] for name, one in self._by_name.items()}

    def answer(self, chat: Chat) -> str:
        """Answer as the model that is asked."""
        return self._by_name[chat.model].answer(chat)


def resume(ledger: Ledger) -> None:
    """Kill a run, start it again, and compare with one that nobody killed."""
    embedder = MiniLM()
    with home() as folder, OfflineServer(models=[Both(embedder)], embedder=embedder) as server:
        bench = bench_of(folder, server.base_url)
        plan = small_plan(bench)
        whole = table_of(bench.run(plan, show=False).result())
        bench.close()
    cells = len(whole)
    for after in (cells // 2,) if QUICK else (1, cells // 10, cells // 2, cells - 2):
        with home() as folder:
            code, finished, open_calls = killed(folder, embedder, after)
            asked = Counted(Both(embedder))
            with OfflineServer(models=[asked], embedder=embedder) as server:
                bench = bench_of(folder, server.base_url)
                run = bench.run(small_plan(bench), show=False)
                table = run.result()
                first = len(asked.asked)
                bench.run(small_plan(bench), show=False).result()
                name = f"killed at call {after} of {cells}"
                ledger.exact(f"{name}: ended by", code, -signal.SIGKILL)
                ledger.exact(
                    f"{name}: the table, against an uninterrupted run", difference(table, whole), "none"
                )
                figure = f"{first} asked again or for the first time, {finished} finished before"
                ledger.exact(f"{name}: calls", figure, f"{cells} in all", first + finished == cells)
                doubt = int(table["in_doubt"].sum())
                ledger.exact(f"{name}: calls under way, reported as possibly billed", doubt, open_calls)
                ledger.exact(f"{name}: calls of a third run", len(asked.asked) - first, 0)
                if QUICK:
                    in_mlflow(ledger, bench, run)
                bench.close()


def table_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return a trial table without clocks, in an order of its own."""
    return table.drop(columns=CLOCKS).sort_values("trial_id").reset_index(drop=True)


def difference(table: pd.DataFrame, whole: pd.DataFrame) -> str:
    """Return in which columns two tables differ."""
    mine = table_of(table)
    if len(mine) != len(whole) or list(mine.columns) != list(whole.columns):
        return f"{len(mine)} against {len(whole)} rows"
    return ", ".join(name for name in whole if not mine[name].equals(whole[name])) or "none"


# ---- MLflow -------------------------------------------------------------------------------------------


def in_mlflow(ledger: Ledger, bench: Bench, run: Run) -> None:
    """Compare, decide, promote, roll back; then look at the store with MLflow's own client."""
    bench.sync()
    Recorder(bench.home.tracking_uri, bench.home.folder).record(run.plan, run.trials, run.scores)
    store = Looked(bench)
    before = store.versions()
    result = bench.compare(run)
    decision = bench.decide(result)
    release = bench.promote(decision)
    bench.sync()
    store.runs(ledger, run, result.arms)
    store.traces(ledger, run)
    back = bench.load(run.execution_id)
    ledger.exact("mlflow: bench.load gives the run's table back", back.equals(run.frame), True)
    parts = bench.load([one.info.run_id for one in store.of_kind("arm")])
    ledger.exact("mlflow: and from the arms' runs", difference(parts, table_of(run.frame)), "none")
    figure = (len(before), len(store.versions()))
    ledger.exact("mlflow: prompt versions, recorded once and again", figure, (len(run.plan.arms),) * 2)
    ledger.exact("mlflow: alias after promotion", before.get(store.alias() or 0), decision.chosen)
    ledger.exact(
        "mlflow: the move says so", (release.to_version, release.arm), (store.alias(), decision.chosen)
    )
    bench.rollback()
    ledger.exact("mlflow: alias after rollback", before.get(store.alias() or 0), decision.incumbent)
    moves = [move.action for move in bench.history().moves]
    ledger.exact("mlflow: history", moves, ["promote", "rollback"])


class Looked:
    """A study in the MLflow store, seen by MLflow's own client."""

    def __init__(self, bench: Bench) -> None:
        from mlflow import MlflowClient

        self.client: Any = MlflowClient(
            tracking_uri=bench.home.tracking_uri, registry_uri=bench.home.tracking_uri
        )
        self.name = bench.name
        self.experiment = self.client.get_experiment_by_name(bench.name).experiment_id

    def of_kind(self, kind: str) -> list[Any]:
        """Return the runs that are an execution, an arm or a decision."""
        found = self.client.search_runs([self.experiment], f"tags.`workbench.kind` = '{kind}'")
        return list(found)

    def found(self, query: str) -> int:
        """Return how many traces a search finds."""
        count, token = 0, None
        while True:
            page = self.client.search_traces(
                locations=[self.experiment],
                filter_string=query,
                max_results=500,
                page_token=token,
                include_spans=False,
            )
            count, token = count + len(page), page.token
            if not token:
                return count

    def versions(self) -> dict[int, str]:
        """Return the prompt's versions, each with the arm it is the content of."""
        page = self.client.search_prompt_versions(self.name, max_results=100)
        return {int(one.version): f"{one.tags['variant']}@{one.tags['model']}" for one in page}

    def alias(self) -> int | None:
        """Return the version in production."""
        found = self.client.get_prompt_version_by_alias(self.name, "production")
        return None if found is None else int(found.version)

    def runs(self, ledger: Ledger, run: Run, arms: pd.DataFrame) -> None:
        """One run for the execution, one below it for each arm, with what Compare needs."""
        parents, children = self.of_kind("execution"), self.of_kind("arm")
        figure = (len(parents), len(children))
        ledger.exact("mlflow: runs of the execution and of its arms", figure, (1, len(run.plan.arms)))
        below = {one.data.tags["mlflow.parentRunId"] for one in children}
        ledger.exact("mlflow: the arms' runs are below it", below == {parents[0].info.run_id}, True)
        table = arms.set_index("arm")
        names = ("quality_mean", "cost_usd_per_1000", "latency_p95_s")
        agree = [
            one.data.metrics[name] == float(table.loc[one.info.run_name, name])
            for one in children
            for name in names
        ]
        figure = f"{sum(agree)} of {len(agree)}"
        ledger.exact("mlflow: quality, cost and p95 as compared", figure, "all", all(agree))

    def traces(self, ledger: Ledger, run: Run) -> None:
        """Every trace is found through its run, and through its prompt version."""
        said = self.of_kind("execution")[0].data.tags["traces_sampled"]
        match = re.match(r"(?:all )?([\d,]+)", said)
        wanted = int(match[1].replace(",", "")) if match else -1
        ledger.exact(f"mlflow: traces ({said.partition(':')[0]})", self.found(""), wanted)
        for words, queries in (
            ("run", [f"attributes.run_id = '{one.info.run_id}'" for one in self.of_kind("arm")]),
            ("prompt version", [f'prompt = "{self.name}/{version}"' for version in self.versions()]),
        ):
            ledger.exact(f"mlflow: traces found by {words}", sum(map(self.found, queries)), wanted)


# ---- times, and a fresh clone -------------------------------------------------------------------------


def environment(**more: str) -> dict[str, str]:
    """Return this environment without keys and without what a project around us has set."""
    dropped = ("MLFLOW_TRACKING_URI", "WORKBENCH_HOME", "QUICK", "VIRTUAL_ENV", "PYTHONPATH")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in dropped and not name.endswith("_API_KEY")
    }
    return kept | more


def import_time(ledger: Ledger) -> None:
    """The median of a few fresh interpreters."""
    code = "import time; t = time.perf_counter(); import workbench; print(time.perf_counter() - t)"
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(3 if QUICK else 9)
    ]
    seconds = median(times)
    ledger.timing("import workbench", f"{seconds:.2f} s", "at most 0.6 s", seconds <= 0.6)


def clone(ledger: Ledger) -> None:
    """The two commands in a fresh clone: nothing but what git holds, and a virtual environment of its own."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "prompt-workbench"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(place)], check=True)
        for command, words, most in (
            ("demo", "make demo, from the clone", 360.0),
            ("demo", "make demo, when installed", 120.0),
            ("test", "make test", None),
        ):
            began = time.perf_counter()
            done = subprocess.run(
                ["make", command],
                cwd=place,
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            seconds = time.perf_counter() - began
            ledger.exact(f"{words}: exit code", done.returncode, 0)
            if done.returncode:
                print("\n".join(f"    {line}" for line in done.stdout.splitlines()[-40:]))
            target = "no target" if most is None else f"at most {most:g} s"
            ledger.timing(words, f"{seconds:.0f} s", target, most is None or seconds <= most)
            if command == "demo":
                card = re.search(r"^│ PROMOTE \S+@\S+", done.stdout, re.MULTILINE)
                ledger.exact(f"{words}: the card says promote", card is not None, True)


def main() -> None:
    """Print every row, and leave with the result."""
    if sys.argv[1:2] == ["--run"]:
        to_be_killed(*sys.argv[2:4])
        return
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    ledger = Ledger("journey")
    import_time(ledger)
    beside(ledger, "openai", recordings, "sentence_transformers", resume, study, *([] if QUICK else [clone]))
    ledger.exit()


if __name__ == "__main__":
    main()
