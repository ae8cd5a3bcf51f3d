"""Which requests must not be cached: their answer belongs to one person, or to one moment.

The rules are signs, and a net with wide holes: they seldom catch a general question, and they miss most of
what is put in words that nobody thought of (``experiments/faq-cache`` measures both).
"""

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
# What is on its way: a statement about it is about one person's. An account that "is locked" is not.
_SENT = "(?:order|parcel|package|delivery|shipment|refund|return|claim|booking|transfer|repair)s?"
_STATE = (
    "(?:status|arriv\\w+|ship\\w*|paid|charged?|still|yet|due|pending|open|late|delayed|owe|left|missing"
    "|tracked|delivered|dispatched|approved|processed|affected|sent|under|backlog)"
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
    r"(?:\b(?:no|nr|number|id|order|ticket|invoice|case|contract|customer)\b\.?|#)"
    r"\s{0,3}[:#]?\s{0,3}[a-z]{0,5}-?\d{3,}",
    r"\b\d{5,}\b",  # a number of something
    rf"{_ASKS}\bmy (?:\w+ )?{_OWNED}\b.{{0,60}}\b{_STATE}\b",
    rf"\bmy (?:\w+ )?{_SENT} (?:is|was|are|were|has|have|hasn't|isn't|wasn't)\b.{{0,40}}\b{_STATE}\b",
    rf"\b(?:is|are|was|were|has|have) my (?:\w+ ){{1,3}}{_STATE}\b",
    rf"\bmy {_SENT}\b.{{0,10}}\bwhen\b|\bmy (?:last|recent|previous) {_OWNED}\b",
    rf"\bwhere(?:'s| is| are) my (?:\w+ )?(?:{_OWNED}|money)\b|\bcheck (?:\w+ )?my {_SENT}\b",
    r"\bhow (?:much|many)\b.{0,60}\b(?:do i (?:still )?owe|did i|have i|i have left)\b",
    r"\b(?:did|have) you\b.{0,30}\bmy\b|\bstill waiting\b",
    r"\bnothing (?:has |was )?(?:been )?(?:refunded|arrived)\b|\b(?:tracking|parcel) (?:says|shows)\b",
    rf"\bstatus of my\b|\bmy (?:\w+ )?{_OWNED} (?:status|number|history)\b",
)
_HOLIDAY = "(?:black friday|cyber monday|christmas|easter|new year|(?:the )?holidays?)"
# "Is the app down" asks of the moment; "when my internet is down" does not.
_GONE = "(?:down|offline|out of stock|in stock|back up|up again)"
_VOLATILE = (
    _MOMENT,
    rf"\b(?:is|are) (?:\w+ ){{1,4}}{_GONE}\b|\b(?:site|shop|app|server|service)s? (?:is|are) {_GONE}\b",
    rf"\b(?:open|closed)(?: \w+)? {_HOLIDAY}\b",
    rf"\bwhen (?:does|do|will|is)\b.{{0,30}}\b(?:sale|offer|{_HOLIDAY})\b",
    r"\b(?:until|during) (?:the|this) sale\b|\bsale price\b",
)

DEFAULT_RULES: tuple[Rule, ...] = (
    *(Rule(reason="personal", pattern=pattern) for pattern in _PERSONAL),
    *(Rule(reason="volatile", pattern=pattern) for pattern in _VOLATILE),
)
"""Signs of personal and of volatile requests in English; hand over your own for your own traffic."""


def bypass(texts: Sequence[str], rules: Sequence[Rule] = DEFAULT_RULES) -> list[str | None]:
    """Return for each text the reason of the first rule that applies; None: it may be cached."""
    return [next((rule.reason for rule in rules if rule.applies(text)), None) for text in texts]
