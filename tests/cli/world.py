"""A project in a folder of the test, and its commands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from tests.bench.world import tickets
from workbench.cli import main

__all__ = ["Project", "project"]

STUDY = """\
name: tickets
question: What are four examples worth?
data:
  file: tickets.csv
  expected: label
  examples: {{n: 4, seed: 1}}
models: [{{name: mine, model: tfidf, base_url: "{url}", price: {{in_per_mtok: 0.05, out_per_mtok: 0.20}}}}]
variants:
  - name: terse
    template: &template |-
      Answer with one of {{{{labels}}}}.

      {{{{text}}}}
    constants: &labels {{labels: [alpha, beta]}}
  - name: shots
    template: *template
    constants: *labels
    examples: 4
params: {{temperature: 0.0}}
scorers: [exact]
incumbent: {incumbent}
gate: {{score: exact, margin: 0.02}}
budget_usd: 1
"""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A folder with one study, a store, and perhaps a key."""

    root: Path
    store: str
    key: str | None = None

    @property
    def file(self) -> Path:
        """The study's file."""
        return self.root / "experiments" / "tickets" / "study.yaml"

    def __call__(self, *arguments: str) -> Result:
        """Run `workbench` with arguments, in this project."""
        environ = {
            "WORKBENCH_HOME": str(self.root),
            "MLFLOW_TRACKING_URI": self.store,
            "OPENAI_API_KEY": self.key,
        }
        return CliRunner(env=environ).invoke(main, list(arguments))

    def change(self, old: str, new: str) -> None:
        """Replace a piece of the study's file, which must be there."""
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new, 1), encoding="utf-8")


def project(root: Path, url: str, store: str, *, incumbent: str = "terse", name: str = "tickets") -> Project:
    """Write the study into a folder; `name` is what the store knows it by."""
    made = Project(root=root, store=store)
    made.file.parent.mkdir(parents=True)
    body = STUDY.format(url=url, incumbent=incumbent).replace("name: tickets", f"name: {name}", 1)
    made.file.write_text(body, encoding="utf-8")
    tickets().to_csv(made.file.parent / "tickets.csv", index=False)
    return made
