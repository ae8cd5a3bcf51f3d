from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.define.study import Study, slug
from workbench.errors import InputError, StudyError

GOOD = """\
name: Ticket topics
question: Which prompt?
data:
  file: t.csv
  expected: label
  examples: {n: 8, seed: 1}
models:
  - offline/minilm
  - {name: mine, base_url: "http://127.0.0.1:1/v1", model: m, api_key_env: MY_KEY,
     price: {in_per_mtok: 1, out_per_mtok: 2}}
variants:
  - name: terse
    template: |
      Answer with one of {{labels}}.

      {{text}}
    labels: &labels [a, b]
  - name: few
    template: |
      Answer with one of {{labels}}.

      {{text}}
    labels: from_data
    examples: 4
    params: {temperature: 0}
  - name: chat
    messages:
      - {role: system, content: "Use {{tone}} words."}
      - {role: user, content: "{{text}}"}
    constants: {tone: kind}
    schema: {type: object}
    schema_mode: json_object
    reask: 1
repeats: 3
seed: 5
params: {temperature: 0.7, max_tokens: 16}
scorers: [exact, {numeric: {tolerance: 0.1}}]
incumbent: terse@mine
gate: {score: exact, margin: 0.02, max_p95_s: 2}
budget_usd: 1.5
prices:
  offline/minilm: {in_per_mtok: 0.15, out_per_mtok: 0.6, note: declared}
"""


def folder_with(tmp_path: Path, text: str) -> Path:
    """Write a study and its table of 40 rows, and return the study's path."""
    rows = "".join(f"text {i},{'ab'[i % 2]},{i}\n" for i in range(40))
    (tmp_path / "t.csv").write_text("text,label,n\n" + rows, encoding="utf-8")
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_study_file_becomes_the_objects_a_notebook_types(tmp_path: Path) -> None:
    """Cases, examples, variants and the plain settings are all there."""
    study = Study.load(folder_with(tmp_path, GOOD))
    assert (study.name, study.slug, study.question) == ("Ticket topics", "ticket-topics", "Which prompt?")
    assert (len(study.dataset), study.examples is not None and len(study.examples)) == (32, 8)
    assert [each.name for each in study.variants] == ["terse", "few", "chat"]
    assert study.models[0] == "offline/minilm"
    assert dict(study.models[1])["api_key_env"] == "MY_KEY"
    assert (study.repeats, study.seed, study.budget_usd) == (3, 5, 1.5)
    assert study.scorers == ("exact", {"numeric": {"tolerance": 0.1}})
    assert study.gate == {"score": "exact", "margin": 0.02, "max_p95_s": 2}
    assert study.prices["offline/minilm"]["note"] == "declared"
    assert (study.incumbent, study.params["max_tokens"]) == ("terse@mine", 16)


def test_examples_are_balanced_and_never_cases(tmp_path: Path) -> None:
    """A variant takes the first of the examples; none of them is a case."""
    study = Study.load(folder_with(tmp_path, GOOD))
    assert study.examples is not None
    shown = study.variants[1].examples
    assert shown is not None
    assert shown == study.examples.head(4)
    assert Counter(case.expected for case in shown.cases) == {"a": 2, "b": 2}
    texts = {case.values["text"] for case in study.dataset.cases}
    assert not texts & {case.values["text"] for case in study.examples.cases}


def test_a_block_text_is_split_like_any_template(tmp_path: Path) -> None:
    """System and user message as in a notebook; messages as they are written."""
    study = Study.load(folder_with(tmp_path, GOOD))
    assert [m.role for m in study.variants[0].chat] == ["system", "user"]
    assert study.variants[1].constants == {"labels": ("a", "b")}
    assert study.variants[2].messages({"text": "x"})[0].content == "Use kind words."
    chat = study.variants[2]
    assert (chat.schema, chat.schema_mode, chat.reask) == ({"type": "object"}, "json_object", 1)


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    """Four keys are enough."""
    variant = "{name: v, template: '{{text}}'}"
    text = f"name: s\ndata: {{file: t.csv, expected: label}}\nmodels: [m]\nvariants: [{variant}]\n"
    study = Study.load(folder_with(tmp_path, text))
    assert (study.question, study.repeats, study.seed, study.scorers) == ("", 1, 1, ("exact",))
    assert (study.incumbent, study.gate, study.budget_usd, study.examples) == ("v", {}, None, None)


MISTAKES = [  # what is replaced, by what, part of the message, the line it names (None: the new text's first)
    ("repeats: 3", "repeat: 3", "unknown key 'repeat'", None),
    ("repeats: 3", "repeat: 3", "Did you mean 'repeats'?", None),
    ("repeats: 3", "repeats: three", "repeats is text, not a whole number", None),
    ("repeats: 3", "repeats: 0", "number from 1 to 1000", None),
    ("repeats: 3", "repeats: true", "true or false, not a whole number", None),
    ("repeats: 3", "repeats: 3\nrepeats: 4", "occurs twice", "repeats: 4"),
    ("seed: 5", "seed: 1.5", "not a whole number", None),
    ("name: Ticket topics\n", "", "name is missing", "question:"),
    ("name: Ticket topics", "name: 2024", "quotes", None),
    ("name: Ticket topics", "name: ' '", "blank", None),
    ("file: t.csv", "file: absent.csv", "it is not there", None),
    ("file: t.csv", "file: t.xlsx", "'.xlsx' is not a table", None),
    ("expected: label", "expected: lable", "Did you mean 'label'?", None),
    ("examples: {n: 8, seed: 1}", "examples: 40", "Take 1 to 39", None),
    ("examples: {n: 8, seed: 1}", "examples: {seed: 1}", "data.examples.n is missing", None),
    (
        "examples: {n: 8, seed: 1}",
        "examples: 2",
        "4 examples are asked for, and data splits off 2",
        "examples: 4",
    ),
    ("  - offline/minilm", "  - mine", "listed twice", "  - {name: mine"),
    ("  - offline/minilm", "  - 5", "models[0] is no model", None),
    ("model: m,", "modle: m,", "Did you mean 'model'?", None),
    ("model: m,", "api_key: not-a-real-key,", "api_key_env", None),
    ("api_key_env: MY_KEY", "api_key_env: not-a-name", "names no environment variable", None),
    ("http://127.0.0.1:1/v1", "ftp://x", "no plain web address", None),
    ("in_per_mtok: 1,", "in_per_mtok: -1,", "at least 0", None),
    (
        "template: |\n      Answer with one of {{labels}}.\n",
        "template: |\n      Answer with one of {{ labels.x }}.\n",
        "not a variable",
        None,
    ),
    ("labels: &labels [a, b]", "labels: [a, no]", "labels[1] is true or false, not text", None),
    ("labels: &labels [a, b]", "labels: []", "is empty", None),
    ("labels: &labels [a, b]", "constants: {name: x}", "'name' cannot name a constant", None),
    ("labels: &labels [a, b]", "constants: {lables: [a]}", "'lables'", None),
    ("name: few", "name: terse", "occurs twice", None),
    ("name: few", "name: few@x", "contains '@'", None),
    ("params: {temperature: 0}", "params: {temprature: 0}", "Did you mean 'temperature'?", None),
    ("params: {temperature: 0.7", "params: {seed: 1", "study's own `seed:`", None),
    ('content: "{{text}}"', 'content: "{{txt}}"', "uses {{txt}}", "messages:"),
    ('content: "{{text}}"', 'content: "{{txt}}"', "Did you mean 'text'?", "messages:"),
    ("role: system", "role: boss", "'boss' is not a role", "messages:"),
    ("schema: {type: object}", "schema: {type: strng}", "'strng' is not valid", None),
    ("schema_mode: json_object", "schema_mode: yaml", "Use one of json_schema, json_object, tool", None),
    ("schema_mode: json_object", "schema_mode: 5", "a whole number, not text", None),
    ("reask: 1", "reask: 9", "from 0 to 5", None),
    ("reask: 1", "reask: often", "not a whole number", None),
    ("reask: 1", "params: {response_format: {type: text}}", "say the same twice", None),
    ("scorers: [exact,", "scorers: [5,", "scorers[0] is no scorer", None),
    ("scorers: [exact, {numeric: {tolerance: 0.1}}]", "scorers: exact", "is text, not a list", None),
    ("terse@mine", "ters@mine", "Did you mean 'terse'?", None),
    ("terse@mine", "terse@min", "Did you mean 'mine'?", None),
    ("margin: 0.02", "margn: 0.02", "Did you mean 'margin'?", None),
    ("margin: 0.02", "margin: -1", "at least 0", None),
    ("margin: 0.02", "margin: 1e-3", "gate.margin is text, not a number", None),
    ("margin: 0.02", "alpha: .nan", "from 0 to 1", None),
    ("budget_usd: 1.5", "budget_usd: $2", "not a number", None),
    ("note: declared", "nots: declared", "Did you mean 'note'?", None),
    ("name: Ticket topics", "name: [", "not YAML", "question:"),
    ("seed: 5", "seed: !!python/object/apply:os.getcwd []", "tag", None),
    (
        "question: Which prompt?",
        "question: !!python/name:os.system x",
        "could not determine a constructor",
        None,
    ),
]


@pytest.mark.parametrize(("old", "new", "message", "at"), MISTAKES)
def test_a_mistake_is_shown_with_its_line(
    tmp_path: Path, old: str, new: str, message: str, at: str | None
) -> None:
    """Each error names the file, the line, the problem and, for a slip, the nearest word."""
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    path = folder_with(tmp_path, text)
    line = text[: GOOD.index(old) if at is None else text.index(at)].count("\n") + 1
    with pytest.raises(StudyError) as caught:
        Study.load(path)
    assert message in str(caught.value)
    assert (caught.value.line, caught.value.subject) == (line, f"study {path}, line {line}")


def test_a_key_in_the_file_is_not_repeated_in_the_error(tmp_path: Path) -> None:
    """What may be a secret stays out of messages."""
    text = GOOD.replace("api_key_env: MY_KEY", "api_key_env: pretend-key-1")
    with pytest.raises(StudyError) as caught:
        Study.load(folder_with(tmp_path, text))
    assert "pretend-key-1" not in str(caught.value)


def test_a_file_that_cannot_be_a_study_is_refused(tmp_path: Path) -> None:
    """Missing, too large, not text, empty, or no mapping: an error before anything is parsed further."""
    for content in (b"#" * 1_000_001, b"\xff\xfe", b"", b"- a list", b"just text"):
        path = tmp_path / "bad.yaml"
        path.write_bytes(content)
        with pytest.raises(StudyError):
            Study.load(path)
    with pytest.raises(StudyError, match="not there"):
        Study.load(tmp_path / "absent.yaml")


def test_a_study_is_written_and_read_back(tmp_path: Path) -> None:
    """The file written is the same study; templates stand in it as blocks; nothing is overwritten."""
    study = Study.load(folder_with(tmp_path, GOOD))
    path = study.write(tmp_path / "copy.yaml")
    again = Study.load(path)
    assert again.tree.value == study.tree.value
    assert [each.hash for each in again.variants] == [each.hash for each in study.variants]
    assert "template: |\n    Answer with one of {{labels}}.\n" in path.read_text(encoding="utf-8")
    with pytest.raises(StudyError, match="already"):
        study.write(path)
    with pytest.raises(StudyError):
        study.write(tmp_path / "absent" / "study.yaml")


def test_a_mapping_is_a_study_too(tmp_path: Path) -> None:
    """What a program puts together is checked the same way, and has no lines."""
    folder_with(tmp_path, GOOD)
    document = yaml.safe_load(GOOD)
    document["variants"][0]["labels"] = ("a", "b")
    study = Study.from_mapping(document, folder=tmp_path)
    assert Study.load(study.write(tmp_path / "made.yaml")).variants == study.variants
    with pytest.raises(StudyError) as caught:
        Study.from_mapping({**document, "repeats": "x"}, folder=tmp_path)
    assert (caught.value.line, caught.value.subject) == (None, "study")


def test_a_later_room_can_name_the_line(tmp_path: Path) -> None:
    """An unknown scorer, seen only where scorers are made, is reported with its place in the file."""
    study = Study.load(folder_with(tmp_path, GOOD))
    assert study.error("p", "r", "scorers", 1).line == 37
    assert study.error("p", "r", "models", 1, "base_url", "deeper").line == 9


def test_a_study_shows_itself(tmp_path: Path) -> None:
    """Name, question, size and one row a variant."""
    study = Study.load(folder_with(tmp_path, GOOD))
    assert "32 cases, 3 variants, 2 models, 3 repeats" in str(study)
    assert study.frame["examples"].to_list() == [0, 4, 0]
    assert "Which prompt?" in study._repr_html_()
    assert repr(study) == "<Study 'Ticket topics': 32 cases, 3 variants>"


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Support triage!", "support-triage"),
        ("../../etc/passwd", "etc-passwd"),
        ("Größe & Maß", "groe-ma"),
        ("a" * 99, "a" * 64),
        ("C:\\x", "c-x"),
    ],
)
def test_slugs_read_like_the_name(name: str, folder: str) -> None:
    """Letters and digits stay, anything else becomes a hyphen."""
    assert slug(name) == folder if "ö" not in name else slug(name).startswith("gro")


@settings(deadline=None)
@given(st.text().filter(lambda text: text.strip() != ""))
def test_a_slug_cannot_leave_its_folder(name: str) -> None:
    """Whatever the name, the folder is one plain step, and the same each time."""
    folder = slug(name)
    assert Path("base", folder).resolve().parent == Path("base").resolve()
    assert set(folder) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 0 < len(folder) <= 64
    assert slug(folder) == folder


def test_names_without_letters_have_folders_of_their_own() -> None:
    """Two such names do not share a folder; a blank name has none."""
    assert slug("日本") != slug("東京")
    with pytest.raises(InputError):
        slug("  ")
