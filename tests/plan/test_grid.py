"""Tests of the grid: keys, order, what a request carries."""

from __future__ import annotations

from itertools import islice
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.plan.world import MICRO, MINI, dataset, plan, variants
from workbench.core.identity import call_key, cell_seed
from workbench.core.records import Message, Request
from workbench.plan.grid import CallKeys, permuted

texts = st.text(max_size=12)
messages = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant"]),
    content=texts,
    tool_calls=st.sampled_from([(), ({"id": "1", "function": {"name": "f"}},)]),
)
requests = st.builds(
    Request,
    messages=st.lists(messages, max_size=4).map(tuple),
    ref=st.sampled_from([MINI, MICRO]),
    params=st.dictionaries(texts, st.one_of(st.integers(), st.floats(), texts, st.none()), max_size=3),
    repeat=st.integers(0, 3),
    sample=texts,
)


@given(st.lists(requests, max_size=6))
def test_the_fast_key_is_the_key(asked: list[Request]) -> None:
    """Whatever requests follow each other, each gets exactly `call_key`."""
    keys = CallKeys()
    assert [keys(request) for request in asked] == [call_key(request) for request in asked]


def test_every_cell_once_with_its_own_key() -> None:
    """The grid is arms × cases × repeats; keys and trial ids are right and differ."""
    whole = plan(models=[MINI, MICRO], repeats=3)
    cells = list(whole.cells())
    assert len(cells) == len(whole) == 2 * 2 * 6 * 3
    assert len({(cell.arm.name, cell.case.case_id, cell.repeat) for cell in cells}) == len(cells)
    assert len({cell.trial_id for cell in cells}) == len(cells)
    assert [cell.key for cell in cells] == [call_key(cell.request) for cell in cells]
    assert len({cell.key for cell in cells}) == len(cells)


def test_every_prefix_by_case_is_a_complete_grid() -> None:
    """The cells of a case come together, and every arm has every repeat of it."""
    whole = plan()
    per_case = len(whole.arms) * whole.repeats
    cells = whole.cells()
    for _ in range(len(whole.cases)):
        block = list(islice(cells, per_case))
        assert len({cell.case.case_id for cell in block}) == 1
        assert len({(cell.arm.name, cell.repeat) for cell in block}) == per_case


def test_no_arm_is_always_first() -> None:
    """Another arm begins each case, so that none profits from an idle endpoint."""
    whole = plan()
    firsts = [cell.arm.name for cell in whole.cells()][:: len(whole.arms) * whole.repeats]
    assert len(set(firsts)) == len(whole.arms)


def test_order_is_seeded_and_survives_growth() -> None:
    """The same seed gives the same order; more cases leave the order of the old ones as it was."""
    small, large = list(dataset(6).cases), list(dataset(9).cases)
    old = {case.case_id for case in small}
    before = [case.case_id for case in permuted(small, 1)]
    assert before == [case.case_id for case in permuted(reversed(small), 1)]
    assert before == [case.case_id for case in permuted(large, 1) if case.case_id in old]
    assert before != [case.case_id for case in permuted(small, 2)]


def test_a_request_carries_what_the_arm_says() -> None:
    """Parameters of study and variant, the cell's seed and the case's tags are in the request."""
    hot, plain = variants()
    hot = hot.replace(params={"temperature": 1.5})
    cell = next(
        cell
        for cell in plan(variants=[hot, plain], params={"temperature": 0.5, "max_tokens": 9}).cells()
        if cell.arm.variant.name == "terse"
    )
    assert cell.request.params == {
        "temperature": 1.5,
        "max_tokens": 9,
        "seed": cell_seed(1, cell.case.case_id, cell.repeat),
    }
    assert "seed" not in cell.arm.params
    assert cell.request.tags == {"user": cell.case.values["user"]}
    assert cell.request.workload == "batch"


def test_arms_share_the_draws_seed() -> None:
    """All arms of a case and repeat get the same seed; repeats get different ones."""
    seeds: dict[tuple[str, int], set[Any]] = {}
    for cell in plan().cells():
        seeds.setdefault((cell.case.case_id, cell.repeat), set()).add(cell.request.params["seed"])
    assert all(len(values) == 1 for values in seeds.values())
    assert len({value for values in seeds.values() for value in values}) == len(seeds)


def test_no_seed_is_sent_where_the_endpoint_refuses_one() -> None:
    """`seed=None` keeps the parameter away, and repeats still are separate draws."""
    cells = list(plan(params={"seed": None}).cells())
    assert all("seed" not in cell.request.params for cell in cells)
    assert len({cell.key for cell in cells}) == len(cells)
