"""Studies: one YAML file says what is asked, of what, of which models, and what decides."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.core.identity import digest
from workbench.core.records import Workload
from workbench.core.redact import redact
from workbench.core.show import Shown
from workbench.define.cells import plain
from workbench.define.dataset import Dataset
from workbench.define.section import Section
from workbench.define.study_parts import (
    read_data,
    read_fallback,
    read_gate,
    read_models,
    read_params,
    read_prices,
    read_scorers,
    read_workload,
)
from workbench.define.study_variants import read_incumbent, read_variants
from workbench.define.study_yaml import MAX_BYTES, Tree, dump, parse
from workbench.define.tables import read_text
from workbench.define.variant import Variant
from workbench.errors import DatasetError, InputError, StudyError

__all__ = ["Study", "slug"]

_KEYS = (
    "name",
    "question",
    "data",
    "models",
    "fallback",
    "prices",
    "variants",
    "repeats",
    "seed",
    "params",
    "workload",
    "concurrency",
    "scorers",
    "incumbent",
    "gate",
    "budget_usd",
    "budget_tokens",
)
_SLUG_MAX = 64
_HEADER = "# One file = one study: what is asked, of what, of which models, and what decides.\n"


def slug(name: str) -> str:
    """Return a name as a folder name: a to z, 0 to 9 and single hyphens, at most 64 characters.

    It has no dot and no slash, so that it cannot leave the folder it is put into. What has no such letters
    becomes ``study-`` and 8 digits of its digest.

    Raises
    ------
    InputError
        Where the name is blank.
    """
    if not isinstance(name, str) or not name.strip():
        raise InputError("name", f"{name!r} is blank", "Use a few letters.")
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    short = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:_SLUG_MAX].strip("-")
    return short or f"study-{digest(name)[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Study(Shown):
    """A study file, read and checked; nothing of it has been run.

    Parameters
    ----------
    name, question
        What it is called, and what it is to find out (may be empty).
    dataset
        The cases: the table without the examples.
    examples
        The rows split off as examples, disjoint from the cases, any first part of them balanced over the
        expected answers; None where none are asked for.
    models
        Each a name (``provider/model``), or a mapping with name, base_url, model, api_key_env, price,
        timeout_s, stream, requests_per_min, tokens_per_min.
    fallback
        Name of a model -> the models that answer, in order, where it is exhausted; empty: none does.
    variants
        The variants, examples bound.
    repeats
        How often each cell is asked, at least 1.
    seed
        Of the sampling seeds and the order of cases.
    params
        Protocol parameters of all variants.
    workload
        ``batch`` (waits and retries as long as it takes) or ``interactive`` (fails fast, as an app would).
    concurrency
        Calls under way at a time; None: the bench's default.
    scorers
        Each a name, or a mapping from one name to its options.
    incumbent
        ``variant`` or ``variant@model``; the first variant where the file names none.
    gate
        The gate's limits that the file sets.
    budget_usd
        The most a run may spend; None: no limit.
    budget_tokens
        The most tokens a run may take, input and output together; None: no limit.
    prices
        Declared prices by model name, in USD per million tokens.
    tree
        The document as written, with its lines.
    """

    name: str
    question: str
    dataset: Dataset
    examples: Dataset | None
    models: tuple[str | Mapping[str, Any], ...]
    variants: tuple[Variant, ...]
    repeats: int
    seed: int
    params: Mapping[str, Any]
    workload: Workload
    concurrency: int | None
    scorers: tuple[str | Mapping[str, Any], ...]
    incumbent: str
    gate: Mapping[str, Any]
    budget_usd: float | None
    budget_tokens: int | None
    prices: Mapping[str, Mapping[str, Any]]
    fallback: Mapping[str, tuple[str | Mapping[str, Any], ...]]
    tree: Tree

    @classmethod
    def load(cls, path: str | Path) -> Study:
        """Return the study of a YAML file; its table's path starts at the file's folder.

        Raises
        ------
        StudyError
            Where the file cannot be read, or something in it is wrong: the message names the line.
        """
        path = Path(path)
        subject = f"study {path}"
        try:
            if path.is_file() and path.stat().st_size > MAX_BYTES:
                raise StudyError(subject, f"it is larger than {MAX_BYTES:,} bytes", "Keep cases in a table.")
            text = read_text(path)
        except DatasetError as error:
            raise StudyError(subject, error.problem, error.remedy) from error
        return cls._read(parse(text, subject), path.parent)

    @classmethod
    def from_mapping(cls, document: Mapping[str, Any], *, folder: str | Path = ".") -> Study:
        """Return the study of a mapping with the keys of a study file.

        Parameters
        ----------
        document
            What the file would say.
        folder
            Where its table's path starts.

        Raises
        ------
        StudyError
            Where something in it is wrong.
        """
        return cls._read(Tree(value=plain(document), subject="study"), Path(folder))

    @classmethod
    def _read(cls, tree: Tree, folder: Path) -> Study:
        top = Section(tree, (), _KEYS)
        name = top.text("name")
        models = read_models(top)
        cases, examples = read_data(top, folder)
        variants = read_variants(top, cases, examples)
        model_names = tuple(each if isinstance(each, str) else str(each["name"]) for each in models)
        return cls(
            name=name,
            question=top.text("question", ""),
            dataset=cases,
            examples=examples,
            models=models,
            variants=variants,
            repeats=top.whole("repeats", 1, low=1, high=1000),
            seed=top.whole("seed", 1),
            params=read_params(top),
            workload=read_workload(top),
            concurrency=top.whole("concurrency", 0, low=1, high=1000) or None,
            scorers=read_scorers(top),
            incumbent=read_incumbent(top, variants, model_names),
            gate=read_gate(top),
            budget_usd=top.number("budget_usd"),
            budget_tokens=top.whole("budget_tokens", 0, low=1, high=10**15) or None,
            prices=read_prices(top),
            fallback=read_fallback(top, model_names),
            tree=tree,
        )

    @property
    def slug(self) -> str:
        """The name as a folder name."""
        return slug(self.name)

    def error(self, problem: str, remedy: str, *place: str | int) -> StudyError:
        """Return the error for a mistake that only a later room can see, with its line.

        Parameters
        ----------
        problem, remedy
            As in every error.
        *place
            Keys and list positions from the top: ``"scorers", 0``.
        """
        return self.tree.error(place, problem, remedy)

    def to_yaml(self) -> str:
        """Return the study as YAML; `load` reads it back as the same study."""
        return _HEADER + dump(self.tree.value)

    def write(self, path: str | Path) -> Path:
        """Write the study as a new file, and return its path.

        Raises
        ------
        StudyError
            Where there is a file already, or its folder cannot be written to.
        """
        path = Path(path)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(self.to_yaml())
        except FileExistsError as error:
            raise StudyError(f"study {path}", "there is a file already", "Choose another name.") from error
        except OSError as error:
            why = error.strerror or "it cannot be written"
            raise StudyError(f"study {path}", why, "Choose a folder that is there and yours.") from error
        return path

    @property
    def frame(self) -> pd.DataFrame:
        """One row a variant: variant, examples, variables, hash."""
        rows = [
            {
                "variant": each.name,
                "examples": 0 if each.examples is None else len(each.examples),
                "variables": ", ".join(each.variables),
                "hash": each.hash[:12],
            }
            for each in self.variants
        ]
        return pd.DataFrame(rows)

    @property
    def summary(self) -> str:
        """Name, question and size."""
        size = f"{len(self.dataset):,} cases, {len(self.variants)} variants, {len(self.models)} models"
        return f"{self.name}: {self.question}\n{size}, {self.repeats} repeats; incumbent {self.incumbent}"

    def __repr__(self) -> str:
        words = f"<Study {self.name!r}: {len(self.dataset)} cases, {len(self.variants)} variants>"
        return str(redact(words))
