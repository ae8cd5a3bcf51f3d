"""`workbench init`: a study and a notebook over a person's own table, that run as they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import click

from workbench.bench.home import Home
from workbench.bench.models import Models
from workbench.cli.echo import echo
from workbench.define.dataset import Dataset
from workbench.define.study import slug
from workbench.errors import InputError

__all__ = ["init", "write_study"]

LABEL_NAMES = ("label", "expected", "answer", "target", "category", "topic", "intent", "class")
MAX_LABELS = 50

STUDY = """\
# {name}: edit, then `workbench plan {name}` (spends nothing) and `workbench run {name}`.
name: {name}
question: Which prompt answers {file} best?

data:
  file: {file}
  expected: {expected}
  examples: {{n: {examples}, seed: 1}}   # split off first: no example is ever a case

# offline/… are small classifiers on this machine, not language models; they need no key.
# A real model is one line: [openai/gpt-4o-mini], [ollama/llama3.2], or {{name: …, model: …, base_url: …}}.
models: [{model}]
{prices}
variants:
  - name: terse
    template: |-
      Answer with one of: {{{{labels}}}}.

      {{{{{text}}}}}
    constants: {{labels: {labels}}}
  - name: few-shot
    template: |-
      Answer with one of: {{{{labels}}}}.

      {{{{{text}}}}}
    constants: {{labels: {labels}}}
    examples: {examples}

repeats: 1
seed: 1
params: {{temperature: 0.7, max_tokens: 32}}
scorers: [exact]

# What you answer with today, and what a challenger must show.
incumbent: terse
gate: {{score: exact, margin: 0.02}}

budget_usd: 1
"""

PRICES = """
# Declared, not charged.
prices:
  {model}: {{in_per_mtok: 0.15, out_per_mtok: 0.60}}
"""

CELLS = (
    ("markdown", "# {name}\n\nThe study is `study.yaml` beside this notebook; edit it there and run all."),
    ("code", 'import workbench as wb\nbench = wb.Bench("{name}")'),
    ("code", "plan = bench.plan()\nplan  # calls, tokens, USD, minutes, the smallest difference it can show"),
    ("code", "run = bench.run(plan)  # returns at once; Stop and run again resumes"),
    ("code", "result = bench.compare(run)\nresult"),
    ("code", "decision = bench.decide(result)\ndecision"),
    ("markdown", "`bench.promote(decision)` records it and moves the alias, where the verdict is *promote*."),
)


def _guess_expected(data: Dataset) -> str:
    for name in LABEL_NAMES:
        if name in data.columns:
            return name
    raise InputError(
        f"table {data.name!r}",
        "no column is called like an expected answer",
        f"Name it with --expected; the columns are {', '.join(data.columns)}.",
    )


def _guess_text(data: Dataset, expected: str) -> str:
    if "text" in data.columns:
        return "text"
    others = [name for name in data.columns if name != expected]
    if not others:
        raise InputError(f"table {data.name!r}", "it has no column to ask about", "Add the column of inputs.")
    return max(others, key=lambda name: data.frame[name].astype(str).str.len().mean())


def _notebook(name: str) -> dict[str, Any]:
    cells = []
    for index, (kind, source) in enumerate(CELLS):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{index:02d}", "metadata": {}}
        cell["source"] = source.format(name=name).splitlines(keepends=True)
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def write_study(
    home: Home, name: str, table: Path, *, expected: str | None, text: str | None, model: str
) -> Path:
    """Write ``experiments/<name>/`` with the table, a study file and a notebook; return its folder.

    Parameters
    ----------
    expected, text
        Columns of the expected answer and of the input; None: found by name, and by length.
    model
        Who is asked.

    Raises
    ------
    InputError
        Where the study exists already, or the model or the table does not suit it; nothing is written.
    """
    title = slug(name)
    folder = home.root / "experiments" / title
    if folder.exists():
        raise InputError(f"study {title!r}", "it exists already", f"Choose another name, or edit {folder}.")
    Models([model])  # a name that nobody serves is found here, not by the first run
    data = Dataset.from_csv(table)
    expected = expected or _guess_expected(data)
    data = Dataset.from_csv(table, expected=expected)
    text = text or _guess_text(data, expected)
    if text not in data.columns:
        raise InputError(
            f"table {table.name!r}", f"there is no column {text!r}", f"It has {', '.join(data.columns)}."
        )
    labels = data.labels
    if len(labels) > MAX_LABELS or len(labels) * 2 > len(data):
        raise InputError(
            f"column {expected!r}",
            f"it has {len(labels)} different answers in {len(data)} rows: not a set of labels",
            "init writes classification studies; for free answers start from notebooks/01_quickstart.ipynb.",
        )
    folder.mkdir(parents=True)
    shutil.copyfile(table, folder / table.name)
    offline = model.startswith("offline/")
    body = STUDY.format(
        name=title,
        file=json.dumps(table.name),
        expected=json.dumps(expected),
        examples=max(1, min(16, 2 * len(labels), len(data) // 4)),
        model=model,
        prices=PRICES.format(model=model) if offline else "",
        text=text,
        labels=json.dumps(list(labels), ensure_ascii=False),
    )
    (folder / "study.yaml").write_text(body, encoding="utf-8")
    page = json.dumps(_notebook(title), indent=1, ensure_ascii=False) + "\n"
    (folder / f"{title}.ipynb").write_text(page, encoding="utf-8")
    return folder


@click.command()
@click.argument("name")
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--expected", help="Column of the expected answer (found by name if not given).")
@click.option("--text", help="Column of the input (`text`, or the longest one, if not given).")
@click.option("--model", default="offline/minilm", show_default=True, help="Who is asked.")
def init(name: str, table: Path, expected: str | None, text: str | None, model: str) -> None:
    """Write a study and a notebook over your own table, ready to run."""
    folder = write_study(Home.find(), name, table, expected=expected, text=text, model=model)
    echo(f"wrote {folder}/study.yaml, {folder.name}.ipynb and the table")
    echo(f"next: workbench plan {folder.name}")
