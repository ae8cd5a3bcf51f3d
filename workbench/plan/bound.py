"""The bound of a request: what a budget sets aside for it before it is sent."""

from __future__ import annotations

from workbench.core.identity import canonical
from workbench.core.records import Request, Usage
from workbench.plan.prices import PriceBook
from workbench.plan.reckon import ASSUMED_TOKENS_OUT, Counter

__all__ = ["bound"]

_SHAPES = ("tools", "response_format")
_LIMITS = ("max_tokens", "max_completion_tokens")


def bound(
    request: Request, book: PriceBook, *, tokens_out: int | None = None, count: Counter | None = None
) -> tuple[int, float | None]:
    """Return the most tokens, and the most USD, that sending a request once should take.

    Input is counted where a tokenizer is at hand, else one token a byte (no byte-level tokenizer makes more)
    and eight a message; tools and an answer's schema are a token a byte. Output is the limit in the
    parameters, else `tokens_out`.

    Parameters
    ----------
    tokens_out
        The high figure for one answer without a limit of its own; None: the plan's assumption where nothing
        is known.
    count
        A tokenizer; None: none is at hand.

    Returns
    -------
    tokens, usd
        Input and output together; USD is None where the price is unknown.
    """
    tokens = count(request.messages, request.ref) if count is not None else None
    if tokens is None:
        tokens = sum(len(_bytes(message.content)) + 8 for message in request.messages)
    shapes = [request.params[name] for name in _SHAPES if request.params.get(name)]
    tokens += sum(len(_bytes(canonical(shape))) for shape in shapes)
    limits = [limit for name in _LIMITS if isinstance(limit := request.params.get(name), int)]
    out = min(limits) if limits else ASSUMED_TOKENS_OUT[1] if tokens_out is None else tokens_out
    tier = request.params.get("service_tier")
    usage = Usage(tokens_in_uncached=tokens, tokens_out=out)
    return tokens + out, book.cost_usd(request.ref, usage, tier if isinstance(tier, str) else None)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
