"""Variants: a named prompt, with its examples, constants, parameters and answer schema."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.core.identity import digest
from workbench.core.records import Message
from workbench.core.redact import redact
from workbench.core.show import Shown
from workbench.define.answer import SCHEMA_MODES, SchemaMode, answer_params, check_answer
from workbench.define.chat import Template, check_constants, checked_name, fill, to_messages
from workbench.define.dataset import Case, Dataset
from workbench.define.template import render_value, variables
from workbench.define.turns import MESSAGES, TOOLS, read_messages, read_tools
from workbench.errors import TemplateError

__all__ = ["Variant"]


@dataclass(frozen=True, slots=True, init=False, eq=False, repr=False)
class Variant(Shown):
    """A prompt to compare with others.

    Parameters
    ----------
    name
        Its name in tables and charts; without ``@``.
    template
        The text, or a sequence of messages, with ``{{name}}`` for every variable. A text whose last
        paragraph is nothing but one variable of the case (``{{text}}``) is split: what stands before it is
        the system message, the last paragraph the user message. Any other text is one user message.
        A case's own column ``messages`` (a list of {role, content}) is what was said before: it stands before
        the last user message. Its column ``tools`` is what the model may call. Used in the template, either
        is a variable like any other.
    examples
        Solved cases, shown before the case as turns of user (the last user message, filled in with the
        example) and assistant (what is expected). None: no examples.
    params
        Protocol parameters of this variant (temperature, max_tokens, …); they win over the study's.
    schema
        JSON schema of the answer; None where the answer is free text.
    schema_mode
        How the endpoint is asked for it: ``json_schema``, ``json_object`` or ``tool``
        (`workbench.define.answer.SchemaMode`). A tool's arguments become the answer's text.
    reask
        How often a reply that is no JSON, or breaks the schema, is asked for again with the fault named, 0 to
        5. Each time is another paid call.
    **constants
        Values of variables that are the same for every case, such as ``labels=cases.labels``. None unbinds,
        so that `replace` can drop one.

    Raises
    ------
    TemplateError
        Where the template is malformed, a constant is unused, or an example lacks a column or an answer.
    InputError
        Where the name is not one, or the schema is malformed or does not fit its mode.
    """

    name: str
    template: Template
    examples: Dataset | None
    params: Mapping[str, Any]
    schema: Mapping[str, Any] | None
    schema_mode: SchemaMode
    reask: int
    constants: Mapping[str, Any]
    _messages: tuple[Message, ...]  # of the template
    _turns: tuple[Message, ...]  # of the examples, rendered
    hash: str

    def __init__(
        self,
        name: str,
        template: Template,
        *,
        examples: Dataset | None = None,
        params: Mapping[str, Any] | None = None,
        schema: Mapping[str, Any] | None = None,
        schema_mode: SchemaMode = "json_schema",
        reask: int = 0,
        **constants: Any,
    ) -> None:
        def keep(field: str, value: Any) -> None:
            object.__setattr__(self, field, value)

        keep("name", checked_name(name))
        keep("template", template if isinstance(template, str) else tuple(template))
        keep("examples", examples)
        keep("params", copy.deepcopy(dict(params or {})))
        check_answer(f"variant {name!r}", schema, schema_mode, reask, self.params)
        keep("schema", None if schema is None else copy.deepcopy(dict(schema)))
        keep("schema_mode", schema_mode)
        keep("reask", reask)
        keep(
            "constants", {key: copy.deepcopy(value) for key, value in constants.items() if value is not None}
        )
        keep("_messages", to_messages(name, self.template, self.constants))
        check_constants(name, self._messages, self.constants)
        keep("_turns", self._example_turns())
        keep("hash", digest(self._content()))

    def _content(self) -> dict[str, Any]:
        return {
            "messages": [message.to_dict() for message in self._messages],
            "constants": {name: render_value(name, value) for name, value in self.constants.items()},
            "examples": [message.to_dict() for message in self._turns],
            "params": self.params,
            "schema": self.schema,
            **({} if self.schema_mode == SCHEMA_MODES[0] else {"schema_mode": self.schema_mode}),
            **({"reask": self.reask} if self.reask else {}),
        }

    def _last_user(self) -> int:
        return max(index for index, message in enumerate(self._messages) if message.role == "user")

    def _example_turns(self) -> tuple[Message, ...]:
        if self.examples is None:
            return ()
        question = self._messages[self._last_user()]
        turns: list[Message] = []
        for example in self.examples.cases:
            if example.expected is None:
                raise TemplateError(
                    f"variant {self.name!r}",
                    f"example {example.case_id!r} has no expected answer",
                    "Name the column with the answers (expected=…), and fill in its empty cells.",
                )
            answer = (
                example.expected
                if isinstance(example.expected, str)
                else render_value("expected", example.expected)
            )
            of = f"variant {self.name!r}, example {example.case_id!r}"
            turns += [fill(question, example.values, self.constants, of)]
            turns += [Message(role="assistant", content=answer)]
        return tuple(turns)

    def _values(self, case: Mapping[str, Any] | Case) -> tuple[Mapping[str, Any], str]:
        """Return a case's values, and what errors call it."""
        if isinstance(case, Case):
            return case.values, f"variant {self.name!r}, case {case.case_id!r}"
        return case, f"variant {self.name!r}, case"

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the columns every case must have, in order of appearance."""
        names = (name for message in self._messages for name in variables(message.content))
        return tuple(dict.fromkeys(name for name in names if name not in self.constants))

    def messages(self, case: Mapping[str, Any] | Case) -> tuple[Message, ...]:
        """Return the chat for one case: examples, then what was said before, before its last user message.

        Parameters
        ----------
        case
            The case, or its values by column; other columns that the template does not use are ignored.

        Raises
        ------
        TemplateError
            Where a variable has no column or its cell is empty, or ``messages`` is malformed.
        """
        values, of = self._values(case)
        filled = [fill(message, values, self.constants, of) for message in self._messages]
        at = self._last_user()
        said = () if MESSAGES in self.variables else read_messages(values, of)
        return (*filled[:at], *self._turns, *said, *filled[at:])

    def tools(self, case: Mapping[str, Any] | Case) -> tuple[Mapping[str, Any], ...]:
        """Return the tools that a case brings, beside those of every request; mostly none.

        Raises
        ------
        TemplateError
            Where its column ``tools`` is malformed.
        """
        return () if TOOLS in self.variables else read_tools(*self._values(case))

    @property
    def all_params(self) -> dict[str, Any]:
        """The parameters of every request: the variant's own, and those that ask for its schema."""
        asked = answer_params(self.schema, self.schema_mode, self.reask)
        tools = [*asked.get(TOOLS, ()), *self.params.get(TOOLS, ())]
        return {**self.params, **asked, **({TOOLS: tools} if tools else {})}

    def replace(self, **changes: Any) -> Variant:
        """Return a variant with some parts changed.

        Parameters
        ----------
        **changes
            ``name``, ``template``, ``examples``, ``params``, ``schema``, ``schema_mode``, ``reask``, or a
            constant; None removes examples, schema or a constant. `params` replaces all parameters.
        """
        parts: dict[str, Any] = {
            "name": self.name,
            "template": self.template,
            "examples": self.examples,
            "params": self.params,
            "schema": self.schema,
            "schema_mode": self.schema_mode,
            "reask": self.reask,
        }
        if "schema" in changes and changes["schema"] is None:
            parts |= {"schema_mode": SCHEMA_MODES[0], "reask": 0}
        return Variant(**{**parts, **self.constants, **changes})

    def grid(self, **choices: Sequence[Any]) -> list[Variant]:
        """Return one variant for every combination, named ``name[key=value, …]``.

        Parameters
        ----------
        **choices
            For a variable of the template (a constant or one still free): its values. For ``examples``:
            datasets, shown by their size. For ``schema``, ``schema_mode`` and ``reask``: these. For anything
            else: values of that protocol parameter.
        """
        names = {*self.constants, *self.variables, "examples", "schema", "schema_mode", "reask"}
        variants = []
        for values in itertools.product(*(list(choice) for choice in choices.values())):
            chosen = dict(zip(choices, values, strict=True))
            params = {key: value for key, value in chosen.items() if key not in names}
            bound = {key: value for key, value in chosen.items() if key in names}
            label = ", ".join(f"{key}={_label(value)}" for key, value in chosen.items())
            name = f"{self.name}[{label}]"
            variants.append(self.replace(name=name, params={**self.params, **params}, **bound))
        return variants

    @property
    def chat(self) -> tuple[Message, ...]:
        """The chat as it is stored: constants and case variables unfilled, examples as shown to the model."""
        at = self._last_user()
        return (*self._messages[:at], *self._turns, *self._messages[at:])

    @property
    def text(self) -> str:
        """The chat as a person reads it, one block a message."""
        return "\n\n".join(f"[{message.role}]\n{message.content}" for message in self.chat)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a message: role, content."""
        return pd.DataFrame(
            {"role": [m.role for m in self.chat], "content": [m.content for m in self.chat]}, dtype="str"
        )

    @property
    def summary(self) -> str:
        """Name, variables, constants, number of examples and the first digits of the hash."""
        parts = [f"{self.name}: asks of each case {', '.join(self.variables) or 'nothing'}"]
        if self.constants:
            parts.append(f"bound {', '.join(self.constants)}")
        if self.examples is not None:
            parts.append(f"{len(self.examples)} examples")
        if self.params:
            parts.append(", ".join(f"{key}={value}" for key, value in self.params.items()))
        return "; ".join([*parts, f"hash {self.hash[:12]}"])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Variant):
            return NotImplemented
        return (self.name, self.hash) == (other.name, other.hash)

    def __hash__(self) -> int:
        return hash((self.name, self.hash))

    def __repr__(self) -> str:
        return str(redact(f"<Variant {self.summary}>"))


def _label(value: Any) -> str:
    if isinstance(value, Dataset):
        return str(len(value))
    text = render_value("value", value) if value is not None else "none"
    text = " ".join(text.replace("@", " ").split())
    return text if len(text) <= 40 else f"{text[:31]}…{digest(text)[:8]}"
