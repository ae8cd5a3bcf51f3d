"""The registry: once per content, and aliases read fresh."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.record.examples import make
from tests.score.panels import scripted
from workbench.errors import RecordError
from workbench.record.runs import Recorder
from workbench.score.checks import exact
from workbench.score.panel import panel


def test_a_content_is_registered_once(recorder: Recorder) -> None:
    """The same content under another name is the same version; another temperature is another version."""
    plan = make("Registered once")
    first, second = (recorder.register(plan.study, arm) for arm in plan.arms)
    assert (first.name, first.version, second.version) == ("registered-once", 1, 2)
    renamed = make(plan.study, variants=[plan.arms[0].variant.replace(name="terse")]).arms[0]
    assert recorder.register(plan.study, renamed) == first
    warmer = make(plan.study, temperature=1.0).arms[0]
    assert recorder.register(plan.study, warmer).version == 3


def test_a_version_holds_the_chat_the_model_and_the_parameters(recorder: Recorder) -> None:
    """What the alias points to can be run: nothing of it stands elsewhere."""
    plan = make("held")
    ids = recorder.begin(plan)
    ref = ids.prompts["terse@offline/minilm"]
    version = recorder.open().client.get_prompt_version(ref.name, ref.version)
    assert [part["role"] for part in version.template] == ["system", "user"]
    assert version.model_config["model_name"] == "offline/minilm"
    assert version.model_config["temperature"] == 0.7
    assert version.tags["variant"] == "terse"
    found = recorder.open().client.search_prompts(f"experiment_id = '{ids.experiment_id}'")
    assert [prompt.name for prompt in found] == ["held"]


def test_a_judges_prompt_is_versioned_beside_the_studys(recorder: Recorder) -> None:
    """One prompt a judge, a version a definition, found by the digest on its scores; panels' judges too."""
    strict, mild = scripted("strict"), scripted("mild")
    plan = replace(make("judged"), scorers=(exact(), panel(strict, mild)))
    ids = recorder.begin(plan)
    assert {name: (ref.name, ref.version, ref.hash) for name, ref in ids.judges.items()} == {
        "strict": ("judged.judge.strict", 1, strict.digest),
        "mild": ("judged.judge.mild", 1, mild.digest),
    }
    assert recorder.begin(plan).judges == ids.judges
    client = recorder.open().client
    kept = client.get_prompt_version("judged.judge.strict", 1)
    assert kept.template[0] == {"role": "system", "content": strict.instruction}
    assert (kept.response_format, kept.model_config["model_name"]) == (strict.schema, "acme/strict")
    linked = json.loads(client.get_run(ids.parent).data.tags["mlflow.linkedPrompts"])
    assert [each["name"] for each in linked] == ["judged.judge.strict", "judged.judge.mild"]
    assert recorder.get_alias("judged", "production") is None
    other = scripted("strict", levels={"bad": 0, "good": 1})
    assert recorder.register_judge("judged", other).version == 2


def test_a_schema_is_shown_once_and_own_tools_too(recorder: Recorder) -> None:
    """Response format and answer_schema say it; what only asks for it is no clutter."""
    search = {"type": "function", "function": {"name": "search"}}
    plain = make("structured").arms[0].variant
    schema = {"type": "object", "properties": {"label": {"enum": ["billing", "other"]}}}
    tool = plain.replace(schema=schema, schema_mode="tool", reask=2, params={"tools": [search]})
    form = plain.replace(name="form", params={"response_format": {"type": "json_object"}})
    ids = recorder.begin(make("structured", variants=[tool, form], repeats=1))
    client = recorder.open().client
    params = [client.get_run(run).data.params for run in ids.children.values()]
    assert json.loads(params[0]["answer_schema"]) == schema
    assert (params[0]["schema_mode"], params[0]["reask"]) == ("tool", "2")
    assert json.loads(params[0]["tools"]) == [search]
    assert "tool_choice" not in params[0]
    assert json.loads(params[1]["response_format"]) == {"type": "json_object"}
    ref = ids.prompts["terse@offline/minilm"]
    version = client.get_prompt_version(ref.name, ref.version)
    assert version.response_format == schema
    assert version.model_config["extra_params"] == {"tools": [search]}
    assert (version.tags["schema_mode"], version.tags["reask"]) == ("tool", "2")


def test_an_alias_is_set_moved_and_read_without_a_cache(recorder: Recorder) -> None:
    """None where nothing was promoted; otherwise the version of this moment."""
    plan = make("aliased")
    first, second = (recorder.register(plan.study, arm) for arm in plan.arms)
    assert recorder.get_alias("no-such-prompt", "production") is None
    assert recorder.get_alias(first.name, "production") is None
    recorder.set_alias(first.name, "production", first.version)
    assert recorder.get_alias(first.name, "production") == 1
    recorder.set_alias(first.name, "production", second.version)
    assert recorder.get_alias(first.name, "production") == 2


def test_an_alias_on_a_missing_version_is_refused(recorder: Recorder) -> None:
    """The store's refusal arrives as a RecordError."""
    with pytest.raises(RecordError, match="does not exist"):
        recorder.set_alias("nothing-here", "production", 7)


def test_a_prompt_longer_than_the_registry_holds_is_refused_by_name(recorder: Recorder) -> None:
    """Before anything is spent, with the remedy."""
    plan = make("too long")
    long = plan.arms[0].variant.replace(template="x" * 100_001 + "{{labels}}\n\n{{text}}")
    with pytest.raises(RecordError, match=r"variant 'terse'.*fewer or shorter examples"):
        recorder.register(plan.study, make("too long", variants=[long]).arms[0])
