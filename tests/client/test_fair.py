"""The fair queue: order, shares, and nobody left out or served twice."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.client.endpoints import settle
from tests.conformance.model import virtual
from workbench.client.fair import FairGate, Slots
from workbench.client.limit import _Lane
from workbench.client.rates import Rate


def lane(per_s: float) -> _Lane:
    """A supply of so many tokens a second, after headroom."""
    return _Lane(Rate(None), Rate(per_s * 60 / 0.95))


def test_flows_share_by_size() -> None:
    """A flow of large requests and a flow of small ones get the same amount through, not the same number."""

    async def run() -> None:
        gate = lane(100).gate
        through = {"large": 0.0, "small": 0.0}

        async def go(flow: str, size: float) -> None:
            await gate.enter(flow, size)
            through[flow] += size

        tasks = [asyncio.ensure_future(go("large", 500)) for _ in range(40)]
        tasks += [asyncio.ensure_future(go("small", 10)) for _ in range(2000)]
        await asyncio.sleep(100)
        assert through["large"] == pytest.approx(5000, abs=600)
        assert through["small"] == pytest.approx(5000, abs=600)
        for task in tasks:
            task.cancel()

    virtual(run())


def test_large_requests_are_not_starved() -> None:
    """Among small requests that never stop coming, no call waits above twice its fair share.

    Fair share: the time in which a server at exactly the limit works off what was ahead when the call came.
    """
    ratios: dict[float, list[float]] = {5: [], 1000: []}

    async def run() -> None:
        gate = lane(100).gate
        loop = asyncio.get_running_loop()
        ahead = 0.0

        async def caller(size: float) -> None:
            nonlocal ahead
            while loop.time() < 600:
                ahead += size
                fair_s = ahead / 100
                wait_s = await gate.enter("one", size)
                ahead -= size
                ratios[size].append(wait_s / max(fair_s, 1.0))

        # 60 callers of small requests against 4 whose requests are ten seconds of the whole limit each
        await asyncio.gather(*(caller(5) for _ in range(60)), *(caller(1000) for _ in range(4)))

    virtual(run())
    assert len(ratios[1000]) >= 40
    assert max(ratios[1000]) <= 2
    assert max(ratios[5]) <= 2


def test_a_newcomer_of_another_flow_is_next_but_one() -> None:
    """Behind a long queue of one flow, another flow waits for the request being served and its own share."""

    async def run() -> None:
        gate = lane(100).gate
        tasks = [asyncio.ensure_future(gate.enter("batch", 500)) for _ in range(100)]
        await asyncio.sleep(12)
        assert await gate.enter("interactive", 20) <= 2 * 500 / 100
        for task in tasks:
            task.cancel()

    virtual(run())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_places_are_never_lost_or_doubled(data: st.DataObject) -> None:
    """However callers come, go and are called off, exactly as many are in as there are places."""

    async def run() -> None:
        slots = Slots(3)
        gate = FairGate(slots)
        inside: set[asyncio.Task[None]] = set()
        tasks: list[asyncio.Task[None]] = []
        leave: dict[asyncio.Task[None], asyncio.Event] = {}

        async def go(flow: str) -> None:
            task = asyncio.current_task()
            assert task is not None
            await gate.enter(flow, 1.0)
            inside.add(task)
            try:
                await leave[task].wait()
            finally:
                inside.discard(task)
                gate.leave(1.0)

        for _ in range(data.draw(st.integers(1, 40))):
            match data.draw(st.sampled_from(["come", "come", "leave", "cancel", "both"])):
                case "come":
                    task = asyncio.ensure_future(go(data.draw(st.sampled_from("ab"))))
                    leave[task] = asyncio.Event()
                    tasks.append(task)
                case "leave" if inside:
                    leave[min(inside, key=tasks.index)].set()
                case "cancel" if tasks:
                    tasks[data.draw(st.integers(0, len(tasks) - 1))].cancel()
                case "both" if inside:  # in the very moment in which a place becomes free
                    leave[min(inside, key=tasks.index)].set()
                    await asyncio.sleep(0)
                    for task in tasks:
                        if task not in inside:
                            task.cancel()
            if data.draw(st.booleans()):
                await settle()
                going = sum(not task.done() for task in tasks)
                assert len(inside) == slots.used == min(3, going)
        for task in tasks:
            task.cancel()
        await settle()
        assert slots.used == 0

    virtual(run())
