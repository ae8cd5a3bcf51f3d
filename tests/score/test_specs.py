"""Scorers as a study file writes them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.score.fake_judge import REF, Written, said
from workbench.core.protocols import Model
from workbench.core.records import ModelRef
from workbench.errors import StudyError
from workbench.score.amounts import cost_score, latency_score, length
from workbench.score.checks import contains, exact, json_schema, numeric, regex
from workbench.score.fields import fields
from workbench.score.grounded import grounded
from workbench.score.judge import Judge
from workbench.score.sets import f1, precision, recall
from workbench.score.similarity import Similarity
from workbench.score.specs import load_scorers
from workbench.score.validity import validity


def find_model(name: str) -> tuple[Model, ModelRef]:
    """Return a written model, whatever its name."""
    return Written(said("")), REF


def test_every_way_to_write_one() -> None:
    """A name, a name with its argument, a name with settings, and an object give the same scorers."""
    specs = yaml.safe_load("""
    - exact
    - contains: refund
    - regex: '\\d+'
    - numeric: {tolerance: 1, name: price}
    - json_schema: {type: object}
    - json_schema: {schema: {type: array}, name: list}
    """)
    assert load_scorers([*specs, exact(strict=True, name="same")]) == (
        exact(),
        contains("refund"),
        regex(r"\d+"),
        numeric(1, name="price"),
        json_schema({"type": "object"}),
        json_schema({"type": "array"}, name="list"),
        exact(strict=True, name="same"),
    )


def test_scorers_of_sets_fields_context_and_amounts() -> None:
    """Lists, numbers and names of columns are settings; an embedding model is named and not yet loaded."""
    specs = yaml.safe_load("""
    - f1: {field: tags}
    - precision
    - recall: {separator: '\\|'}
    - fields: [label, price]
    - fields: {only: [price], tolerance: 1, name: price}
    - grounded: policy
    - grounded: {context: [text, policy], allow: [the desk], name: from_both}
    - length: 80
    - latency: 2
    - cost: {most_usd: 0.01}
    - similarity: {at_least: 0.6}
    """)
    *found, near = load_scorers(specs)
    assert found == [
        f1(field="tags"),
        precision(),
        recall(separator=r"\|"),
        fields(["label", "price"]),
        fields(["price"], tolerance=1, name="price"),
        grounded("policy"),
        grounded(["text", "policy"], allow=["the desk"], name="from_both"),
        length(80),
        latency_score(2),
        cost_score(0.01),
    ]
    assert isinstance(near, Similarity)
    assert near.embedder_id.startswith("sentence-transformers/all-MiniLM-L6-v2 sha256:")


def test_validity_is_several() -> None:
    """Validity gives its scorers at once, with the schema asked for or its own."""
    specs = [
        "validity",
        {"validity": {"repair": True, "name": "json"}},
        {"validity": {"type": "object", "title": "x"}},
    ]
    assert load_scorers(specs[:2]) == (*validity(), *validity(repair=True, name="json"))
    assert load_scorers(specs[2:]) == validity({"type": "object", "title": "x"})
    with pytest.raises(StudyError, match="'json_valid_first' already"):
        load_scorers(["validity", "validity"])


def test_rubric_finds_its_model() -> None:
    """A rubric names its model, which whoever loads it finds; the candidates reach its warning."""
    spec = {"rubric": {"question": "Is it polite?", "model": "acme/judge-1"}}
    (judge,) = load_scorers([spec], find_model=find_model, candidates=["acme/judge-2"])
    assert isinstance(judge, Judge)
    assert judge.ref == REF
    assert judge.warning


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("exct", "Did you mean 'exact'"),
        ("bleu", "Known are"),
        ({"numeric": {"tolerence": 1}}, "Did you mean 'tolerance'"),
        ({"numeric": {"tolerance": "one"}}, "a number"),
        ({"exact": 5}, "true or false"),
        ({"contains": 24}, "quote a text"),
        ("regex", "needs 'pattern'"),
        ({"fields": "label"}, "a list"),
        ({"length": "ten"}, "a number"),
        ({"length": {"most": 1, "least": 2}}, "least <= most"),
        ({"regex": "("}, "pattern"),
        ({"json_schema": {"type": "strng"}}, "JSON schema"),
        ({"exact": {}, "contains": {}}, "is not a scorer"),
        (7, "is not a scorer"),
        ({"rubric": {"question": "Is it polite?"}}, "needs 'model'"),
        ({"rubric": {"question": "Polite?", "model": "m", "levels": {False: 0, True: 1}}}, "quoted"),
        ({"rubric": {"question": "Polite?", "model": "m", "ref": "r"}}, "no setting 'ref'"),
    ],
)
def test_mistakes_are_named(spec: Any, message: str) -> None:
    """A mistake names the scorer's place, what is wrong and the remedy."""
    with pytest.raises(StudyError, match=message) as caught:
        load_scorers(["exact", spec], find_model=find_model, source="study.yaml")
    assert str(caught.value).startswith("study.yaml, scorer 2: ")


def test_names_are_unique_and_there_is_one() -> None:
    """Two scorers of one name, none at all, and a rubric nobody can ask are refused."""
    with pytest.raises(StudyError, match="name: "):
        load_scorers([{"contains": "a"}, {"contains": "b"}])
    with pytest.raises(StudyError, match="no scorer"):
        load_scorers([])
    with pytest.raises(StudyError, match="needs a model"):
        load_scorers([{"rubric": {"question": "Is it polite?", "model": "m"}}])
