"""Recordings: exact look-up, several recordings of one request, bad files, and a real study over HTTP."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from openai import NotFoundError, OpenAI

from tests.conformance.responder import check_responder
from workbench.errors import DatasetError
from workbench.offline.chat import Chat, ChatError
from workbench.offline.replay import Recording
from workbench.offline.server import OfflineServer

DATA = (
    Path(os.environ.get("WORKBENCH_DATA", Path(__file__).parents[3] / "shared" / "data")) / "meta_prompting"
)
VARIANTS = {
    "Standard",
    "ZeroShotCoT",
    "ExpertStatic",
    "ExpertDynamic",
    "MultiPersona",
    "MetaPromptingWithoutPython",
    "MetaPromptingWithPython",
}


def row(text: str, output: str, **more: Any) -> dict[str, Any]:
    """Return a recorded call."""
    return {"messages": [{"role": "user", "content": text}], "output": output, **more}


def chat(text: str, **more: Any) -> Chat:
    """Return the request of a recorded call."""
    return Chat(model="rec", messages=(("user", text),), **more)


def test_conforms() -> None:
    """A recording is a responder."""
    check_responder(Recording([row("q", "a")], model="rec"), chat("q"), chat("other"))


def test_unknown_requests_are_404() -> None:
    """Another text, one message more, or another model's recording is not found; the error says why."""
    recording = Recording([row("q", "a"), row("only there", "b", model="other")], model="rec")
    assert set(recording.models) == {"rec", "other"}
    for asked in (chat("q "), chat("only there"), Chat(model="rec", messages=(("user", "q"), ("user", "q")))):
        with pytest.raises(ChatError, match="not recorded") as caught:
            recording.answer(asked)
        assert (caught.value.status, caught.value.code) == (404, "recording_not_found")


def test_several_recordings_of_one_request() -> None:
    """A seed chooses whatever was asked before; without a seed they come in order, round and round."""
    recording = Recording([row("q", "a"), row("q", "b"), row("q", "c"), row("p", "x")], model="rec")
    assert len(recording) == 2
    assert [recording.answer(chat("q", seed=seed)) for seed in (2, 0, 1, 3, -1)] == ["c", "a", "b", "a", "c"]
    assert [recording.answer(chat("q")) for _ in range(4)] == ["a", "b", "c", "a"]
    assert recording.answer(chat("p", seed=5)) == "x"


def test_opening() -> None:
    """With `opening` the model's own turns in the log are not part of the request; with `whole` they are."""
    logged = {
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": "let me think"},
            {"role": "user", "content": "go on"},
        ],
        "output": "a",
    }
    opening = Chat(model="rec", messages=(("system", "s"), ("user", "q")))
    assert Recording([logged], model="rec", prompt="opening").answer(opening) == "a"
    with pytest.raises(ChatError):
        Recording([logged], model="rec").answer(opening)


def test_files(tmp_path: Path) -> None:
    """Plain and gzipped files are read together, blank lines skipped, rows chosen."""
    plain, zipped = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"
    plain.write_text(json.dumps(row("q", "a", kind=1)) + "\n\n" + json.dumps(row("p", "b", kind=2)) + "\n")
    zipped.write_bytes(gzip.compress(json.dumps(row("r", "c", kind=1)).encode()))
    recording = Recording.from_jsonl(plain, zipped, model="rec", keep=lambda found: found["kind"] == 1)
    assert len(recording) == 2
    assert recording.answer(chat("r")) == "c"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "no rows"),
        ("{", "line 1"),
        ("[1]", "not a JSON object"),
        ('{"messages": [{"role": "user", "content": "q"}]}', "no text 'output'"),
        ('{"output": "a"}', "no 'messages'"),
        ('{"output": "a", "messages": [{"role": "user", "content": [1]}]}', "no text role and content"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, match: str) -> None:
    """Each mistake in a file is a DatasetError that names the place."""
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(DatasetError, match=match):
        Recording.from_jsonl(path, model="rec")


def test_unreadable_files(tmp_path: Path) -> None:
    """A missing file, a broken gzip and rows without a model are DatasetErrors."""
    with pytest.raises(DatasetError, match="cannot be read"):
        Recording.from_jsonl(tmp_path / "absent.jsonl", model="rec")
    (tmp_path / "broken.jsonl.gz").write_bytes(gzip.compress(json.dumps(row("q", "a")).encode())[:-12])
    with pytest.raises(DatasetError, match="cannot be read"):
        Recording.from_jsonl(tmp_path / "broken.jsonl.gz", model="rec")
    with pytest.raises(DatasetError, match="names no model"):
        Recording([row("q", "a")])


@pytest.mark.skipif(not DATA.is_dir(), reason="the recordings are not on this machine (set WORKBENCH_DATA)")
@pytest.mark.parametrize("task", ["GameOf24", "word_sorting"])
def test_meta_prompting_over_http(task: str) -> None:
    """Recorded GPT-4 answers to seven prompts come back word for word over a real socket; others are 404."""
    path = DATA / "records" / f"{task}.jsonl.gz"
    recording = Recording.from_jsonl(path, model="gpt-4-32k", prompt="opening", about="meta-prompting, 2023")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    assert {found["variant"] for found in rows} == VARIANTS
    assert len(recording) == len(rows), "no two recorded requests are the same"
    with (
        OfflineServer(models=[recording]) as server,
        OpenAI(base_url=server.base_url, api_key="none", max_retries=0) as client,
    ):
        served = {model.id: model.model_dump()["description"] for model in client.models.list()}
        assert "asks no model" in served["gpt-4-32k"]
        for found in rows[:: 7 if task == "GameOf24" else 25]:
            asked = found["messages"][:2]
            assert [message["role"] for message in asked] == ["system", "user"]
            reply = client.chat.completions.create(model="gpt-4-32k", messages=asked)
            assert reply.choices[0].message.content == found["output"]
            assert reply.usage is not None
            assert reply.usage.completion_tokens > 0
        with pytest.raises(NotFoundError, match="not recorded"):
            client.chat.completions.create(model="gpt-4-32k", messages=[{"role": "user", "content": "hi"}])
