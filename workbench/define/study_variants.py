"""The variants of a study file, and which of them is the incumbent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.define.answer import SCHEMA_MODES
from workbench.define.dataset import Dataset
from workbench.define.section import Section, nearest
from workbench.define.study_parts import read_params
from workbench.define.study_yaml import Tree
from workbench.define.variant import Variant
from workbench.errors import InputError, TemplateError

__all__ = ["read_incumbent", "read_variants"]

_OWN_WORDS = ("name", "template", "examples", "params", "schema", "schema_mode", "reask")  # of Variant
_VARIANT_KEYS = (*_OWN_WORDS, "messages", "labels", "constants")


def _constants(part: Section, cases: Dataset) -> dict[str, Any]:
    constants = dict(part.mapping("constants"))
    for key in constants:
        if key in _OWN_WORDS:
            raise part.section("constants").error(key, f"{key!r} cannot name a constant", "Use another name.")
    if part.value.get("labels") == "from_data":
        constants["labels"] = cases.labels
    elif part.value.get("labels") is not None:
        constants["labels"] = part.texts("labels")
    return constants


def _template(part: Section, index: int) -> str | list[tuple[str, str]]:
    both = [key for key in ("template", "messages") if part.value.get(key) is not None]
    if len(both) != 1:
        raise part.error(
            both[1] if both else None,
            f"variants[{index}] has {'both' if both else 'neither'} template and messages",
            "Write one of them.",
        )
    if both == ["template"]:
        return part.text("template")
    messages = [
        part.section("messages", i, known=("role", "content")) for i in range(len(part.items("messages")))
    ]
    return [(message.text("role"), message.text("content")) for message in messages]


def _asks(part: Section) -> str:
    return "template" if part.value.get("template") is not None else "messages"


def _blamed(part: Section, error: InputError, constants: Mapping[str, Any]) -> str:
    """Return the key that an error of the variant is about."""
    if not isinstance(error, TemplateError):
        if error.subject == "JSON schema":
            return "schema"
        about = ("name", "schema_mode", "reask", "parameter", "schema")
        key = next((word for word in about if word in error.problem), "name")
        return "params" if key == "parameter" else key
    for name in constants:
        if f"variable {name!r}" in error.subject:
            return "constants" if name in part.mapping("constants") else "labels"
    return _asks(part)


def _read_variant(tree: Tree, index: int, cases: Dataset, examples: Dataset | None) -> Variant:
    part = Section(tree, ("variants", index), _VARIANT_KEYS)
    shown = None
    if part.value.get("examples") is not None:
        n = part.whole("examples", 0, low=1)
        if examples is None or n > len(examples):
            have = "no examples" if examples is None else f"{len(examples)} examples"
            raise part.error(
                "examples",
                f"{n} examples are asked for, and data splits off {have}",
                "Raise `data.examples`.",
            )
        shown = examples.head(n)
    template = _template(part, index)
    answer: dict[str, Any] = {
        "schema": part.mapping("schema") or None,
        "schema_mode": part.text("schema_mode", SCHEMA_MODES[0]),
        "reask": part.whole("reask", 0),
    }
    params, constants = read_params(part), _constants(part, cases)
    try:
        variant = Variant(part.text("name"), template, examples=shown, params=params, **answer, **constants)
    except InputError as error:
        raise part.error(
            _blamed(part, error, constants), f"{error.subject}: {error.problem}", error.remedy
        ) from error
    for name in variant.variables:
        if name not in cases.columns:
            raise part.error(
                _asks(part),
                f"variant {variant.name!r} uses {{{{{name}}}}}, and the table has no such column",
                nearest(name, cases.columns) + " Or bind it under `constants:`.",
            )
    return variant


def read_variants(top: Section, cases: Dataset, examples: Dataset | None) -> tuple[Variant, ...]:
    """Return the variants, their examples the first of those that were split off."""
    variants: list[Variant] = []
    for index in range(len(top.items("variants"))):
        variant = _read_variant(top.tree, index, cases, examples)
        if variant.name in (each.name for each in variants):
            raise top.tree.error(
                ("variants", index, "name"),
                f"the variant {variant.name!r} occurs twice",
                "Rename one of them.",
            )
        variants.append(variant)
    return tuple(variants)


def read_incumbent(top: Section, variants: tuple[Variant, ...], models: tuple[str, ...]) -> str:
    """Return the incumbent, ``variant`` or ``variant@model``; the first variant where none is named."""
    incumbent = top.text("incumbent", variants[0].name)
    variant, _, model = incumbent.partition("@")
    names = tuple(each.name for each in variants)
    if variant not in names:
        raise top.error("incumbent", f"there is no variant {variant!r}", nearest(variant, names))
    if model and model not in models:
        raise top.error("incumbent", f"there is no model {model!r} in this study", nearest(model, models))
    return incumbent
