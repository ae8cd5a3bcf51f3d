"""The corpus of written replies: every one has the outcome that was written down, whoever validates."""

from __future__ import annotations

from collections import Counter
from typing import Any

import fastjsonschema
import pytest
from pydantic_core import from_json

from tests.score.corpus import Written, calls, documents, tickets
from workbench.core.identity import canonical
from workbench.core.records import Reply
from workbench.score.repair import repair
from workbench.score.structured import OUTCOMES, outcome, outcome_of, parse

CORPUS = [*tickets.REPLIES, *documents.REPLIES, *calls.REPLIES]


@pytest.mark.parametrize("written", CORPUS, ids=range(len(CORPUS)))
def test_outcome(written: Written) -> None:
    """Each reply has exactly the outcome that a person gave it."""
    assert outcome_of(written.call, written.schema) == written.expected


def test_the_corpus_is_large_and_has_everything() -> None:
    """At least 200 different replies, at least two of each outcome."""
    different = {
        canonical([str(each.schema), each.text, each.finish, each.refusal, each.calls, each.error])
        for each in CORPUS
    }
    assert len(different) == len(CORPUS) >= 200
    counts = Counter(each.expected for each in CORPUS)
    assert set(counts) == set(OUTCOMES)
    assert min(counts.values()) >= 2


def second(schema: Any) -> Any:
    """Return the validator of another library; formats are not asserted, as in the first."""
    return fastjsonschema.compile(dict(schema), use_formats=False)


def test_two_validators_agree() -> None:
    """On every reply that is JSON a second library, which shares no code with the first, says the same."""
    compiled: dict[str, Any] = {}
    asked = 0
    for written in CORPUS:
        call = written.call
        if not isinstance(call, Reply) or written.schema is None:
            continue
        if written.expected not in ("valid", "schema violation"):
            continue
        validate = compiled.setdefault(canonical(written.schema), second(written.schema))
        try:
            validate(parse(call.answer))
            says = "valid"
        except fastjsonschema.JsonSchemaValueException:
            says = "schema violation"
        assert says == written.expected, call.answer
        asked += 1
    assert asked > 100


@pytest.mark.parametrize("written", [w for w in CORPUS if w.expected in ("not JSON", "valid")], ids=repr)
def test_repair(written: Written) -> None:
    """Repair makes valid what is JSON but for its wrapping, changes nothing that is, and invents nothing."""
    call = written.call
    assert isinstance(call, Reply)
    mended = repair(call.answer)
    if written.expected == "valid":
        assert mended == call.answer
        return
    valid = mended is not None and outcome(mended, schema=written.schema) == "valid"
    assert valid == written.mends


@pytest.mark.parametrize(
    "whole",
    [w.text for w in [*tickets.VALID, *documents.REPLIES] if w.expected == "valid" and w.text[:1] in "{["],
)
def test_cut_in_every_place(whole: str) -> None:
    """A reply cut anywhere is truncated where the endpoint says so, else not JSON, and never mended."""
    whole = whole.strip()
    for end in range(len(whole)):
        cut = whole[:end]
        assert outcome(cut, "length") == "truncated"
        assert outcome(cut) == ("not JSON" if cut.strip() else "empty")
        assert repair(cut) is None


def test_two_readers_agree() -> None:
    """Another reader of JSON takes and refuses the same texts; only half a surrogate pair divides them."""
    for written in CORPUS:
        call = written.call
        if not isinstance(call, Reply) or written.expected not in ("valid", "schema violation", "not JSON"):
            continue
        try:
            from_json(call.answer, allow_inf_nan=False)
            says = True
        except ValueError:
            says = "\\ud800" in call.answer
        assert says == (written.expected != "not JSON"), call.answer
