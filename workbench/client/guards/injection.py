"""Signals of prompt injection: what a text says to a model instead of to whoever reads it.

A signal is a pattern with a weight; several add up as independent hints do, ``1 - prod(1 - weight)``. The
patterns are about the act (setting instructions aside, asking for them, changing roles, speaking as the
system, smuggling text out), in English, German, French and Spanish. They are no defense by themselves:
whoever knows them writes around them. What a model may do must be bounded by its tools and rights.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workbench.client.guards.local import NOTHING, Local
from workbench.client.guards.plain import HIDDEN, fold, unleet
from workbench.core.records import Verdict
from workbench.errors import InputError

__all__ = ["READ", "Injection", "injection"]

READ = 20_000
"""Characters that are read at the beginning, and as many at the end: instructions stand where they work."""

_RULES = (
    r"(?:instructions?|directions?|orders|rules?|guidelines?|polic(?:y|ies)|restrictions?|constraints?|directives?|prompts?|"
    r"safety|filters?|moderation|checks?)"
)
_OWN = r"(?:your|the|all|any|these|those|previous|prior|earlier|above|initial|original|hidden|system|secret)"
_MODEL = (
    r"(?:assistants?|chat ?bots?|language models?|llms?|ai(?: agents?| models?| systems?)?|"
    r"(?:evaluator|grader|judge) models?|classifier|model)"
)

_SIGNALS: Mapping[str, tuple[float, str]] = {
    "sets instructions aside": (
        0.8,
        rf"\b(?:ignore|disregard|forget|override|bypass|skip|do not follow|don't follow|stop following)\b"
        rf"[^.!?\n]{{0,25}}\b(?:{_OWN}\s+){{1,3}}{_RULES}\b(?!\s+(?:in|of|on|for)\b)",
    ),
    "sets what stands before aside": (
        0.6,
        r"\b(?:ignore|disregard|forget)\b (?:all |everything |what(?:ever)? )"
        r"(?:[^.!?\n]{0,20})\b(?:above|before|previous|prior|told|said)\b",
    ),
    "lifts restrictions": (
        0.7,
        rf"\b(?:without|no|lift(?:ed)?|free of|disable|turn off|switch off|suspend(?:ed)?)\b[^.!?\n]{{0,12}}"
        rf"\b(?:{_RULES}|limits)\b|\b{_RULES}\b[^.!?\n]{{0,15}}\b(?:lifted|suspended|disabled|off)\b"
        r"|\bunrestricted\b|\bjailbreak|\bdo anything now\b|\bnever refuses?\b",
    ),
    "changes who the model is": (
        0.45,
        r"\b(?:you are now|from now on,? you|pretend (?:that )?you|act as (?:if you|a system|the system|an? "
        r"(?:unrestricted|uncensored))|enter (?:developer|debug|god|admin) mode|you are \w+bot\b)",
    ),
    "asks for the prompt": (
        0.8,
        r"\b(?:repeat|print|reveal|show|list|output|display|translate|give|send|tell|write|leak|dump|share)\b"
        r"[^.!?\n]{0,40}\b(?:(?:your|initials?|hidden|secret|system|full) (?:\w+ )?(?:instructions?|prompts?|"
        r"context|rules)|(?:text|words|everything|lines?) above)",
    ),
    "asks what the prompt says": (
        0.8,
        r"\bwhat (?:does|do|is|are|were) your (?:\w+ )?(?:system prompt|instructions?|rules)\b|"
        r"\b(?:your|its|my) (?:system prompt|(?:secret|hidden|confidential) instructions?)\b",
    ),
    "speaks as the system": (
        0.8,
        r"<\|[a-z_]+\|>|\[/?inst\]|<</?sys>>|</?(?:system|instructions?)>\s*\S|^\s*#{2,}\s*system\b|"
        r"\bsystem (?:override|prompt) ?:|begin system\b",
    ),
    "speaks to a model in a document": (
        0.7,
        rf"\b(?:note|message|important|notice|instructions?) (?:to|for) (?:the |any |all )?{_MODEL}\b|"
        rf"\bif you are (?:a|an) {_MODEL}\b|\b{_MODEL} (?:processing|reading|summarizing)\b|"
        rf"(?:^|<!--)\s*{_MODEL}\s*:",
    ),
    "smuggles text out": (
        0.7,
        r"!\[[^\]]{0,80}\]\([^)]{0,200}[?&=<{]|\b(?:append|send|post|forward|encode|put)\b[^.!?\n]{0,60}"
        r"\b(?:conversation|(?:earlier |previous |all )?(?:messages|tickets?|ticket texts|history))\b"
        r"[^.!?\n]{0,80}\b(?:webhook|link|url|query|https?|base64)",
    ),
    "has something decoded and done": (
        0.75,
        r"\b(?:decode|base64|rot13|hex|cipher|morse)\b[^\n]{0,60}\b(?:do what|follow|execute|obey|carry out|"
        r"act on)\b",
    ),
    "tells what to answer": (
        0.55,
        r"\b(?:(?:respond|answer|reply)s? (?:only (?:with )?|with )|output )[\"'‘“]?"
        r"(?:yes|ok|pass|approved|10|true)\b|"
        r"\b(?:whatever|no matter what|regardless of)\b[^.!?\n]{0,40}\b(?:says?|follows|content|rubric)\b",
    ),
    "claims authority over the model": (
        0.6,
        r"\b(?:as your (?:developer|operator|administrator|creator)|"
        r"your (?:developer|operator|administrator)s? (?:has|have|says?)|"
        r"i authorize you|you have permission|as if the administrator)\b",
    ),
    "misuses a tool": (
        0.55,
        r"\b(?:call|invoke|use|run|execute)\b[^.!?\n]{0,40}\b(?:tool|function|database access|api)\b"
        r"[^\n]{0,80}\b(?:do not (?:mention|tell)|without (?:telling|asking)|then say|"
        r"every (?:customer|user))\b",
    ),
    "sets instructions aside, in German": (
        0.8,
        r"\b(?:ignorier\w*|vergiss|missachte)\b[^.!?\n]{0,30}\b(?:anweisung|regel|vorgabe|instruktion)",
    ),
    "asks for the prompt, in German": (
        0.8,
        r"\b(?:zeig\w*|gib|nenn\w*|wiederhol\w*)\b[^.!?\n]{0,40}\b(?:systemprompt|anweisungen|instruktionen)",
    ),
    "changes who the model is, in German": (
        0.6,
        r"\bdu bist (?:jetzt|nun|ab jetzt)\b|\bohne (?:einschrankung|regel)",
    ),
    "sets instructions aside, in French or Spanish": (
        0.8,
        r"\b(?:ignora|ignorez|ignore (?=l|t)|oublie\w*|olvida\w*|ne tiens pas compte)\b"
        r"[^.!?\n]{0,30}\b(?:consigne|instruc|regle|regla|precede|anterior)",
    ),
    "asks for the prompt, in French or Spanish": (
        0.7,
        r"\b(?:affiche|montre|dime|muestra|revele|revela)\b[^.!?\n]{0,40}\b(?:prompt|instruc|consigne|"
        r"mensaje de sistema)",
    ),
    "lifts restrictions, in French or Spanish": (
        0.6,
        r"\b(?:no tienes|sin|tu n'as plus de|sans) (?:reglas|regles)\b",
    ),
}

_COMPILED = {
    name: (weight, re.compile(pattern, re.MULTILINE)) for name, (weight, pattern) in _SIGNALS.items()
}
_HIDDEN_MANY, _HIDDEN_WEIGHT = 3, 0.5
_GAPS = re.compile(r"(?<!\w)\w(?: \w){2,}(?!\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection(Local):
    """Finds signals of prompt injection: see `injection`."""

    threshold: float = 0.5

    def look(self, text: str) -> Verdict:
        """Return whether the signals add up to the threshold; the text as a whole is meant."""
        weights = dict(self.signals(text))
        score = 1 - math.prod(1 - weight for weight in weights.values())
        return Verdict(category="injection", score=score) if score >= self.threshold else _below(score)

    def signals(self, text: str) -> Iterator[tuple[str, float]]:
        """Yield name and weight of every signal in a text."""
        if len(text) > 2 * READ:
            text = f"{text[:READ]}\n{text[-READ:]}"
        if len(HIDDEN.findall(text)) >= _HIDDEN_MANY:
            yield "hides signs", _HIDDEN_WEIGHT
        shown = fold(HIDDEN.sub(" ", text)) if not text.isascii() else fold(text)
        read = (shown, unleet(shown), _closed(shown))
        for name, (weight, pattern) in _COMPILED.items():
            if any(pattern.search(form) for form in dict.fromkeys(read)):
                yield name, weight


def _closed(text: str) -> str:
    """Return a text with words spelled with gaps, as in ``r u l e s``, written closed."""
    closed = _GAPS.sub(lambda match: match.group().replace(" ", ""), text)
    return re.sub(r" {2,}", " ", closed)


def _below(score: float) -> Verdict:
    return Verdict(category=None, score=score) if score else NOTHING


def injection(threshold: float = 0.5, *, name: str = "injection") -> Injection:
    """Return a classifier of signals of prompt injection.

    Parameters
    ----------
    threshold
        From which score on there is a finding, above 0 and at most 1.
    name
        The classifier's name.

    Raises
    ------
    InputError
        Where the threshold is outside.
    """
    if not 0 < threshold <= 1:
        raise InputError(
            f"classifier {name!r}", f"its threshold is {threshold}", "Give one above 0, at most 1."
        )
    return Injection(name=name, threshold=threshold)
