"""MLflow's scorers and judges as scorers of the workbench: used as they are, judging a trial.

What comes back is a `Score`, which `traces` writes as an assessment on the trial's trace like any other. A
scorer that fails, abstains or says what is no number gives a missing score with the reason; nothing of it
becomes 0.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from workbench.core.identity import canonical, digest
from workbench.core.protocols import Scorer
from workbench.core.records import Attempt, ModelRef, Score, Trial, Usage
from workbench.core.redact import redact
from workbench.errors import InputError
from workbench.record.entities import Cleaner, span, trace_info
from workbench.record.experiments import ArmRun
from workbench.record.store import quiet

__all__ = ["MlflowScorer", "adapted", "mlflow_scorer"]

_WORDS: Mapping[str, float] = {"yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0, "pass": 1.0, "fail": 0.0}
_SOURCES = ("CODE", "LLM_JUDGE", "HUMAN")
_KEY = "mlflow.assessment."


@dataclass(frozen=True, slots=True, kw_only=True)
class MlflowScorer:
    """A scorer of MLflow's, judging trials: see `mlflow_scorer`."""

    name: str
    digest: str
    values: Mapping[str, float]
    feedback: str | None = None
    context: tuple[str, ...] = ()
    scorer: Any = field(repr=False, compare=False)
    now: Callable[[], float] = field(default=time.time, repr=False, compare=False)

    async def score(self, trial: Trial) -> Score:
        """Return what the scorer says; it runs in a thread of its own."""
        made = partial(Score, trial_id=trial.trial_id, scorer=self.name, digest=self.digest)
        if trial.status != "ok" or trial.output is None:
            return made(
                value=None, missing="the answer has no text" if trial.status == "ok" else trial.status
            )
        started = self.now()
        before = asyncio.get_running_loop().time()
        said = await asyncio.to_thread(self.scorer.run, **self.given(trial))
        found = self._chosen(said)
        if isinstance(found, str):
            return made(value=None, missing=found)
        if getattr(found, "name", None) is None or not hasattr(found, "rationale"):  # a plain value
            value, missing = self._number(found)
            return made(value=value, missing=missing)
        return self._read(found, made, started, asyncio.get_running_loop().time() - before)

    def given(self, trial: Trial) -> dict[str, Any]:
        """Return what the scorer is given of a trial.

        ``inputs`` are the case's columns, ``outputs`` the answer, ``expectations`` the expected value under
        ``expected_response`` and ``expected``, and by its own keys where it is an object. A trace goes to
        those that ask for one: the prompt, the answer, and a retrieval of what `context` names.
        """
        expected = trial.expected
        expectations: dict[str, Any] = {}
        if expected is not None:
            text = expected if isinstance(expected, str) else canonical(expected)
            expectations = {"expected_response": text, "expected": expected}
            expectations |= dict(expected) if isinstance(expected, Mapping) else {}
        given = {"inputs": dict(trial.case), "outputs": trial.output, "expectations": expectations or None}
        return given | ({"trace": _trace(trial, self.context)} if _wants_trace(self.scorer) else {})

    def _chosen(self, said: Any) -> Any:
        """Return the one feedback or value; a text where there is none, saying why."""
        if said is None:
            return "the scorer abstained"
        if not isinstance(said, list):
            return self._text(said)
        wanted = [item for item in said if self.feedback in (None, item.name)]
        if len(wanted) == 1:
            return wanted[0]
        names = ", ".join(str(item.name) for item in said) or "nothing"
        return f"the scorer gave {names}: name one with feedback="

    def _text(self, said: Any) -> Any:
        # A plain text is a verdict, not a reason: wrapped, so that the two are not mixed up.
        if not isinstance(said, str):
            return said
        from mlflow.entities import Feedback

        return Feedback(name=self.name, value=said)

    def _number(self, value: Any) -> tuple[float | None, str | None]:
        value = getattr(value, "value", value)  # MLflow's ratings are an enumeration
        if value is None or value == "unknown":
            return None, "the scorer abstained"
        if isinstance(value, str):
            known = {**_WORDS, **{key.lower(): number for key, number in self.values.items()}}
            value = known.get(value.strip().lower(), value)
        if isinstance(value, str) or not hasattr(value, "__float__"):
            return None, f"the scorer said {value!r:.60}: say in values= what that is worth"
        number = float(value)
        return (number, None) if math.isfinite(number) else (None, f"the scorer returned {number}")

    def _read(self, found: Any, made: Any, started: float, latency_s: float) -> Score:
        value: float | None
        missing: str | None
        if found.error is not None:
            error = found.error
            said = error if isinstance(error, str) else error.error_message or error.error_code
            value, missing = None, f"the scorer failed: {redact(said)}"
        else:
            value, missing = self._number(found.value)
        if missing is not None and found.rationale and found.error is None:
            missing = f"{missing} ({found.rationale})"
        source = str(getattr(found.source, "source_type", "CODE"))
        judged = source == "LLM_JUDGE"
        rater = (getattr(found.source, "source_id", None) or self.name) if source != "CODE" else None
        score: Score = made(
            value=value,
            missing=missing,
            reason=None if found.rationale is None else str(redact(found.rationale)),
            source=source if source in _SOURCES else "CODE",
            rater=rater,
        )
        if not judged:
            return score
        return replace(score, attempts=(_attempt(str(rater), found.metadata or {}, started, latency_s),))


def _attempt(model: str, metadata: Mapping[str, Any], started: float, latency_s: float) -> Attempt:
    """Return a judge's call as MLflow tells of it; what it does not tell is unknown, not zero."""
    tokens_in, tokens_out, cost = (
        metadata.get(_KEY + key) for key in ("judgeInputTokens", "judgeOutputTokens", "judgeCost")
    )
    usage = None
    if tokens_in is not None and tokens_out is not None:
        usage = Usage(tokens_in_uncached=int(tokens_in), tokens_out=int(tokens_out))
    provider, _, short = model.partition(":/")
    ref = ModelRef(name=f"{provider}/{short}" if short else model, model=short or model, origin="mlflow")
    return Attempt(
        model=ref.model,
        ref=ref,
        purpose="judge",
        started_at=started,
        latency_s=latency_s,
        usage=usage,
        cost_usd=None if cost is None else float(cost),
        price_book=None if cost is None else "mlflow",
    )


def _wants_trace(scorer: Any) -> bool:
    """Return whether a scorer cannot do without a trace: the others are told what they need."""
    required = getattr(scorer, "required_columns", None) or getattr(scorer, "template_variables", None)
    if required is not None:
        return "trace" in required
    return "trace" in inspect.signature(scorer.__call__).parameters


def _trace(trial: Trial, context: Sequence[str]) -> Any:
    from mlflow.entities import Trace, TraceData

    now, clean, run = trial.started_at or 0.0, Cleaner(), ArmRun(run="")
    spans = [span(trial, run, now, clean)]
    texts = [trial.case[name] for name in context if trial.case.get(name) is not None]
    if texts:
        spans.append(_retrieval(spans[0], [clean(str(text)) for text in texts]))
    return Trace(trace_info(trial, (), "0", run, now, clean), TraceData(spans))


def _retrieval(root: Any, texts: Sequence[str]) -> Any:
    """Return a span below the root in which these texts were found."""
    from mlflow.entities import Span

    made = root.to_dict()
    identity = bytes.fromhex(digest([made["trace_id"], made["span_id"], "retrieval"])[:16])
    documents = [{"page_content": text, "metadata": {}} for text in texts]
    made |= {"parent_span_id": made["span_id"], "span_id": b64encode(identity).decode(), "name": "context"}
    kept = {"mlflow.traceRequestId": made["attributes"]["mlflow.traceRequestId"]}
    made["attributes"] = kept | {
        "mlflow.spanType": canonical("RETRIEVER"),
        "mlflow.spanOutputs": canonical(documents),
    }
    return Span.from_dict(made)


def mlflow_scorer(
    scorer: Any,
    *,
    values: Mapping[str, float] | None = None,
    feedback: str | None = None,
    context: str | Sequence[str] = (),
    name: str | None = None,
    now: Callable[[], float] = time.time,
) -> MlflowScorer:
    """Return a scorer of MLflow's as one of the workbench; a bench does it by itself where nothing is said.

    Parameters
    ----------
    scorer
        A built-in scorer of ``mlflow.genai.scorers``, a judge of ``make_judge``, an ``@scorer`` function, a
        wrapper of another library.
    values
        Verdict -> value for a scorer that answers in words, higher is better. Yes, true and pass are 1, no,
        false and fail 0 in any case; ``unknown`` is an abstention. Any other word is missing.
    feedback
        Of a scorer that gives several feedbacks the name of the one that counts; None: it gives one.
    context
        Columns of the case that a scorer of retrieval is shown as what was found.
    name
        The score's name; None: the scorer's, with ``_`` for what a column cannot have.
    now
        Gives seconds since the epoch, for a judge's attempt.

    Raises
    ------
    InputError
        Where it is no scorer of MLflow's, or judges whole sessions.

    Notes
    -----
    A judge of MLflow's asks its model by itself: no layer, limit, cache or budget of the bench is around it.
    Its tokens and cost are what MLflow says of them, unknown where it says nothing; `reprice` with a declared
    price of ``provider/model`` tells the cost.
    """
    quiet()
    from mlflow.genai.scorers import Scorer as Theirs

    if not isinstance(scorer, Theirs):
        raise InputError(
            f"scorer {scorer!r:.60}",
            "it is neither the workbench's nor MLflow's",
            "Wrap a Python function with wb.scorer, or MLflow's scorer decorator.",
        )
    if scorer.is_session_level_scorer:
        raise InputError(f"scorer {scorer.name!r}", "it judges whole sessions", "A trial is one answer.")
    label = name or "".join(sign if sign.isalnum() or sign in "_-." else "_" for sign in scorer.name)
    columns = (context,) if isinstance(context, str) else tuple(context)
    worth = dict(values or {})
    return MlflowScorer(
        name=label,
        digest=digest(["mlflow", _definition(scorer), worth, feedback, columns]),
        values=worth,
        feedback=feedback,
        context=columns,
        scorer=scorer,
        now=now,
    )


def _definition(scorer: Any) -> Any:
    """Return what a scorer is made of, as MLflow would store it, else its class, settings and source."""
    try:
        found = dict(scorer.model_dump())
    except Exception:  # MLflow's refusals are of several kinds; what it cannot store is described otherwise
        function = getattr(scorer, "_original_func", None) or type(scorer).__call__
        try:
            source = inspect.getsource(function)
        except (OSError, TypeError):
            source = getattr(function, "__code__", function.__qualname__)
            source = source if isinstance(source, str) else source.co_code.hex()
        settings = {key: str(getattr(scorer, key, None)) for key in type(scorer).model_fields}
        found = {"class": f"{type(scorer).__module__}.{type(scorer).__qualname__}", **settings, "of": source}
    return _unnamed({key: value for key, value in found.items() if key != "aggregations"})


def _unnamed(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition without the scorer's name, here and in what lies within."""
    return {
        key: _unnamed(item) if isinstance(item, Mapping) else item
        for key, item in value.items()
        if key != "name"
    }


def adapted(scorers: Sequence[Any]) -> tuple[Scorer, ...]:
    """Return scorers with those of MLflow's made the workbench's.

    Raises
    ------
    InputError
        Where one is neither.
    """
    return tuple(item if isinstance(item, Scorer) else mlflow_scorer(item) for item in scorers)
