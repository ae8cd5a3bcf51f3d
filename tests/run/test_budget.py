"""Tests of the budget."""

from __future__ import annotations

import asyncio
import random

from hypothesis import given
from hypothesis import strategies as st

from workbench.run.budget import Budget


def test_without_a_limit_everything_is_granted() -> None:
    """No limit: every call may go, and what is spent is still counted."""

    async def go() -> Budget:
        budget = Budget(None)
        assert await budget.reserve(1e9)
        budget.settle(1e9, 3.0)
        return budget

    assert asyncio.run(go()).spent_usd == 3.0


def test_a_call_waits_for_those_under_way() -> None:
    """What does not fit beside a reservation is granted when that turns out cheaper."""

    async def go() -> bool:
        budget = Budget(1.0)
        assert await budget.reserve(0.9)
        waiting = asyncio.create_task(budget.reserve(0.9))
        await asyncio.sleep(0)
        assert not waiting.done()
        budget.settle(0.9, 0.05)
        return await waiting

    assert asyncio.run(go())


def test_it_is_reached_when_nothing_is_under_way() -> None:
    """A call that does not fit what is left ends it for all, smaller ones too: the order stays the plan's."""

    async def go() -> list[bool]:
        budget = Budget(1.0, spent_usd=0.8)
        return [await budget.reserve(0.3), await budget.reserve(0.1)]

    assert asyncio.run(go()) == [False, False]


@given(
    st.floats(0.01, 10),
    st.lists(st.tuples(st.floats(0, 2), st.floats(0, 1)), max_size=30),
    st.integers(1, 5),
    st.integers(0, 2**16),
)
def test_the_limit_holds(limit: float, calls: list[tuple[float, float]], workers: int, seed: int) -> None:
    """Whatever comes in whatever order: while calls cost at most their bound, the limit is never passed."""
    rng = random.Random(seed)

    async def go() -> Budget:
        budget = Budget(limit)
        todo = iter(calls)

        async def work() -> None:
            for bound, share in todo:
                if not await budget.reserve(bound):
                    return
                assert budget.spent_usd + budget.reserved_usd <= limit * (1 + 1e-12)
                for _ in range(rng.randrange(4)):
                    await asyncio.sleep(0)
                budget.settle(bound, bound * share)

        await asyncio.gather(*(work() for _ in range(workers)))
        return budget

    budget = asyncio.run(go())
    assert budget.spent_usd <= limit * (1 + 1e-12)
    assert budget.reserved_usd == 0.0
