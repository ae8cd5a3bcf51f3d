from __future__ import annotations

import datetime
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.define.template import render, render_value, variables
from workbench.errors import TemplateError

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
PLAIN = st.text().filter(lambda text: "{" not in text and "}" not in text)

AS_TEXT = {  # what stands in a template -> what it renders to where every variable is V
    "{0.__class__.__mro__}": "{0.__class__.__mro__}",
    "{x!r:>{width}}": "{x!r:>{width}}",
    "%s %(name)s %n": "%s %(name)s %n",
    "${HOME} $name $(whoami) `id`": "${HOME} $name $(whoami) `id`",
    "{% for x in y.__subclasses__() %}{{x}}{% endfor %}": "{% for x in y.__subclasses__() %}V{% endfor %}",
    "{{__class__}}": "V",
    "{{x}}{{x}}": "VV",
    "{{x}}}": "V}",
    "{{ x }}": "V",
    "{{ünïcode}}": "V",
    "x}}": "x}}",
    "{#comment#}": "{#comment#}",
    "<%= x %> #{x} #set($x)": "<%= x %> #{x} #set($x)",
    '{"a": {"b": {"c": 1}}}': '{"a": {"b": {"c": 1}}}',
    "\\{\\{x\\}\\}": "\\{\\{x\\}\\}",
    "{\u200b{x}}": "{\u200b{x}}",
}
REFUSED = [
    "{{ config.items() }}",
    "{{ ''.__class__ }}",
    "{{x.__init__.__globals__}}",
    "{{x|safe}}",
    "{{7*7}}",
    "{{{x}}}",
    "{{{{x}}}}",
    "{{ {{x}} }}",
    "{{x",
    "{{x}",
    "{{}}",
    "{{ }}",
    "{{x\n}}",
    "{{x\x00}}",
    "{{1x}}",
    "{{x-y}}",
    '{{"a": 1}}',
]


def test_a_value_takes_its_variables_place() -> None:
    """Every occurrence is filled, blanks inside the braces do not count, and the rest stays."""
    assert render("{{a}} and {{ a }}, {b}, {{b_2}}.", {"a": "x", "b_2": 2}) == "x and x, {b}, 2."


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is\n", "as it is\n"),
        (0.1, "0.1"),
        (1, "1"),
        (np.float64(0.5), "0.5"),
        (np.int64(7), "7"),
        (True, "true"),
        (["a", "b", 3], "a, b, 3"),
        ((), ""),
        ([True], "[true]"),
        ({"ä": [1, None]}, '{"ä": [1, null]}'),
        ([["a"], ["b"]], '[["a"], ["b"]]'),
        (datetime.date(2025, 3, 4), "2025-03-04"),
    ],
)
def test_values_are_written(value: object, text: str) -> None:
    """Text as it is, numbers as Python writes them, flat lists joined, anything else as JSON."""
    assert render_value("v", value) == text


@pytest.mark.parametrize("value", [None, float("nan"), np.float64("nan")])
def test_a_missing_value_is_an_error(value: object) -> None:
    """An empty cell is never asked as if it were text."""
    with pytest.raises(TemplateError, match=r"'text'.*missing"):
        render("{{text}}", {"text": value})


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", lambda: None])
def test_a_value_without_a_text_is_an_error(value: object) -> None:
    """An object's repr never reaches a prompt."""
    with pytest.raises(TemplateError, match="no text of its own"):
        render("{{v}}", {"v": value})


def test_a_value_that_holds_itself_is_an_error() -> None:
    """A circular value is refused, not followed."""
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(TemplateError):
        render_value("v", loop)


def test_a_missing_variable_is_named_with_what_is_there() -> None:
    """The error names the variable, the nearest name, and all that is available."""
    with pytest.raises(TemplateError) as caught:
        render("{{lable}}", {"label": "x", "other": 1})
    assert str(caught.value) == (
        "variable 'lable': the template uses it, and nothing gives it a value. "
        "Did you mean {{label}}? Available: label, other."
    )


def test_an_unused_value_is_an_error() -> None:
    """A value that no variable takes is named."""
    with pytest.raises(TemplateError, match=r"'extra'.*does not use it"):
        render("{{a}}", {"a": 1, "extra": 2})


def test_a_malformed_variable_is_quoted_with_its_line() -> None:
    """Two braces that begin no variable are shown as they stand."""
    with pytest.raises(TemplateError, match=r"'\{\{ user.name \}\}' in line 2"):
        variables("first\n{{ user.name }}\nthird")


def test_variables_come_once_and_in_order() -> None:
    """Each name once, in order of appearance."""
    assert variables("{{b}}{{a}}{{b}}") == ("b", "a")


@pytest.mark.parametrize("attack", [*AS_TEXT, *REFUSED])
def test_an_attack_in_a_value_stays_text(attack: str) -> None:
    """No template language is spoken in values: what comes from a table comes out unchanged."""
    assert render("<{{x}}|{{y}}>", {"x": attack, "y": "secret"}) == f"<{attack}|secret>"


@pytest.mark.parametrize(("attack", "text"), AS_TEXT.items())
def test_other_template_languages_are_text(attack: str, text: str) -> None:
    """A template is filled by name from the values given; nothing is evaluated."""
    assert render(attack, dict.fromkeys(variables(attack), "V")) == text


@pytest.mark.parametrize("attack", REFUSED)
def test_two_braces_that_begin_no_variable_are_refused(attack: str) -> None:
    """Expressions, attributes, filters and unclosed braces are errors, whatever values there are."""
    with pytest.raises(TemplateError, match="is not a variable"):
        render(attack, {"x": "V", "config": "V"})


@pytest.mark.parametrize("name", ["__class__", "__init__", "__dict__"])
def test_a_name_is_looked_up_in_the_values_only(name: str) -> None:
    """An attribute of the mapping is no value."""
    with pytest.raises(TemplateError, match="nothing gives it a value"):
        render("{{" + name + "}}", {"x": 1})


@settings(deadline=None)
@given(st.dictionaries(NAMES, st.text(), min_size=1, max_size=5), st.lists(PLAIN, min_size=6, max_size=6))
def test_rendering_is_one_pass(values: dict[str, str], between: list[str]) -> None:
    """The result is the plain parts and the values, joined: whatever braces the values contain."""
    template, wanted = between[0], between[0]
    for part, (name, value) in zip(between[1:], values.items(), strict=False):
        template += "{{" + name + "}}" + part
        wanted += value + part
    assert render(template, values) == wanted


@settings(deadline=None)
@given(NAMES, NAMES, st.text())
def test_a_variable_inside_a_value_is_never_filled(first: str, second: str, secret: str) -> None:
    """`{{other}}` that comes with a value stays as it is."""
    values = {first: "{{" + second + "}}"} | ({second: secret} if second != first else {})
    template = "".join("{{" + name + "}}" for name in values)
    assert render(template, values) == "".join(values.values())


@settings(deadline=None)
@given(st.text())
def test_any_text_renders_or_is_refused(text: str) -> None:
    """No template ends in anything but text or a TemplateError."""
    try:
        rendered = render(text, dict.fromkeys(variables(text), ""))
    except TemplateError:
        assert "{{" in text
    else:
        assert "{{" in text or rendered == text


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_any_json_value_has_a_text(value: object) -> None:
    """Every JSON value but null renders; a mapping reads back as the same value."""
    if value is None:
        return
    text = render("{{v}}", {"v": value})
    if isinstance(value, dict):
        assert json.loads(text) == value
