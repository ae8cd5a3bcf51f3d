"""Which part of a request varies, and what must be equal for an answer to be shared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from workbench.core.identity import call_key, digest
from workbench.core.records import Request

__all__ = ["Parts", "PartsOf", "variable_part"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A request in two.

    Parameters
    ----------
    partition
        64 hexadecimal digits: only requests of the same one may share an answer.
    text
        What is embedded and compared.
    """

    partition: str
    text: str


PartsOf = Callable[[Request], Parts | None]
"""Takes a request apart; None: it has no part that could be compared."""


def variable_part(
    request: Request, *, before: str = "", after: str = "", within: Sequence[str] = ("tenant",)
) -> Parts | None:
    """Return the last user message as the text, and everything else as the partition.

    Everything else is all that `call_key` is made of (system prompt, other turns, model, origin, parameters
    with tools and schema, repeat, sample) and the tags named in `within`. The workbench's own variants send a
    trailing ``{{text}}`` as the user message; where the message has more around it, say what: boilerplate
    that is embedded makes all requests near each other.

    Parameters
    ----------
    request
        What is asked.
    before, after
        What stands around the variable in the message, the same for every request. A message that does not
        stand within it is not compared.
    within
        Tags whose values must be equal too; add ``user`` where answers belong to one person.

    Returns
    -------
    Parts or None
        None where there is no user message, or its text is blank or does not stand within `before`, `after`.
    """
    last = max((i for i, message in enumerate(request.messages) if message.role == "user"), default=None)
    if last is None:
        return None
    content = request.messages[last].content
    around = len(before) + len(after)
    if not (content.startswith(before) and content.endswith(after) and len(content) >= around):
        return None
    text = content[len(before) : len(content) - len(after)]
    if not text.strip():
        return None
    frame = replace(request.messages[last], content=before + after)
    rest = replace(request, messages=(*request.messages[:last], frame, *request.messages[last + 1 :]))
    tags = {name: request.tags.get(name) for name in within}
    return Parts(partition=digest([call_key(rest), len(before), tags]), text=text)
