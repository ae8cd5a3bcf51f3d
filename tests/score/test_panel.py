"""Several judges as one score."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.scorer import a_trial, check_scorer
from tests.score.panels import level, scripted
from workbench.client.fakes import fake_error
from workbench.core.records import Score
from workbench.errors import InputError
from workbench.score.asking import Judging
from workbench.score.panel import Voting, panel
from workbench.score.scales import ABSTAIN, LEVELS


def voted(*said: str, by: Voting = "majority", quorum: int | None = None) -> Score:
    """Return the score of a panel whose judges choose these levels."""
    judges = [scripted(f"j{number}", level(name)) for number, name in enumerate(said)]
    return asyncio.run(panel(*judges, by=by, quorum=quorum).score(a_trial()))


def test_conformance() -> None:
    """A panel keeps the law of scorers, and asks models as a judge does."""
    check_scorer(
        lambda: panel(*(scripted(name, level("yes"), level("yes")) for name in ("a", "b"))), a_trial()
    )
    assert isinstance(panel(scripted("a"), scripted("b")), Judging)


@given(st.lists(st.sampled_from([*LEVELS, ABSTAIN]), min_size=2, max_size=5))
def test_the_majority_is_counted(said: list[str]) -> None:
    """The level with most votes; missing at a tie, and below a quorum of more than half the judges."""
    score = voted(*said)
    votes = Counter(name for name in said if name != ABSTAIN)
    most = max(votes.values(), default=0)
    leaders = [name for name, count in votes.items() if count == most]
    enough = votes.total() > len(said) / 2
    assert score.value == (LEVELS[leaders[0]] if enough and len(leaders) == 1 else None)
    assert (score.missing is None) == (score.value is not None)


def test_the_mean_is_of_those_who_gave_a_verdict() -> None:
    """An abstention has no vote: it is no 0."""
    assert voted("yes", "partly", ABSTAIN, by="mean").value == 0.75
    assert voted("yes", ABSTAIN, ABSTAIN, by="mean").value is None
    assert voted("yes", ABSTAIN, ABSTAIN, by="mean", quorum=1).value == 1.0


def test_each_verdict_is_kept_and_each_call_counted_once() -> None:
    """Failed, unparsable and usable verdicts are parts with their reasons; the calls stand on the whole."""
    judges = [
        scripted("a", level("yes")),
        scripted("b", "I like it."),
        scripted("c", fake_error("server")),
        scripted("d", level("yes")),
        scripted("e", level("no")),
    ]
    score = asyncio.run(panel(*judges).score(a_trial()))
    assert score.value == 1.0
    assert [part.value for part in score.parts] == [1.0, None, None, 1.0, 0.0]
    assert [part.scorer for part in score.parts] == ["a", "b", "c", "d", "e"]
    assert "not JSON" in str(score.parts[1].missing)
    assert "server" in str(score.parts[2].missing)
    assert "a: 1 (It is yes.)" in str(score.reason)
    assert len(score.attempts) == 5
    assert {attempt.purpose for attempt in score.attempts} == {"judge"}
    assert [attempt.ref.name for attempt in score.attempts if attempt.ref] == [
        f"acme/{name}" for name in "abcde"
    ]
    assert not any(part.attempts for part in score.parts)


def test_unanswered_trials_are_not_asked_about() -> None:
    """A failed trial costs no call of any judge."""
    score = asyncio.run(panel(scripted("a"), scripted("b")).score(a_trial(status="refused")))
    assert (score.missing, score.attempts, score.parts) == ("refused", (), ())


def test_the_definition_is_its_judges_and_their_vote() -> None:
    """Another judge, vote or quorum is another definition."""
    a, b, c = (scripted(name) for name in "abc")
    digests = {
        each.digest
        for each in (panel(a, b), panel(a, c), panel(a, b, by="mean"), panel(a, b, quorum=1), panel(a, b, c))
    }
    assert len(digests) == 5
    assert panel(a, b, name="other").digest == panel(a, b).digest


def test_malformed_panels() -> None:
    """One judge, two of one name, an unknown vote and a quorum that cannot be met are refused."""
    a, b = scripted("a"), scripted("b")
    for judges, settings in (
        ((a,), {}),
        ((a, a), {}),
        ((a, b), {"by": "loudest"}),
        ((a, b), {"quorum": 3}),
        ((a, b), {"quorum": 0}),
    ):
        with pytest.raises(InputError):
            panel(*judges, **settings)  # type: ignore[arg-type]
