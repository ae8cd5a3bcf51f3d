"""One trial as MLflow's entities: a trace with its metadata, tags and assessments, and its one span."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.core.identity import digest
from workbench.core.records import Score, Trial
from workbench.core.redact import redact
from workbench.record.experiments import ArmRun
from workbench.record.prompts import PromptVersionRef

__all__ = ["Cleaner", "span", "trace_id", "trace_info"]

PREVIEW = 1_000
VALUE = 250  # characters that every MLflow backend keeps of a metadata value


class Cleaner:
    """Removes secrets, looking at each distinct text once: all cases of an arm share a long prompt."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def __call__(self, value: Any) -> Any:
        """Return the value without secrets."""
        if isinstance(value, str):
            if value not in self._seen:
                self._seen[value] = redact(value)
            return self._seen[value]
        if isinstance(value, Mapping):
            return {str(self(str(key))): self(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self(item) for item in value]
        return value


def trace_id(trial_id: str) -> str:
    """Return the id of a trial's trace: ``tr-`` and 32 hexadecimal digits."""
    plain = trial_id.lower()
    if len(plain) == 32 and set(plain) <= set("0123456789abcdef"):
        return f"tr-{plain}"
    return f"tr-{digest(trial_id)[:32]}"


def trace_info(
    trial: Trial,
    scores: Sequence[Score],
    experiment_id: str,
    arm: ArmRun,
    now: float,
    clean: Cleaner,
) -> Any:
    """Return the trace of a trial, with everything but its span.

    Parameters
    ----------
    scores
        The trial's scores: each an assessment.
    arm
        The arm's run, prompt version and price.
    now
        Time of a trial that knows none, in seconds since the epoch.
    """
    from mlflow.entities.trace_info import TraceInfo
    from mlflow.entities.trace_location import TraceLocation
    from mlflow.entities.trace_state import TraceState

    start, end = _times(trial, now)
    asked = next((m.content for m in reversed(trial.messages) if m.role == "user"), "")
    answered = trial.output if trial.output is not None else trial.error
    return TraceInfo(
        trace_id=trace_id(trial.trial_id),
        trace_location=TraceLocation.from_experiment_id(experiment_id),
        request_time=start // 1_000_000,
        execution_duration=(end - start) // 1_000_000,
        state=TraceState.ERROR if trial.status == "error" else TraceState.OK,
        request_preview=clean(asked)[:PREVIEW],
        response_preview=None if answered is None else clean(answered)[:PREVIEW],
        trace_metadata=_metadata(trial, scores, arm, clean),
        tags=_tags(trial, arm.prompt, clean),
        assessments=_assessments(trial, scores, arm.run, end // 1_000_000, clean),
    )


def _times(trial: Trial, now: float) -> tuple[int, int]:
    """Return start and end in nanoseconds since the epoch."""
    start = int((now if trial.started_at is None else trial.started_at) * 1e6) * 1000
    return start, start + int((trial.latency_s or 0.0) * 1e6) * 1000


def _metadata(trial: Trial, scores: Sequence[Score], arm: ArmRun, clean: Cleaner) -> dict[str, str]:
    content = [trial.status, trial.output, trial.error, trial.cost_usd, trial.started_at, trial.model_served]
    judged = [[s.scorer, s.value, s.missing, s.reason, s.digest, s.rater] for s in scores]
    out = {
        "mlflow.sourceRun": arm.run,
        "mlflow.trace_schema.version": "3",
        "workbench.digest": digest([content, judged])[:16],
    }
    for column, key in (("user", "mlflow.trace.user"), ("session", "mlflow.trace.session")):
        if trial.case.get(column) is not None:
            out[key] = clean(str(trial.case[column]))[:VALUE]
    if trial.usage is not None:
        out["mlflow.trace.tokenUsage"] = json.dumps(_usage(trial))
    if trial.cost_usd is not None:
        out["mlflow.trace.cost"] = json.dumps(_cost(trial, arm))
    return out


def _usage(trial: Trial) -> dict[str, int]:
    usage = trial.usage
    assert usage is not None
    out = {
        "input_tokens": usage.tokens_in,
        "output_tokens": usage.tokens_out,
        "total_tokens": usage.tokens_in + usage.tokens_out,
    }
    if usage.tokens_in_cached:
        out["cache_read_input_tokens"] = usage.tokens_in_cached
    if usage.tokens_in_cache_write:
        out["cache_creation_input_tokens"] = usage.tokens_in_cache_write
    return out


def _cost(trial: Trial, arm: ArmRun) -> dict[str, float]:
    """Return the cost, split into output and the rest where the price is known: MLflow shows it only so."""
    total = trial.cost_usd
    assert total is not None
    if trial.usage is None or arm.price_out_per_mtok is None:
        return {"total_cost": total}
    output = trial.usage.tokens_out * arm.price_out_per_mtok / 1e6
    if output > total:  # another price than the plan's (a service tier, an earlier day)
        return {"total_cost": total}
    return {"input_cost": total - output, "output_cost": output, "total_cost": total}


def _tags(trial: Trial, prompt: PromptVersionRef | None, clean: Cleaner) -> dict[str, str]:
    tags: dict[str, Any] = {
        "mlflow.traceName": trial.arm,
        "mlflow.trace.spansLocation": "TRACKING_STORE",
        "arm": trial.arm,
        "case_id": trial.case_id,
        "repeat": trial.repeat,
        "status": trial.status,
        "feature": trial.case.get("feature"),
        "error_kind": trial.error_kind,
        "source": None if trial.source == "call" else trial.source,
        "cache.similarity": None if trial.similarity is None else f"{trial.similarity:.4f}",
        "cache.source": trial.source_call,
        "sample": None if trial.sample == "main" else trial.sample,
    }
    if prompt is not None:  # what MLflow's UI shows on the trace; searches read the link itself
        linked = [{"name": prompt.name, "version": str(prompt.version)}]
        tags["mlflow.linkedPrompts"] = json.dumps(linked)
    return {name: clean(str(value))[:VALUE] for name, value in tags.items() if value is not None}


def _assessments(
    trial: Trial, scores: Sequence[Score], run_id: str, time_ms: int, clean: Cleaner
) -> list[Any]:
    from mlflow.entities.assessment import Expectation
    from mlflow.entities.assessment_source import AssessmentSource

    out = [_feedback(trial, score, run_id, time_ms, clean) for score in scores]
    if trial.expected is not None:
        expected = trial.expected if isinstance(trial.expected, (str, int, float)) else str(trial.expected)
        expectation = Expectation(
            name="expected",
            value=clean(expected),
            source=AssessmentSource(source_type="CODE", source_id="dataset"),
            trace_id=trace_id(trial.trial_id),
            create_time_ms=time_ms,
            last_update_time_ms=time_ms,
        )
        expectation.assessment_id = _assessment_id(trial, "expected", "dataset")
        out.append(expectation)
    return out


def _assessment_id(trial: Trial, *who: str) -> str:
    return f"a-{digest([trial.trial_id, *who])[:32]}"


def _feedback(trial: Trial, score: Score, run_id: str, time_ms: int, clean: Cleaner) -> Any:
    from mlflow.entities.assessment import Feedback
    from mlflow.entities.assessment_error import AssessmentError
    from mlflow.entities.assessment_source import AssessmentSource

    metadata = {"mlflow.assessment.sourceRunId": run_id}
    if score.digest:
        metadata["mlflow.assessment.scorerDigest"] = score.digest
    costs = [attempt.cost_usd for attempt in score.attempts]
    if costs and all(cost is not None for cost in costs):
        metadata["mlflow.assessment.judgeCost"] = str(sum(cost for cost in costs if cost is not None))
    used = [attempt.usage for attempt in score.attempts]
    if used and None not in used:
        metadata["workbench.judgeTokensIn"] = str(sum(usage.tokens_in for usage in used if usage))
        metadata["workbench.judgeTokensOut"] = str(sum(usage.tokens_out for usage in used if usage))
    missing = None
    if score.value is None:  # missing is not zero: MLflow shows an error in place of a value
        missing = AssessmentError(error_code="MISSING", error_message=clean(score.missing or "no value"))
    feedback = Feedback(
        name=score.scorer,
        value=score.value,
        error=missing,
        source=AssessmentSource(source_type=score.source, source_id=score.rater or score.scorer),
        trace_id=trace_id(trial.trial_id),
        rationale=clean(score.reason),
        metadata=metadata,
        create_time_ms=time_ms,
        last_update_time_ms=time_ms,
    )
    # Without the definition's digest: a trial judged anew by a changed scorer has its old verdict replaced.
    feedback.assessment_id = _assessment_id(trial, score.scorer, score.rater or "")
    return feedback


def span(trial: Trial, arm: ArmRun, now: float, clean: Cleaner) -> Any:
    """Return the one span of a trial: the request as it was sent, the answer, tokens and cost."""
    from mlflow.entities.span import Span
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

    identity = trace_id(trial.trial_id)[3:]
    start, end = _times(trial, now)
    failed = trial.status == "error"
    status = Status(StatusCode.ERROR, clean(trial.error or "")) if failed else Status(StatusCode.OK)
    return Span(
        ReadableSpan(
            name=trial.arm,
            context=SpanContext(
                int(identity, 16), int(digest(identity)[:16], 16) or 1, False, TraceFlags(TraceFlags.SAMPLED)
            ),
            attributes={key: json.dumps(value) for key, value in _attributes(trial, arm, clean).items()},
            resource=Resource.get_empty(),
            start_time=start,
            end_time=end,
            status=status,
        )
    )


def _attributes(trial: Trial, arm: ArmRun, clean: Cleaner) -> dict[str, Any]:
    messages = [message.to_dict() for message in trial.messages]
    out: dict[str, Any] = {
        "mlflow.traceRequestId": trace_id(trial.trial_id),
        "mlflow.spanType": "CHAT_MODEL",
        "mlflow.spanInputs": clean({"model": trial.model, "messages": messages, **trial.params}),
        "mlflow.llm.model": trial.model_served or trial.model,
        "wait_s": trial.wait_s,
    }
    if trial.output is not None:
        answer = {"role": "assistant", "content": clean(trial.output)}
        out["mlflow.spanOutputs"] = {"choices": [{"message": answer, "finish_reason": trial.finish_reason}]}
    if trial.usage is not None:
        out["mlflow.chat.tokenUsage"] = _usage(trial)
    if trial.cost_usd is not None:  # set here, it wins over MLflow's own price list
        out["mlflow.llm.cost"] = _cost(trial, arm)
    if len(trial.attempts) > 1:
        out["attempts"] = [
            {"error_kind": attempt.error_kind, "latency_s": attempt.latency_s, "cost_usd": attempt.cost_usd}
            for attempt in trial.attempts
        ]
    return out
