"""MLflow's scorers and judges, used as they are."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from mlflow.entities import AssessmentSource, Feedback, Trace
from mlflow.genai import scorer
from mlflow.genai.judges import make_judge
from mlflow.genai.scorers import RegexMatch, ResponseLength, Scorer, UserFrustration

from tests.conformance.scorer import a_trial, check_scorer
from tests.record.examples import answer, make
from workbench.core.records import ModelRef, Score, Usage
from workbench.errors import InputError
from workbench.record.entities import trace_id
from workbench.record.runs import Recorder
from workbench.record.scorers import adapted, mlflow_scorer
from workbench.score.apply import score_trial
from workbench.score.checks import exact

CASE = {"text": "How long?", "context": "It takes 14 days."}


def judge(theirs: Any, output: str = "14 days", expected: Any = "14 days", **settings: Any) -> Score:
    """Return what a scorer of MLflow's makes of one answer, as a run would keep it."""
    made = mlflow_scorer(theirs, now=lambda: 7.0, **settings)
    (score,) = asyncio.run(score_trial(a_trial(output, expected, case=CASE), [made]))
    return score


@scorer
def given(inputs: dict[str, Any], outputs: str, expectations: dict[str, Any]) -> bool:
    """Say whether a scorer is given the case, the answer and what is expected."""
    return (inputs, outputs, expectations["expected_response"]) == (CASE, "14 days", "14 days")


@scorer
def traced(trace: Trace) -> bool:
    """Say whether the trace holds the answer and what was retrieved."""
    root, found = trace.data.spans
    return (
        root.outputs["choices"][0]["message"]["content"] == "14 days"
        and found.span_type == "RETRIEVER"
        and found.parent_id == root.span_id
        and found.outputs[0]["page_content"] == CASE["context"]
    )


@scorer
def several() -> list[Feedback]:
    """Give two feedbacks."""
    return [Feedback(name="length", value=3, rationale="three"), Feedback(name="tone", value="kind")]


@scorer
def broken(outputs: str) -> float:
    """Fail."""
    raise ValueError(f"no luck with {outputs}")


class Strict(Scorer):
    """A scorer that MLflow itself cannot store: a class of someone's own, as wrappers of libraries are."""

    name: str = "strict wrapper"
    least: int = 3

    def __call__(self, *, outputs: str) -> Feedback:
        """Judge by the number of signs."""
        source = AssessmentSource(source_type="HUMAN", source_id="reviewer-1")
        return Feedback(value=len(outputs) >= self.least, source=source)


def test_conformance() -> None:
    """A built-in scorer, a function and a class of one's own keep the law of scorers."""
    for make_it in (lambda: RegexMatch(pattern="14"), lambda: given, lambda: Strict()):
        check_scorer(
            lambda make_it=make_it: mlflow_scorer(make_it()), a_trial("14 days", "14 days", case=CASE)
        )


def test_built_in_scorers_and_their_reasons() -> None:
    """Yes is 1, no is 0, with the rationale; the settings are in the digest, the name is not."""
    right, wrong = judge(RegexMatch(pattern="14")), judge(RegexMatch(pattern="15"))
    assert (right.value, wrong.value) == (1, 0)
    assert wrong.reason == "Output does not match pattern '15'"
    assert right.digest != wrong.digest
    assert right.digest == judge(RegexMatch(pattern="14", name="other")).digest
    assert judge(ResponseLength(max_length=3)).value == 0


def test_what_a_scorer_is_given() -> None:
    """The case, the answer, the expected value; a trace, with a retrieval, to those that ask for one."""
    assert judge(given).value == 1
    assert judge(traced, context="context").value == 1
    assert judge(scorer(name="keys")(lambda expectations: expectations["a"]), expected={"a": 4}).value == 4


def test_several_feedbacks_need_a_name() -> None:
    """One is chosen by its name; without, and for words without a value, the score is missing."""
    assert judge(several, feedback="length").value == 3
    assert judge(several, feedback="tone", values={"Kind": 1.0}).value == 1
    assert (
        judge(several, feedback="tone").missing == "the scorer said 'kind': say in values= what that is worth"
    )
    assert judge(several).missing == "the scorer gave length, tone: name one with feedback="


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        (None, "the scorer abstained"),
        (Feedback(value="unknown", rationale="too short"), "the scorer abstained (too short)"),
        (Feedback(error=RuntimeError("no key")), "the scorer failed: no key"),
        (float("nan"), "the scorer returned nan"),
        ("perhaps", "the scorer said 'perhaps': say in values= what that is worth"),
    ],
)
def test_missing_is_not_zero(said: Any, missing: str) -> None:
    """Abstentions, errors and words are missing, with why."""
    assert judge(scorer(name="odd")(lambda outputs: said)).missing == missing


def test_a_failing_scorer_is_a_record() -> None:
    """Its error is the reason."""
    assert judge(broken).missing == "the scorer failed: ValueError: no luck with 14 days"


def test_a_wrapper_keeps_its_source() -> None:
    """Who judged stands on the score, and a name that no column can have is changed."""
    score = judge(Strict())
    assert (score.scorer, score.value, score.source, score.rater) == (
        "strict_wrapper",
        1,
        "HUMAN",
        "reviewer-1",
    )
    assert judge(Strict()).digest != judge(Strict(least=4)).digest


@pytest.fixture
def endpoint() -> Iterator[str]:
    """Give the address of an endpoint at which a model always says yes."""

    class Yes(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer."""
            self.rfile.read(int(self.headers["content-length"]))
            said = json.dumps({"result": True, "rationale": "It says how long."})
            message = {"role": "assistant", "content": said}
            body = {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": "judge-1",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {"prompt_tokens": 90, "completion_tokens": 12, "total_tokens": 102},
            }
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Yes) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def test_a_judge_of_mlflow_asks_its_model(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its verdict, its reason, who judged, and an attempt apart from the arm's, as far as MLflow tells."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    theirs = make_judge(
        name="clear",
        instructions="Does {{ outputs }} answer {{ inputs }}?",
        model="openai:/judge-1",
        feedback_value_type=bool,
        base_url=endpoint,
    )
    score = judge(theirs)
    assert (score.value, score.missing, score.reason) == (1, None, "It says how long.")
    assert (score.source, score.rater) == ("LLM_JUDGE", "openai:/judge-1")
    (attempt,) = score.attempts
    assert (attempt.purpose, attempt.model, attempt.started_at) == ("judge", "judge-1", 7.0)
    assert attempt.ref == ModelRef(name="openai/judge-1", model="judge-1", origin="mlflow")
    assert attempt.usage == Usage(tokens_in_uncached=90, tokens_out=12)
    assert attempt.cost_usd is None  # MLflow knows no price of it


def test_its_score_is_an_assessment_on_the_trace(recorder: Recorder) -> None:
    """What it said of a trial stands on the trial's trace."""
    plan = make("theirs")
    trials, _ = answer(plan)
    (score,) = asyncio.run(score_trial(trials[0], [mlflow_scorer(RegexMatch(pattern="bill"))]))
    recorder.add_traces(trials, [score])
    info = recorder.open().client.get_trace(trace_id(trials[0].trial_id)).info
    (found,) = [item for item in info.assessments if item.name == "regex_match"]
    assert (found.feedback.value, found.rationale) == (1.0, "Output matches pattern 'bill'")


def test_mixed_lists_and_mistakes() -> None:
    """Own scorers stay as they are; what is neither, or judges whole sessions, is refused."""
    own, theirs = adapted([exact(), RegexMatch(pattern="a")])
    assert own == exact()
    assert theirs.name == "regex_match"
    with pytest.raises(InputError, match="neither"):
        adapted([len])
    with pytest.raises(InputError, match="whole sessions"):
        mlflow_scorer(UserFrustration())
