"""The parts of a study file, each checked where it stands: data, models, prices, scorers, gate, params."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from workbench.core.records import Workload
from workbench.define.dataset import Dataset
from workbench.define.section import Section, nearest
from workbench.errors import InputError

__all__ = [
    "read_data",
    "read_fallback",
    "read_gate",
    "read_models",
    "read_params",
    "read_prices",
    "read_scorers",
    "read_workload",
]

_READERS = {".csv": Dataset.from_csv, ".jsonl": Dataset.from_jsonl, ".parquet": Dataset.from_parquet}
_PRICE_KEYS = ("in_per_mtok", "out_per_mtok", "cached_in_per_mtok", "cache_write_per_mtok", "note")
_MODEL_NUMBERS = ("timeout_s", "requests_per_min", "tokens_per_min")
_MODEL_KEYS = ("name", "model", "base_url", "api_key_env", "price", "stream", *_MODEL_NUMBERS)

_GATE_NUMBERS: Mapping[str, float] = {  # and the largest value that makes sense
    "margin": float("inf"),
    "alpha": 1,
    "max_share_gap": 1,
    "max_error_share": 1,
    "max_cost_usd_per_1000": float("inf"),
    "max_p95_s": float("inf"),
    "max_refusal_share": 1,
    "min_valid_share": 1,
    "max_guard_share": 1,
    "min_judge_agreement": 1,
    "confirm_share": 1,
}
_GATE_OTHERS = ("score", "valid_score", "slice_by", "min_cases", "approvals", "allow_mixed_models")

_ELSEWHERE = {
    "model": "Name models under `models:`.",
    "messages": "Write prompts under `variants:`.",
    "seed": "Use the study's own `seed:`; every case and repeat gets its seed from it.",
    "n": "Use `repeats:`.",
    "stream": "Write it at the model: `{name: …, stream: true}`.",
}
_PARAMS = (
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "reasoning_effort",
    "response_format",
    "service_tier",
    "tools",
    "tool_choice",
    "verbosity",
)


def read_data(top: Section, folder: Path) -> tuple[Dataset, Dataset | None]:
    """Return the cases, and the examples split off before them (None: none asked for)."""
    top.require("data")
    data = top.section("data", known=("file", "expected", "id", "examples"))
    path = folder / data.text("file")
    columns = {key: data.text(key) for key in ("expected", "id") if data.value.get(key) is not None}
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise data.error(
            "file", f"{path.suffix or path.name!r} is not a table", f"Use {', '.join(_READERS)}."
        )
    try:
        table = reader(path, expected=columns.get("expected"), id=columns.get("id"))
    except InputError as error:
        key = next((key for key, name in columns.items() if f"no column {name!r}" in error.problem), "file")
        raise data.error(key, f"{error.subject}: {error.problem}", error.remedy) from error
    wanted = data.value.get("examples")
    if wanted is None:
        return table, None
    if isinstance(wanted, dict):
        part = data.section("examples", known=("n", "seed"))
        part.require("n")
        n, seed = part.whole("n", 0, low=1), part.whole("seed", 1)
    else:
        n, seed = data.whole("examples", 0, low=1), 1
    try:
        examples, cases = table.split(n, seed)
    except InputError as error:
        raise data.error("examples", error.problem, error.remedy) from error
    return cases, examples


def _price(section: Section) -> None:
    for key in _PRICE_KEYS[:2]:
        section.require(key)
    for key in _PRICE_KEYS[:4]:
        section.number(key)
    section.text("note", "")


def _read_model(top: Section, key: str, index: int, item: Any) -> str:
    """Check one model of a list and return its name."""
    if isinstance(item, str) and item.strip():
        return item
    if isinstance(item, str) or not isinstance(item, dict):
        raise top.tree.error(
            (*top.path, key, index),
            f"{top.where(key, index)} is no model",
            "Write provider/model, or `name:` and `base_url:`.",
        )
    if "api_key" in item:
        raise top.tree.error(
            (*top.path, key, index, "api_key"),
            "a key does not belong in a study file",
            "Put it into an environment variable, and name that variable: `api_key_env:`.",
        )
    model = top.section(key, index, known=_MODEL_KEYS)
    model.text("model", "-")
    url = model.text("base_url", "https://")
    if not re.match(r"https?://", url) or "@" in url:
        raise model.error(
            "base_url", "base_url is no plain web address", "Write http(s)://host/v1, no password."
        )
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", model.text("api_key_env", "NONE")):
        # Its value is not repeated: it may be a key.
        raise model.error(
            "api_key_env", "this names no environment variable", "Write a name: OPENAI_API_KEY."
        )
    model.flag("stream")
    for key in _MODEL_NUMBERS:
        model.number(key, low=1e-3)
    if item.get("price") is not None:
        _price(model.section("price", known=_PRICE_KEYS))
    return model.text("name")


def read_models(top: Section) -> tuple[str | Mapping[str, Any], ...]:
    """Return the models: a name, or a mapping of `_MODEL_KEYS`."""
    seen: set[str] = set()
    for index, item in enumerate(top.items("models")):
        name = _read_model(top, "models", index, item)
        if name in seen:
            raise top.tree.error(
                ("models", index), f"the model {name!r} is listed twice", "Keep one of them."
            )
        seen.add(name)
    return tuple(top.value["models"])


def read_fallback(top: Section, models: Sequence[str]) -> Mapping[str, tuple[str | Mapping[str, Any], ...]]:
    """Return who answers for a model that is exhausted: by its name, a list as that of the models."""
    others = top.mapping("fallback")
    section = top.section("fallback", known=models) if others else top
    for name in others:
        for index, item in enumerate(section.items(name)):
            if _read_model(section, name, index, item) == name:
                raise section.tree.error(
                    ("fallback", name, index), f"{name!r} cannot stand in for itself", "Name another model."
                )
    return {name: tuple(given) for name, given in others.items()}


def read_prices(top: Section) -> Mapping[str, Mapping[str, Any]]:
    """Return declared prices by model name, in USD per million tokens."""
    prices = top.mapping("prices")
    for name in prices:
        _price(top.section("prices", name, known=_PRICE_KEYS))
    return prices


def read_scorers(top: Section) -> tuple[str | Mapping[str, Any], ...]:
    """Return the scorers: a name, or a mapping from one name to its options; none named: ``exact``."""
    for index, item in enumerate(top.items("scorers", required=False)):
        if not (isinstance(item, str) and item.strip()) and not (isinstance(item, dict) and len(item) == 1):
            raise top.tree.error(
                ("scorers", index),
                f"scorers[{index}] is no scorer",
                "Write a name (`- exact`), or a name with its options (`- numeric: {tolerance: 0.1}`).",
            )
    return tuple(top.value.get("scorers") or ("exact",))


def read_gate(top: Section) -> Mapping[str, Any]:
    """Return the gate's limits; those left out keep their defaults."""
    if top.value.get("gate") is None:
        return {}
    gate = top.section("gate", known=(*_GATE_OTHERS, *_GATE_NUMBERS))
    for key in ("score", "valid_score", "slice_by"):
        gate.text(key, "not said")
    gate.whole("min_cases", 30, low=2)
    gate.whole("approvals", 0)
    gate.flag("allow_mixed_models")
    for key, high in _GATE_NUMBERS.items():
        gate.number(key, high=high)
    return {key: value for key, value in gate.value.items() if value is not None}


def read_workload(top: Section) -> Workload:
    """Return the latency class of all calls; batch where none is named."""
    known: tuple[Workload, ...] = get_args(Workload)
    said = top.text("workload", "batch")
    for workload in known:
        if said == workload:
            return workload
    raise top.error("workload", f"workload is {said!r}", nearest(said, known))


def read_params(section: Section) -> Mapping[str, Any]:
    """Return protocol parameters. Unknown ones pass, unless they look like a slip of a known one."""
    params = section.mapping("params")
    for key in params:
        where = section.section("params")
        if key in _ELSEWHERE:
            raise where.error(key, f"{key!r} is not set here", _ELSEWHERE[key])
        if key not in _PARAMS and difflib.get_close_matches(key, _PARAMS, n=1, cutoff=0.8):
            raise where.error(key, f"unknown parameter {key!r}", nearest(key, _PARAMS))
    return params
