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
from workbench.core.show import Shown
from workbench.define.chat import Template, checked_name, to_messages
from workbench.define.dataset import Case, Dataset
from workbench.define.template import missing_variable, render, render_value, variables
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
    examples
        Solved cases, shown before the case as turns of user (the last user message, filled in with the
        example) and assistant (what is expected). None: no examples.
    params
        Protocol parameters of this variant (temperature, max_tokens, …); they win over the study's.
    schema
        JSON schema of the answer; None where the answer is free text.
    **constants
        Values of variables that are the same for every case, such as ``labels=cases.labels``. None unbinds,
        so that `replace` can drop one.

    Raises
    ------
    TemplateError
        Where the template is malformed, a constant is unused, or an example lacks a column or an answer.
    InputError
        Where the name is not one.
    """

    name: str
    template: Template
    examples: Dataset | None
    params: Mapping[str, Any]
    schema: Mapping[str, Any] | None
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
        **constants: Any,
    ) -> None:
        def keep(field: str, value: Any) -> None:
            object.__setattr__(self, field, value)

        keep("name", checked_name(name))
        keep("template", template if isinstance(template, str) else tuple(template))
        keep("examples", examples)
        keep("params", copy.deepcopy(dict(params or {})))
        keep("schema", None if schema is None else copy.deepcopy(dict(schema)))
        keep(
            "constants", {key: copy.deepcopy(value) for key, value in constants.items() if value is not None}
        )
        keep("_messages", to_messages(name, self.template, self.constants))
        self._check_constants()
        keep("_turns", self._example_turns())
        keep("hash", digest(self._content()))

    def _content(self) -> dict[str, Any]:
        return {
            "messages": [message.to_dict() for message in self._messages],
            "constants": {name: render_value(name, value) for name, value in self.constants.items()},
            "examples": [message.to_dict() for message in self._turns],
            "params": self.params,
            "schema": self.schema,
        }

    def _check_constants(self) -> None:
        try:
            used = {name for message in self._messages for name in variables(message.content)}
            for name, value in self.constants.items():
                if name not in used:
                    raise TemplateError(
                        f"variable {name!r}",
                        "it is bound, and the template does not use it",
                        f"Write {{{{{name}}}}} where it belongs, or leave it out. "
                        f"The template uses: {', '.join(sorted(used)) or 'none'}.",
                    )
                if not render_value(name, value).strip():
                    raise TemplateError(f"variable {name!r}", "it is bound to nothing", "Give it a value.")
        except TemplateError as error:
            raise TemplateError(
                f"variant {self.name!r}, {error.subject}", error.problem, error.remedy
            ) from error

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
            turns += [self._fill(question, example.values, f"example {example.case_id!r}")]
            turns += [Message(role="assistant", content=answer)]
        return tuple(turns)

    def _fill(self, message: Message, values: Mapping[str, Any], of: str) -> Message:
        names = variables(message.content)
        if not names:
            return message
        available = {**values, **self.constants}
        try:
            for name in names:
                if name not in available:
                    raise missing_variable(name, available.keys())
            text = render(message.content, {name: available[name] for name in names})
        except TemplateError as error:
            raise TemplateError(
                f"variant {self.name!r}, {of}, {error.subject}", error.problem, error.remedy
            ) from error
        return Message(
            role=message.role, content=text, tool_calls=message.tool_calls, tool_call_id=message.tool_call_id
        )

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the columns every case must have, in order of appearance."""
        names = (name for message in self._messages for name in variables(message.content))
        return tuple(dict.fromkeys(name for name in names if name not in self.constants))

    def messages(self, case: Mapping[str, Any] | Case) -> tuple[Message, ...]:
        """Return the chat for one case: the template filled in, the examples before its last user message.

        Parameters
        ----------
        case
            The case, or its values by column; columns that the template does not use are ignored.

        Raises
        ------
        TemplateError
            Where a variable has no column, or its cell is empty.
        """
        values, of = (case.values, f"case {case.case_id!r}") if isinstance(case, Case) else (case, "case")
        filled = [self._fill(message, values, of) for message in self._messages]
        at = self._last_user()
        return (*filled[:at], *self._turns, *filled[at:])

    def replace(self, **changes: Any) -> Variant:
        """Return a variant with some parts changed.

        Parameters
        ----------
        **changes
            ``name``, ``template``, ``examples``, ``params``, ``schema``, or a constant; None removes
            examples, schema or a constant. `params` replaces all parameters.
        """
        parts: dict[str, Any] = {
            "name": self.name,
            "template": self.template,
            "examples": self.examples,
            "params": self.params,
            "schema": self.schema,
        }
        return Variant(**{**parts, **self.constants, **changes})

    def grid(self, **choices: Sequence[Any]) -> list[Variant]:
        """Return one variant for every combination, named ``name[key=value, …]``.

        Parameters
        ----------
        **choices
            For a variable of the template (a constant or one still free): its values. For ``examples``:
            datasets, shown by their size. For anything else: values of that protocol parameter.
        """
        names = {*self.constants, *self.variables, "examples"}
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
        return f"<Variant {self.summary}>"


def _label(value: Any) -> str:
    if isinstance(value, Dataset):
        return str(len(value))
    text = render_value("value", value) if value is not None else "none"
    text = " ".join(text.replace("@", " ").split())
    return text if len(text) <= 40 else f"{text[:31]}…{digest(text)[:8]}"
