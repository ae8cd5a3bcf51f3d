"""Reckoning: how the estimate of a grid is made.

Input tokens are counted where a tokenizer is at hand, extrapolated from the first cases of the plan's seeded
order where counting all would take long, and guessed from bytes otherwise. Output tokens and seconds a call
come from earlier runs of the arm, else from replies the journal already holds, or from an assumption that is
stated.

The low figure is one that the run does not fall below where every call is answered by at least one token, at
the book's prices without a discount for cached input.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

from workbench.core.records import Message, ModelRef, Reply, Usage
from workbench.plan.estimate import ArmEstimate, Estimate
from workbench.plan.grid import Arm, Cell
from workbench.plan.pilot import Earlier
from workbench.plan.predicted import predicted_mean
from workbench.plan.prices import PriceBook

__all__ = ["Counter", "Known", "estimate"]

Counter = Callable[[Sequence[Message], ModelRef], int | None]
"""Exact input tokens of a chat for a model; None where it knows no tokenizer for it."""

Known = Callable[[str], Reply | None]
"""The reply the journal holds for a call key; None where it holds none."""

COUNTED_BYTES = 8_000_000
"""Prompt bytes of an arm that are counted exactly; of what is beyond, the mean of the counted is assumed."""

BYTES_PER_TOKEN = (5.0, 3.0)
"""Without a tokenizer: bytes a token, for the low and the high figure."""

ASSUMED_TOKENS_OUT = (1, 512)
"""Tokens of an answer where nothing is known about it; a label, too, may be one token, however long it is."""

ASSUMED_SECONDS = (0.5, 6.0)
"""Seconds a call where none was made yet."""

ASSUMED_SECONDS_OFFLINE = (0.03, 0.3)
"""Seconds a call at the embedded endpoint, sixteen at a time: on an idle machine, and on a busy one."""

ENOUGH_REPLIES = 10
"""Replies of an arm from which its figures are taken instead of the assumptions."""


@dataclass(slots=True)
class _Tally:
    """What is gathered about one arm while the cells pass by."""

    arm: Arm
    cells: int = 0
    calls: int = 0
    counted: list[tuple[int, int]] = field(default_factory=list)  # (tokens, calls) a case
    uncounted: list[tuple[int, int]] = field(default_factory=list)  # (bytes, calls) a case
    bytes_counted: int = 0
    tokens_out: dict[str, list[int]] = field(default_factory=dict)  # of earlier answers, by case
    latencies: list[float] = field(default_factory=list)
    expected_bytes: list[int] = field(default_factory=list)

    def add_case(self, cell: Cell, calls: int, count: Counter | None) -> None:
        self.calls += calls
        if cell.case.expected is not None:
            self.expected_bytes.append(len(str(cell.case.expected).encode()))
        if not calls:
            return
        size = sum(len(message.content.encode("utf-8", "surrogatepass")) for message in cell.request.messages)
        tokens = None
        if count is not None and self.bytes_counted < COUNTED_BYTES:
            self.bytes_counted += size
            tokens = count(cell.request.messages, cell.request.ref)
        if tokens is None:
            self.uncounted.append((size, calls))
        else:
            self.counted.append((tokens, calls))

    def add_reply(self, case_id: str, reply: Reply) -> None:
        if reply.usage is not None:
            self.tokens_out.setdefault(case_id, []).append(reply.usage.tokens_out)
        if reply.attempts and reply.attempts[-1].error_kind is None:
            self.latencies.append(reply.attempts[-1].latency_s)


def estimate(
    cells: Iterable[Cell],
    book: PriceBook,
    *,
    count: Counter | None = None,
    known: Known | None = None,
    earlier: Mapping[str, Earlier] | None = None,
    concurrency: int = 16,
) -> Estimate:
    """Return the estimate of a grid.

    Parameters
    ----------
    cells
        In the plan's order: the cells of a case together.
    book
        The prices.
    count
        A tokenizer; None: tokens are guessed from bytes.
    known
        Looks a call key up in the journal; None: nothing is answered yet.
    earlier
        What arms did in earlier runs, by name; for these `known` only says which calls need not be made.
    concurrency
        Calls under way at a time, at least 1.
    """
    before = earlier or {}
    tallies: dict[str, _Tally] = {}
    seen: set[str] = set()
    open_case: dict[str, tuple[Cell, int]] = {}  # arm -> a cell of the case at hand, and its new calls
    case_id = None
    for cell in cells:
        if cell.case.case_id != case_id:
            _close(open_case, tallies, count)
            open_case, case_id = {}, cell.case.case_id
        name = cell.arm.name
        if name not in tallies:
            tallies[name] = _begun(cell.arm, before.get(name))
        tally = tallies[name]
        tally.cells += 1
        reply = known(cell.key) if known is not None and cell.key not in seen else None
        if reply is not None and name not in before:
            tally.add_reply(cell.case.case_id, reply)
        new = int(reply is None and cell.key not in seen)
        seen.add(cell.key)
        open_case[name] = (cell, open_case.get(name, (cell, 0))[1] + new)
    _close(open_case, tallies, count)
    return Estimate(
        arms=tuple(_conclude(tally, book) for tally in tallies.values()),
        concurrency=concurrency,
        price_book=book.id,
    )


def _begun(arm: Arm, earlier: Earlier | None) -> _Tally:
    if earlier is None:
        return _Tally(arm)
    tokens = {case: list(each) for case, each in earlier.tokens_out.items()}
    return _Tally(arm, tokens_out=tokens, latencies=list(earlier.seconds))


def _close(open_case: dict[str, tuple[Cell, int]], tallies: dict[str, _Tally], count: Counter | None) -> None:
    for name, (cell, calls) in open_case.items():
        tallies[name].add_case(cell, calls, count)


def _conclude(tally: _Tally, book: PriceBook) -> ArmEstimate:
    tokens_in, in_basis = _input(tally)
    each_out, out_basis = _output(tally)
    tokens_out = math.floor(each_out[0] * tally.calls), math.ceil(each_out[1] * tally.calls)
    bounds = [
        _cost(tally, book, tokens_in[side], tokens_out[side]) if tally.calls else 0.0 for side in (0, 1)
    ]
    each_s = _seconds(tally)
    return ArmEstimate(
        arm=tally.arm.name,
        cells=tally.cells,
        calls=tally.calls,
        tokens_in=tokens_in,
        tokens_in_basis=in_basis,
        tokens_out=tokens_out,
        tokens_out_basis=out_basis,
        tokens_out_each=math.ceil(each_out[1]),
        cost_usd=None if bounds[0] is None or bounds[1] is None else (bounds[0], bounds[1]),
        seconds=(each_s[0] * tally.calls, each_s[1] * tally.calls),
    )


def _cost(tally: _Tally, book: PriceBook, tokens_in: int, tokens_out: int) -> float | None:
    """Return the cost of all calls, priced as equal calls: some prices depend on the size of one call."""
    (each_in, more_in), (each_out, more_out) = divmod(tokens_in, tally.calls), divmod(tokens_out, tally.calls)

    def one(extra_in: int, extra_out: int) -> float | None:
        usage = Usage(tokens_in_uncached=each_in + extra_in, tokens_out=each_out + extra_out)
        return book.cost_usd(tally.arm.model, usage, _tier(tally.arm))

    plain, longer_in, longer_out = one(0, 0), one(1, 0), one(0, 1)
    if plain is None or longer_in is None or longer_out is None:
        return None
    # As many calls have a token more as it takes to come to the very sums.
    return plain * tally.calls + (longer_in - plain) * more_in + (longer_out - plain) * more_out


def _input(tally: _Tally) -> tuple[tuple[int, int], str]:
    exact = sum(tokens * calls for tokens, calls in tally.counted)
    if not tally.uncounted:
        return (exact, exact), "counted"
    rest = sum(calls for _, calls in tally.uncounted)
    if tally.counted:
        each = [tokens for tokens, _ in tally.counted]
        spread = 2 * stdev(each) / math.sqrt(len(each)) if len(each) > 1 else 0.5 * each[0]
        low, high = max(0.0, fmean(each) - spread) * rest, (fmean(each) + spread) * rest
        return (exact + math.floor(low), exact + math.ceil(high)), f"a sample of {len(each)} cases counted"
    size = sum(size * calls for size, calls in tally.uncounted)
    low, high = size / BYTES_PER_TOKEN[0], size / BYTES_PER_TOKEN[1]
    most, least = BYTES_PER_TOKEN
    basis = f"guessed from bytes, {least:g} to {most:g} a token: no tokenizer for this model"
    return (math.floor(low), math.ceil(high)), basis


def _output(tally: _Tally) -> tuple[tuple[float, float], str]:
    """Return tokens of one answer, low and high, and what they rest on."""
    limit = output_limit(tally.arm)
    means = [fmean(each) for each in tally.tokens_out.values()]
    replies = sum(len(each) for each in tally.tokens_out.values())
    if replies >= ENOUGH_REPLIES and len(means) > 1:
        new = max(1, len(tally.counted) + len(tally.uncounted))
        low, high = predicted_mean(means, new)
        basis = f"from {replies} earlier replies"
        return (low, high if limit is None else max(low, min(high, limit))), basis
    (low, high), basis = ASSUMED_TOKENS_OUT, "assumed"
    if tally.expected_bytes:
        high, basis = max(64, max(tally.expected_bytes)), "assumed from the expected answers"
    if limit is None:
        return (low, high), basis
    return (min(low, limit), min(high, limit)), f"{basis}, at most {limit} by max_tokens"


def _tier(arm: Arm) -> str | None:
    """Return the service tier that an arm's requests ask for, whose price is another; None: the standard."""
    tier = arm.params.get("service_tier")
    return tier if isinstance(tier, str) else None


def output_limit(arm: Arm) -> int | None:
    """Return the most tokens an answer of this arm may have; None where nothing limits it."""
    limits = [arm.params.get(name) for name in ("max_tokens", "max_completion_tokens")]
    known = [limit for limit in limits if isinstance(limit, int)]
    return min(known) if known else None


def _seconds(tally: _Tally) -> tuple[float, float]:
    if len(tally.latencies) >= ENOUGH_REPLIES:
        mean = fmean(tally.latencies)
        return 0.8 * mean, 1.5 * mean
    return ASSUMED_SECONDS_OFFLINE if tally.arm.model.origin == "offline" else ASSUMED_SECONDS
