"""Scorers as a study file writes them."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workbench.core.protocols import Model, Scorer
from workbench.core.records import ModelRef
from workbench.errors import InputError, StudyError
from workbench.score import amounts, checks, sets
from workbench.score.fields import fields
from workbench.score.grounded import grounded
from workbench.score.guards import guard
from workbench.score.judge import rubric
from workbench.score.similarity import similarity
from workbench.score.validity import validity
from workbench.semantic.embed import SentenceEmbedder

__all__ = ["KNOWN", "FindModel", "load_scorers"]

FindModel = Callable[[str], tuple[Model, ModelRef]]
"""Gives the model of a name, ready to be asked."""


def _similarity(model: str = "minilm", *, at_least: float | None = None, name: str = "similarity") -> Scorer:
    """Return a scorer of similarity by a named embedding model."""
    return similarity(SentenceEmbedder(model), at_least=at_least, name=name)


_FACTORIES: Mapping[str, Callable[..., Scorer | tuple[Scorer, ...]]] = {
    "contains": checks.contains,
    "cost": amounts.cost_score,
    "exact": checks.exact,
    "f1": sets.f1,
    "fields": fields,
    "grounded": grounded,
    "guard": guard,
    "json_schema": checks.json_schema,
    "latency": amounts.latency_score,
    "length": amounts.length,
    "numeric": checks.numeric,
    "precision": sets.precision,
    "recall": sets.recall,
    "regex": checks.regex,
    "rubric": rubric,
    "similarity": _similarity,
    "validity": validity,
}

# What a factory takes beside a file's settings.
_GIVEN = ("ref", "candidates")

# Settings that are not text.
_TYPES: Mapping[str, tuple[type, ...]] = {
    "between": (list,),
    "allow": (list,),
    "at_least": (float, int),
    "context": (str, list),
    "least": (float, int),
    "levels": (Mapping,),
    "most": (float, int),
    "most_s": (float, int),
    "most_usd": (float, int),
    "only": (list,),
    "relative": (float, int),
    "repair": (bool,),
    "schema": (Mapping,),
    "strict": (bool,),
    "tolerance": (float, int),
    "words": (list,),
}
_WORDS = {
    Mapping: "a mapping",
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    str: "a text",
}

KNOWN: tuple[str, ...] = tuple(sorted(_FACTORIES))
"""The names a study file may use."""


def _nearest(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(known)}."


def _split(spec: Any, subject: str) -> tuple[str, Any]:
    """Return the kind and its argument; None where it has none."""
    if isinstance(spec, str):
        return spec, None
    if isinstance(spec, Mapping) and len(spec) == 1:
        ((kind, argument),) = spec.items()
        return str(kind), argument
    raise StudyError(
        subject,
        f"{spec!r} is not a scorer",
        "Write a name, or one name with its argument: {contains: refund}.",
    )


def _typed(name: str, value: Any) -> bool:
    kinds = _TYPES.get(name, (str,))
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _settings(kind: str, argument: Any, subject: str) -> dict[str, Any]:
    """Return a scorer's settings by name, each known, of its type, and none that is needed left out."""
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(_FACTORIES[kind]).parameters.items()
        if name not in _GIVEN
    }
    settings = {next(iter(parameters)): argument}
    takes_schema = next(iter(parameters)) == "schema"
    if isinstance(argument, Mapping) and not (takes_schema and not set(argument) <= set(parameters)):
        settings = dict(argument)  # where the first argument is the schema, that is a mapping itself
    settings = {str(name): value for name, value in settings.items() if value is not None}
    for name, value in settings.items():
        if name not in parameters:
            raise StudyError(subject, f"{kind} has no setting {name!r}", _nearest(name, list(parameters)))
        if not _typed(name, value):
            expected = " or ".join(_WORDS[item] for item in _TYPES.get(name, (str,)))
            raise StudyError(subject, f"{kind}: {name} is {value!r:.60}", f"Write {expected}; quote a text.")
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in settings:
            raise StudyError(subject, f"{kind} needs {name!r}", f"Write {{{kind}: {{{name}: …}}}}.")
    return settings


def _one(
    spec: Any, find_model: FindModel | None, candidates: Sequence[str], subject: str
) -> tuple[Scorer, ...]:
    kind, argument = _split(spec, subject)
    if kind not in _FACTORIES:
        raise StudyError(subject, f"there is no scorer {kind!r}", _nearest(kind, KNOWN))
    settings = _settings(kind, argument, subject)
    try:
        if kind != "rubric":
            made = _FACTORIES[kind](**settings)
            return made if isinstance(made, tuple) else (made,)
        if find_model is None:
            raise StudyError(subject, "a rubric needs a model to ask", "Load it through a bench.")
        model, ref = find_model(settings.pop("model"))
        return (rubric(model=model, ref=ref, candidates=candidates, **settings),)
    except StudyError:
        raise
    except InputError as error:
        raise StudyError(subject, f"{error.subject}: {error.problem}", error.remedy) from None


def load_scorers(
    specs: Sequence[Any],
    *,
    find_model: FindModel | None = None,
    candidates: Sequence[str] = (),
    source: str = "scorers",
) -> tuple[Scorer, ...]:
    """Return the scorers that a study file lists.

    Parameters
    ----------
    specs
        Each a name (``exact``), a name with its first argument (``{contains: refund}``), or a name with its
        settings (``{numeric: {tolerance: 0.5, name: price}}``); the names and settings are those of the
        functions of this room, and ``rubric`` with a model's name as ``model``. Scorer objects pass as they
        are.
    find_model
        Gives a rubric's model by its name; None where the file may have no rubric.
    candidates
        Names of the models in the study, for the judge's warning.
    source
        What an error is about: the file's name.

    Raises
    ------
    StudyError
        Where a name or a setting is unknown (with the nearest known one), a setting is malformed, two scorers
        have one name, or there is none.
    """
    found: list[Scorer] = []
    for index, spec in enumerate(specs, start=1):
        subject = f"{source}, scorer {index}"
        for new in (spec,) if isinstance(spec, Scorer) else _one(spec, find_model, candidates, subject):
            if any(new.name == other.name for other in found):
                raise StudyError(
                    subject,
                    f"a scorer is named {new.name!r} already",
                    "Give one of them another with name: ….",
                )
            found.append(new)
    if not found:
        raise StudyError(source, "there is no scorer", "List at least one, such as exact.")
    return tuple(found)
