"""Prompts in MLflow's registry: one prompt a study, one version a content, an alias on the promoted one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from workbench.core.identity import canonical, digest
from workbench.core.records import ModelRef
from workbench.core.redact import redact
from workbench.define.study import slug
from workbench.errors import RecordError
from workbench.record.store import Store, guarded

if TYPE_CHECKING:
    from workbench.plan.grid import Arm

__all__ = [
    "JudgePrompt",
    "PromptVersionRef",
    "content_hash",
    "get_alias",
    "judge_prompt",
    "register",
    "register_judge",
    "set_alias",
]

HASH_TAG = "content_hash"
EXPERIMENTS_TAG = "_mlflow_experiment_ids"  # MLflow's own: lists the prompt in the experiment's Prompts tab
MAX_TEXT = 100_000
KNOWN = ("temperature", "max_tokens", "top_p", "top_k", "frequency_penalty", "presence_penalty")


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptVersionRef:
    """A version of a prompt in MLflow's registry.

    Parameters
    ----------
    name, version
        As MLflow names it; the version counts from 1.
    hash
        Of its content, 64 hexadecimal digits.
    """

    name: str
    version: int
    hash: str

    @property
    def uri(self) -> str:
        """``prompts:/name/version``."""
        return f"prompts:/{self.name}/{self.version}"


class JudgePrompt(Protocol):
    """What the registry keeps of a judge: `workbench.score.judge.Judge` and `Preference` are such."""

    @property
    def name(self) -> str:
        """The score's name."""
        ...

    @property
    def digest(self) -> str:
        """Identity of the definition, which its scores carry."""
        ...

    @property
    def instruction(self) -> str:
        """Its system message."""
        ...

    @property
    def schema(self) -> dict[str, Any]:
        """What its reply must fit."""
        ...

    @property
    def ref(self) -> ModelRef:
        """Whom it asks."""
        ...


def content_hash(arm: Arm) -> str:
    """Return the identity of what is promoted with an arm: prompt, model and parameters, but not its name."""
    return digest([arm.variant.hash, arm.model.model, arm.model.origin, arm.params])


def register(store: Store, study: str, arm: Arm, experiment_id: str | None = None) -> PromptVersionRef:
    """Return the registry's version of an arm's content, made where there is none.

    MLflow makes a new version of whatever it is given; so the content's hash is a tag of the version, and
    found there. Model and parameters are part of the content: an alias says exactly what is in production.

    Parameters
    ----------
    study
        The study, whose prompt it becomes a version of.
    experiment_id
        The experiment whose Prompts tab lists it; None: none.

    Raises
    ------
    RecordError
        Where the text is longer than the registry holds, or the store fails.
    """
    name, wanted = slug(study), content_hash(arm)
    template = redact([message.to_dict() for message in arm.variant.chat])
    if len(json.dumps(template)) > MAX_TEXT:
        raise RecordError(
            f"variant {arm.variant.name!r}",
            f"its prompt is longer than the {MAX_TEXT:,} characters that MLflow's registry holds",
            "Use fewer or shorter examples.",
        )
    content = {
        "template": template,
        "description": arm.name,
        "tags": _tags(arm, wanted),
        "response_format": None if arm.variant.schema is None else redact(dict(arm.variant.schema)),
        "model_config": redact(_model_config(arm)),
    }
    return _version(store, name, wanted, content, experiment_id)


def judge_prompt(study: str, judge: str) -> str:
    """Return the registry's name for a judge's prompt: it is none of those that a study promotes."""
    return f"{slug(study)}.judge.{judge}"


def register_judge(
    store: Store, study: str, judge: JudgePrompt, experiment_id: str | None = None
) -> PromptVersionRef:
    """Return the registry's version of a judge's definition, made where there is none.

    Its content's hash is the digest that the judge's scores carry, so that each score leads to the words it
    was given by.

    Parameters
    ----------
    study, experiment_id
        As in `register`.

    Raises
    ------
    RecordError
        Where the store fails.
    """
    system = {"role": "system", "content": redact(judge.instruction)}
    tags = {
        HASH_TAG: judge.digest,
        "scorer": judge.name,
        "model": judge.ref.name,
        "origin": judge.ref.origin,
    }
    content = {
        "template": [system, {"role": "user", "content": "{{material}}"}],
        "description": f"judge {judge.name}",
        "tags": {name: redact(value) for name, value in tags.items()},
        "response_format": redact(dict(judge.schema)),
        "model_config": {"model_name": judge.ref.name, "temperature": 0},
    }
    return _version(store, judge_prompt(study, judge.name), judge.digest, content, experiment_id)


def _version(
    store: Store, name: str, wanted: str, content: dict[str, Any], experiment_id: str | None
) -> PromptVersionRef:
    with guarded(store.uri):
        _ensure_prompt(store, name, experiment_id)
        known = _versions(store, name)
        if wanted not in known:
            known[wanted] = int(store.client.create_prompt_version(name, **content).version)
    return PromptVersionRef(name=name, version=known[wanted], hash=wanted)


def _tags(arm: Arm, wanted: str) -> dict[str, str]:
    tags = {
        HASH_TAG: wanted,
        "variant": arm.variant.name,
        "variant_hash": arm.variant.hash,
        "model": arm.model.name,
        "origin": arm.model.origin,
        "params": canonical(arm.own_params),
        "constants": canonical(arm.variant.constants),
    }
    if arm.variant.schema is not None:  # the schema itself is the version's response format
        tags |= {"schema_mode": arm.variant.schema_mode, "reask": str(arm.variant.reask)}
    return {name: redact(value)[:MAX_TEXT] for name, value in tags.items()}


def _model_config(arm: Arm) -> dict[str, Any]:
    params = arm.own_params
    known = {name: params[name] for name in KNOWN if params.get(name) is not None}
    rest = {name: value for name, value in params.items() if name not in known}
    return {"model_name": arm.model.name, **known, **({"extra_params": rest} if rest else {})}


def _ensure_prompt(store: Store, name: str, experiment_id: str | None) -> None:
    from mlflow.exceptions import MlflowException

    prompt = store.client.get_prompt(name)
    if prompt is None:
        try:
            prompt = store.client.create_prompt(name, tags={})
        except MlflowException:
            prompt = store.client.get_prompt(name)  # another process was faster
            if prompt is None:
                raise
    linked = [part for part in (prompt.tags or {}).get(EXPERIMENTS_TAG, "").split(",") if part]
    if experiment_id is not None and experiment_id not in linked:
        store.client.set_prompt_tag(name, EXPERIMENTS_TAG, f",{','.join([*linked, experiment_id])},")


def _versions(store: Store, name: str) -> dict[str, int]:
    """Return version by content hash; of two with one content (made at the same moment) the first."""
    found: dict[str, int] = {}
    token = None
    while True:
        page = store.client.search_prompt_versions(name, max_results=100, page_token=token)
        for version in page:
            mark = version.tags.get(HASH_TAG)
            if mark is not None:
                found[mark] = min(int(version.version), found.get(mark, int(version.version)))
        token = page.token
        if not token:
            return found


def set_alias(store: Store, name: str, alias: str, version: int) -> None:
    """Point an alias (such as ``production``) at a version."""
    with guarded(store.uri):
        store.client.set_prompt_alias(name, alias, version)


def get_alias(store: Store, name: str, alias: str) -> int | None:
    """Return the version an alias points to, read past MLflow's cache; None: to none."""
    from mlflow.exceptions import MlflowException

    with guarded(store.uri):
        try:
            found = store.client.get_prompt_version_by_alias(name, alias)
        except MlflowException as error:
            # A missing alias is an invalid parameter to the SQL registry, a missing prompt does not exist.
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND"):
                return None
            raise
        return None if found is None else int(found.version)
