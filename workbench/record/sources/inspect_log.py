"""Inspect's logs (``.json``, and ``.eval``, a zip of JSON) as a trial table."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.errors import DatasetError
from workbench.record.sources.rows import Judged, number, table

__all__ = ["from_inspect", "is_inspect", "read_eval"]

ZSTD = 93
"""Inspect compresses by a method that Python's zipfile knows only from 3.14 on."""

GRADES = {"C": 1.0, "P": 0.5, "I": 0.0}
"""Inspect's letters. ``N`` (no answer), which it counts as 0, is missing here."""

ENDINGS = {"max_tokens": "truncated", "model_length": "truncated", "content_filter": "refused"}


def is_inspect(content: Any) -> bool:
    """Return whether a JSON document is an Inspect log."""
    return isinstance(content, Mapping) and isinstance(content.get("eval"), Mapping) and "status" in content


def read_eval(path: Path) -> dict[str, Any]:
    """Return an ``.eval`` file as the document that a ``.json`` log is.

    A log whose evaluation was interrupted has no header: what it began with and the samples it finished are
    there.

    Raises
    ------
    DatasetError
        Where the file is no such zip.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            head = "header.json" if "header.json" in names else "_journal/start.json"
            content: dict[str, Any] = {"status": "started"} | json.loads(_member(path, archive, head))
            samples = [name for name in names if name.startswith("samples/") and name.endswith(".json")]
            return content | {"samples": [json.loads(_member(path, archive, name)) for name in samples]}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise DatasetError(
            str(path), f"is no Inspect log ({error})", "Name an .eval or a .json log."
        ) from error


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    if info.compress_type != ZSTD:
        return archive.read(info)
    import pyarrow as pa

    with path.open("rb") as file:
        file.seek(info.header_offset)
        header = file.read(30)  # its last two numbers: how long are the name and the extra field
        file.seek(sum(struct.unpack("<HH", header[26:30])), 1)
        packed = file.read(info.compress_size)
    data = pa.Codec("zstd").decompress(packed, decompressed_size=info.file_size, asbytes=True)
    return bytes(data)


def from_inspect(content: Mapping[str, Any], source: str) -> pd.DataFrame:
    """Return the trial table of one Inspect log.

    The arm is the task on its model (with the task's arguments, where it was given any); a sample is a case,
    an epoch a repeat. A scorer's letters and numbers are scores; of several values each is one, as
    ``scorer.value``. A sample that broke is an error with its message and has no score. ``latency_s`` is
    Inspect's working time (all of the sample's calls and tools, without waiting), ``wait_s`` the rest.

    Parameters
    ----------
    content
        The JSON document.
    source
        Its name, for errors.

    Raises
    ------
    DatasetError
        Where the log has no samples, or they cannot be read.
    """
    samples = content.get("samples")
    if not samples:
        raise DatasetError(
            source, "has no samples", "Name a log of a run that kept them (log_samples) and began."
        )
    about = content["eval"]
    try:
        variant = _variant(about)
        arm = {"arm": f"{variant}@{about['model']}", "variant": variant, "model": str(about["model"])}
        rows = [arm | _row(sample) for sample in samples]
        return table(rows, str(about.get("run_id") or source), study=str(about.get("task") or "inspect"))
    except (KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            source, f"a sample of it cannot be read ({error!r})", "Rewrite it: `inspect log convert`."
        ) from error


def _variant(about: Mapping[str, Any]) -> str:
    given = about.get("task_args_passed") or {}
    words = ",".join(f"{name}={value}" for name, value in sorted(given.items()))
    return f"{about['task']}[{words}]" if words else str(about["task"])


def _row(sample: Mapping[str, Any]) -> dict[str, Any]:
    output = sample.get("output") or {}
    choices = output.get("choices") or [{}]
    error = sample.get("error") or {}
    text = output.get("completion") or ""
    stop = choices[0].get("stop_reason")
    called = (choices[0].get("message") or {}).get("tool_calls")
    status = ENDINGS.get(str(stop), "ok" if text.strip() or called else "empty")
    total, working = sample.get("total_time"), sample.get("working_time")
    question = sample.get("input")
    return {
        "case_id": str(sample["id"]),
        "repeat": int(sample["epoch"]) - 1,
        "status": "error" if error else status,
        "output": text or None,
        "expected": sample.get("target"),
        "finish_reason": stop,
        "error_kind": "elsewhere" if error else None,
        "error": error.get("message"),
        "model_served": output.get("model") or None,
        "started_at": sample.get("started_at"),
        "latency_s": working if working is not None else total,
        "wait_s": None if total is None or working is None else max(0.0, total - working),
        **_usage(sample.get("model_usage") or {}),
        "case_input": question if isinstance(question, str) else json.dumps(question, ensure_ascii=False),
        **{f"case_{name}": value for name, value in (sample.get("metadata") or {}).items()},
        "scores": _scores(sample.get("scores") or {}),
    }


def _usage(by_model: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return tokens and cost of all of a sample's calls; nothing where none is told."""
    if not by_model:
        return {}
    sums = dict.fromkeys(("fresh", "read", "written", "out", "thought"), 0)
    for usage in by_model.values():
        read, written = (usage.get(f"input_tokens_cache_{kind}") or 0 for kind in ("read", "write"))
        fresh, out = usage.get("input_tokens") or 0, usage.get("output_tokens") or 0
        if usage.get("total_tokens") == fresh + out:  # then the cached ones are among the input
            fresh = max(0, fresh - read - written)
        thought = usage.get("reasoning_tokens") or 0
        for name, count in zip(sums, (fresh, read, written, out, thought), strict=True):
            sums[name] += count
    costs = [usage.get("total_cost") for usage in by_model.values()]
    return {
        "tokens_in": sums["fresh"] + sums["read"] + sums["written"],
        "tokens_in_uncached": sums["fresh"],
        "tokens_in_cached": sums["read"],
        "tokens_in_cache_write": sums["written"],
        "tokens_out": sums["out"],
        "tokens_reasoning": sums["thought"],
        "cost_usd": None if None in costs else sum(costs),
    }


def _scores(scores: Mapping[str, Mapping[str, Any]]) -> dict[str, Judged]:
    out = {}
    for name, score in scores.items():
        value, reason = score.get("value"), score.get("explanation")
        parts = value.items() if isinstance(value, Mapping) else [("", value)]
        for part, each in parts:
            out[f"{name}.{part}" if part else name] = _grade(each, reason)
    return out


def _grade(value: Any, reason: Any) -> Judged:
    if value == "N":
        return Judged(value=None, missing="no answer", reason=None if reason is None else str(reason))
    return number(GRADES.get(value, value) if isinstance(value, str) else value, reason)
