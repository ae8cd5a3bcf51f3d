"""Which requests must not be cached: their answer belongs to one person, or to one moment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["DEFAULT_RULES", "Rule", "bypass"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A reason not to cache.

    Parameters
    ----------
    reason
        What is counted: ``personal``, ``volatile``, or a word of your own.
    pattern
        A regular expression that is searched in the text, upper and lower case alike.
    """

    reason: str
    pattern: str

    def applies(self, text: str) -> bool:
        """Return whether the text shows this reason."""
        return re.search(self.pattern, text, re.IGNORECASE) is not None


# What one person owns, and what only that person's records can answer. "My" alone is no sign: "how do I
# change my password" has one answer for all.
_OWNED = (
    "(?:account|order|invoice|bill|payment|refund|ticket|claim|parcel|package|delivery|shipment|booking|balance"
    "|statement|contract|subscription|points|data|case|reservation|appointment|application|transfer|repair"
    "|return)s?"
)
_STATE = (
    "(?:status|arriv\\w+|ship\\w*|paid|charged?|still|yet|due|pending|open|late|delayed|owe|left|missing"
    "|tracked|delivered|dispatched|approved|processed)"
)
# Bounded gaps: a pattern with open ones would take quadratic time on a long text.
_ASKS = r"\b(?:where|when|why|has|is|did|was|what)\b.{0,60}"
_MOMENT = (
    r"\b(?:today|tonight|tomorrow|yesterday|right now|at the moment|currently|latest|just now|as of now"
    r"|this (?:week|morning|afternoon|evening|weekend|month))\b"
)
_PERSONAL = (
    r"[\w.+-]{1,64}@[\w-]{1,63}\.\w+",  # an address
    r"(?<![\w.])\+?\d[\d ()/-]{7,20}\d\b",  # a telephone or card number
    r"\b[A-Z]{2}\d{2}[A-Z0-9 ]{11,30}\b",  # an IBAN
    r"(?:\b(?:no|nr|number|id|order|ticket|invoice|case)\b\.?|#)\s{0,3}[:#]?\s{0,3}[a-z]{0,5}-?\d{3,}",
    rf"{_ASKS}\bmy (?:\w+ )?{_OWNED}\b.{{0,60}}\b{_STATE}\b",
    rf"\bwhere(?:'s| is| are) my (?:\w+ )?{_OWNED}\b",
    r"\bhow (?:much|many)\b.{0,60}\b(?:do i (?:still )?owe|have i|i have left)\b",
    rf"\bstatus of my\b|\bmy (?:\w+ )?{_OWNED} (?:status|number|history)\b",
)
_VOLATILE = (
    _MOMENT,
    r"\b(?:is|are) (?:\w+ ){0,4}(?:down|offline|out of stock|in stock|back up|up again)\b",
)

DEFAULT_RULES: tuple[Rule, ...] = (
    *(Rule(reason="personal", pattern=pattern) for pattern in _PERSONAL),
    *(Rule(reason="volatile", pattern=pattern) for pattern in _VOLATILE),
)
"""Signs of personal and of volatile requests in English; hand over your own for your own traffic."""


def bypass(texts: Sequence[str], rules: Sequence[Rule] = DEFAULT_RULES) -> list[str | None]:
    """Return for each text the reason of the first rule that applies; None: it may be cached."""
    return [next((rule.reason for rule in rules if rule.applies(text)), None) for text in texts]
