"""promptfoo's results (``promptfoo eval -o out.json``) as a trial table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from workbench.errors import DatasetError
from workbench.record.sources.rows import Judged, case_of, number, table

__all__ = ["from_promptfoo", "is_promptfoo"]

FAILED, ERROR = 1, 2
"""promptfoo's `failureReason`: an assertion failed; the call, or an assertion's own code, did."""

LABEL = 60
"""A prompt without a label of its own is labeled by its text; longer ones are numbered."""


def is_promptfoo(content: Any) -> bool:
    """Return whether a JSON document is a promptfoo output: versions 3 (0.90 and later) and 2 of its form."""
    results = content.get("results") if isinstance(content, Mapping) else None
    return isinstance(results, Mapping) and isinstance(results.get("results"), list)


def from_promptfoo(content: Mapping[str, Any], source: str) -> pd.DataFrame:
    """Return the trial table of a promptfoo output.

    An arm is a prompt on a provider. A case is a test's variables and assertions: ``--repeat`` gives it new
    numbers, and here they are one case again. Scores: ``pass`` (1 or 0), ``score`` (promptfoo's weighted
    mean), and one for each named metric. An error is no failed assertion: it has no score. A reply from
    promptfoo's cache has no latency and cost nothing new, so both are missing.

    Parameters
    ----------
    content
        The JSON document.
    source
        Its name, for errors and as the table's execution.

    Raises
    ------
    DatasetError
        Where a result lacks what every version writes.
    """
    results: Sequence[Mapping[str, Any]] = content["results"]["results"]
    names = _arms(results)
    study = str((content.get("config") or {}).get("description") or "promptfoo")
    try:
        rows = [_row(result, names) for result in results]
    except (KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            source,
            f"a result of it cannot be read ({error!r})",
            "Export it again: `promptfoo eval -o out.json`.",
        ) from error
    return table(rows, str(content.get("evalId") or source), study=study)


def _arms(results: Sequence[Mapping[str, Any]]) -> dict[tuple[int, str], str]:
    """Return names by prompt's index and provider, no two alike."""
    names: dict[tuple[int, str], str] = {}
    for result in results:
        key = _key(result)
        if key in names:
            continue
        label = str((result.get("prompt") or {}).get("label") or "")
        if not label or len(label) > LABEL or "\n" in label:
            label = f"prompt-{key[0]}"
        name = f"{label}@{key[1]}"
        names[key] = name if name not in names.values() else f"{label}-{key[0]}@{key[1]}"
    return names


def _key(result: Mapping[str, Any]) -> tuple[int, str]:
    provider = result.get("provider") or {}
    name = provider if isinstance(provider, str) else provider.get("label") or provider.get("id")
    return int(result.get("promptIdx", 0)), str(name)


def _row(result: Mapping[str, Any], names: Mapping[tuple[int, str], str]) -> dict[str, Any]:
    arm = names[_key(result)]
    response = result.get("response") or {}
    test = result.get("testCase") or {}
    values = result.get("vars") or {}
    broke = _broke(result, response)
    cached = bool(response.get("cached"))
    output = response.get("output")
    status = "error" if broke else "ok" if output not in (None, "") else "empty"
    if not broke and response.get("finishReason") == "length":
        status = "truncated"
    if not broke and (response.get("isRefusal") or response.get("finishReason") == "content_filter"):
        status = "refused"
    latency = result.get("latencyMs")
    return {
        "arm": arm,
        "variant": arm.rpartition("@")[0],
        "model": _key(result)[1],
        "case_id": case_of([values, test.get("assert")]),
        "status": status,
        "output": output,
        "expected": values.get("expected"),
        "finish_reason": response.get("finishReason"),
        "error_kind": "elsewhere" if broke else None,
        "error": (result.get("error") or response.get("error")) if broke else None,
        "source": "journal" if cached else "call",
        "cost_usd": None if cached or broke else response.get("cost"),
        "latency_s": None if cached or broke or latency is None else latency / 1000,
        **({} if cached or broke else _tokens(response.get("tokenUsage") or {})),
        **{f"case_{name}": value for name, value in values.items()},
        "scores": _scores(result),
    }


def _broke(result: Mapping[str, Any], response: Mapping[str, Any]) -> bool:
    reason = result.get("failureReason")
    if reason is None:  # before 0.98 an error was told by what is not there
        return bool(result.get("error") or response.get("error")) and not result.get("gradingResult")
    return bool(reason == ERROR)


def _tokens(usage: Mapping[str, Any]) -> dict[str, Any]:
    prompt, completion = usage.get("prompt"), usage.get("completion")
    details = usage.get("completionDetails") or {}
    read = details.get("cacheReadInputTokens") or 0
    return {
        "tokens_in": prompt,
        "tokens_in_uncached": None if prompt is None else prompt - read,
        "tokens_in_cached": None if prompt is None else read,
        "tokens_out": completion,
        "tokens_reasoning": details.get("reasoning"),
    }


def _scores(result: Mapping[str, Any]) -> dict[str, Judged]:
    grading = result.get("gradingResult") or {}
    reason = grading.get("reason")
    out = {"pass": number(result.get("success"), reason), "score": number(result.get("score"), reason)}
    return out | {str(name): number(value) for name, value in (result.get("namedScores") or {}).items()}
