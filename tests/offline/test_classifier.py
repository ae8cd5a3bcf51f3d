"""The small classifiers: answers depend on the prompt, draws on the seed, and both as stated."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.responder import check_responder
from workbench.core.identity import cell_seed
from workbench.define.study import Study
from workbench.offline.chat import Chat, ChatError
from workbench.offline.classifier import TEMPERATURE, MiniLMClassifier, TfidfClassifier
from workbench.offline.head import gumbel
from workbench.semantic.embed import MiniLM

STUDY = Path(__file__).parents[2] / "experiments" / "support-triage" / "study.yaml"
SYSTEM = ("system", "Answer with one of billing, login, delivery.")
CHAT = Chat(model="minilm", messages=(SYSTEM, ("user", "My parcel is late and I cannot sign in.")))


@pytest.fixture(scope="module")
def embedder() -> MiniLM:
    """Return the packaged model, loaded once."""
    return MiniLM()


@pytest.fixture(scope="module", params=["minilm", "tfidf"])
def classifier(request: pytest.FixtureRequest, embedder: MiniLM) -> MiniLMClassifier | TfidfClassifier:
    """Return each classifier in turn."""
    return MiniLMClassifier(embedder) if request.param == "minilm" else TfidfClassifier()


def test_conforms(classifier: MiniLMClassifier | TfidfClassifier) -> None:
    """Both are responders, and say that they are no language models."""
    known = replace(CHAT, model=classifier.name)
    check_responder(classifier, known, replace(known, messages=(("user", "Tell me a story."),)))
    assert "Not a language model" in classifier.models[classifier.name]


def test_obvious_answers(embedder: MiniLM) -> None:
    """At temperature 0 plain texts get the plain label."""
    model = MiniLMClassifier(embedder)
    for text, label in {
        "I forgot my password and cannot log in": "login",
        "The courier has not brought my package": "delivery",
        "Please send an invoice for this payment": "billing",
    }.items():
        assert model.answer(replace(CHAT, messages=(SYSTEM, ("user", text)), temperature=0.0)) == label


def test_draws_follow_the_probabilities(classifier: MiniLMClassifier | TfidfClassifier) -> None:
    """Over many seeds each label comes as often as its probability says."""
    expected = classifier.probabilities(CHAT)
    assert sum(expected.values()) == pytest.approx(1)
    drawn = Counter(classifier.answer(replace(CHAT, seed=seed)) for seed in range(4_000))
    for label, probability in expected.items():
        assert drawn[label] / 4_000 == pytest.approx(probability, abs=0.03)


def test_temperature(classifier: MiniLMClassifier | TfidfClassifier) -> None:
    """None is the stated default; higher is flatter; 0 is the best label whatever the seed."""
    assert classifier.probabilities(CHAT) == classifier.probabilities(replace(CHAT, temperature=TEMPERATURE))
    tops = [max(classifier.probabilities(replace(CHAT, temperature=t)).values()) for t in (0, 0.1, 0.7, 2)]
    assert tops[0] == 1
    assert tops == sorted(tops, reverse=True)
    cold = {classifier.answer(replace(CHAT, temperature=0.0, seed=seed)) for seed in range(30)}
    assert len(cold) == 1


def test_requests_without_a_seed_vary(embedder: MiniLM) -> None:
    """Without a seed the draws differ, from a source that is an argument."""
    chat = replace(CHAT, temperature=2.0)
    first, again = (
        [model.answer(chat) for _ in range(30)]
        for model in (MiniLMClassifier(embedder, rng=random.Random(1)) for _ in range(2))
    )
    assert first == again
    assert len(set(first)) > 1


def test_json_answers(embedder: MiniLM) -> None:
    """With a schema the answer is JSON with the schema's own property."""
    schema = json.dumps({"properties": {"topic": {"enum": ["billing", "login"]}}})
    answer = MiniLMClassifier(embedder).answer(replace(CHAT, schema=schema))
    assert json.loads(answer)["topic"] in ("billing", "login")


def test_a_near_example_wins(classifier: MiniLMClassifier | TfidfClassifier) -> None:
    """Examples that call something unheard-of by a label raise that label's probability for its like."""
    turns = (("user", "The flux capacitor hums."), ("assistant", "login")) * 3
    text = ("user", "My flux capacitor hums loudly.")
    without = classifier.probabilities(replace(CHAT, messages=(SYSTEM, text)))
    with_examples = classifier.probabilities(replace(CHAT, messages=(SYSTEM, *turns, text)))
    assert with_examples["login"] > without["login"] + 0.1


def test_instructions_change_nothing_but_labels_do(embedder: MiniLM) -> None:
    """Words around the labels have no effect on these models, as their documentation says."""
    model = MiniLMClassifier(embedder)
    other = ("system", f"Think step by step, it matters a lot. {SYSTEM[1]}")
    assert model.probabilities(replace(CHAT, messages=(other, CHAT.messages[-1]))) == model.probabilities(
        CHAT
    )
    bad = replace(CHAT, messages=(("system", "Think."), CHAT.messages[-1]))
    with pytest.raises(ChatError, match="no allowed labels"):
        model.answer(bad)


@settings(deadline=None, max_examples=30)
@given(st.text(max_size=80))
def test_any_text_gets_an_allowed_label(text: str) -> None:
    """Odd texts, empty ones included, get one of the allowed labels; probabilities are finite."""
    model = TfidfClassifier()
    chat = replace(CHAT, messages=(SYSTEM, ("user", text)))
    assert model.answer(chat) in ("billing", "login", "delivery")
    assert np.isfinite(list(model.probabilities(chat).values())).all()


@given(st.integers(), st.text(st.characters()), st.text(st.characters()))
def test_noise_is_finite_and_fixed(seed: int, text: str, label: str) -> None:
    """The noise is a finite function of seed, text and label."""
    assert np.isfinite(gumbel(seed, text, label))
    assert gumbel(seed, text, label) == gumbel(seed, text, label)


def test_noise_is_gumbel() -> None:
    """Its distribution is the standard Gumbel: mean .5772, variance pi squared over 6."""
    draws = np.array([gumbel(seed, "text", "label") for seed in range(20_000)])
    assert draws.mean() == pytest.approx(0.5772, abs=0.03)
    assert draws.var() == pytest.approx(np.pi**2 / 6, abs=0.08)


def test_repeats_vary_and_longer_prompts_answer_better(embedder: MiniLM) -> None:
    """On the study that ships at least a tenth of the cases change between repeats; prompts differ."""
    study = Study.load(STUDY)
    cases = list(study.dataset.cases)[:200]
    embedder.embed([case.values["text"] for case in cases])
    model = MiniLMClassifier(embedder)
    right: dict[str, float] = {}
    for variant in study.variants:
        answers, sure = [], 0.0
        for case in cases:
            messages = tuple((message.role, message.content) for message in variant.messages(case.values))
            chat = Chat(model="minilm", messages=messages, temperature=0.7)
            seeds = [cell_seed(study.seed, case.case_id, repeat) for repeat in range(3)]
            answers.append({model.answer(replace(chat, seed=seed)) for seed in seeds})
            sure += model.probabilities(chat)[str(case.expected)]
        assert sum(len(given) > 1 for given in answers) >= 0.1 * len(cases)
        right[variant.name] = sure / len(
            cases
        )  # the expected share of right answers, without the draw's noise
    assert right["labels-only"] < right["described"] < right["many-shot"]
    assert right["many-shot"] > right["labels-only"] + 0.03
