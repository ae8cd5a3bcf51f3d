"""Identity: equal content, equal name; anything that can change the answer, another name."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from workbench.core.identity import call_key, canonical, cell_seed, digest
from workbench.core.records import Message, ModelRef, Request

REQUEST = Request(
    messages=(Message(role="user", content="Hello"),),
    ref=ModelRef(name="a/b", model="b", origin="https://example.com"),
    params={"temperature": 0.7, "seed": 1},
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_key_order_does_not_matter(mapping: dict[str, object]) -> None:
    """A mapping written in another order has the same canonical text."""
    turned = dict(reversed(list(mapping.items())))
    assert canonical(mapping) == canonical(turned)
    assert digest(mapping) == digest(turned)


def test_integers_and_whole_floats_are_one() -> None:
    """1 and 1.0 are the same parameter; 1 and "1" and True are not."""
    assert digest({"t": 1}) == digest({"t": 1.0})
    assert len({digest(1), digest("1"), digest(True)}) == 3


def test_every_part_that_can_change_the_answer_changes_the_key() -> None:
    """Messages, model, origin, parameters, repeat and sample are identity."""
    others = [
        replace(REQUEST, messages=(Message(role="user", content="Hello!"),)),
        replace(REQUEST, messages=(Message(role="system", content="Hello"),)),
        replace(REQUEST, ref=replace(REQUEST.ref, model="c")),
        replace(REQUEST, ref=replace(REQUEST.ref, origin="https://example.org")),
        replace(REQUEST, params={"temperature": 0.8, "seed": 1}),
        replace(REQUEST, repeat=1),
        replace(REQUEST, sample="confirm-1"),
    ]
    assert len({call_key(request) for request in [REQUEST, *others]}) == len(others) + 1


def test_what_cannot_change_the_answer_does_not_change_the_key() -> None:
    """Workload, tags and the person's own name for the model are not identity."""
    same = replace(
        REQUEST, workload="batch", tags={"user": "u-001"}, ref=replace(REQUEST.ref, name="other/name")
    )
    assert call_key(same) == call_key(REQUEST)


def test_seeds_differ_by_case_and_repeat_only() -> None:
    """Arms share the seed of a case's repeat; cases, repeats, studies and samples do not."""
    seeds = {
        cell_seed(1, "a", 0),
        cell_seed(1, "a", 1),
        cell_seed(1, "b", 0),
        cell_seed(2, "a", 0),
        cell_seed(1, "a", 0, "confirm-1"),
    }
    assert len(seeds) == 5
    assert cell_seed(1, "a", 0) == cell_seed(1, "a", 0)
    assert all(0 <= seed < 2**31 for seed in seeds)
