"""Names to models: ``offline/minilm``, ``openai/gpt-…``, ``ollama/…``, or a model given as it is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workbench.client.chain import chain
from workbench.client.openai import OpenAI
from workbench.client.reask import Reask
from workbench.client.retry import Retry
from workbench.core.protocols import Model
from workbench.core.records import Message, ModelRef
from workbench.define.study import Study
from workbench.errors import InputError
from workbench.offline.process import OfflineProcess
from workbench.offline.tokens import count_tokens
from workbench.plan.prices import Price, PriceBook
from workbench.run.stop import Stop, Stoppable
from workbench.score.structured import fault

__all__ = [
    "ENDPOINTS",
    "OFFLINE",
    "OFFLINE_MODELS",
    "ModelSpec",
    "Models",
    "connect",
    "offline_ref",
    "price_book",
]

OFFLINE = "offline"

ModelSpec = str | Mapping[str, Any] | OpenAI
"""A name, a mapping of a study file, or a model."""

ENDPOINTS: Mapping[str, str | None] = {
    "openai": None,  # the SDK's own default
    "ollama": "http://127.0.0.1:11434/v1",
    "vllm": "http://127.0.0.1:8000/v1",
}
"""Prefix of a model's name -> base URL of its endpoint."""

OFFLINE_PRICES: Mapping[str, Price] = {
    "minilm": Price(in_per_mtok=0.15, out_per_mtok=0.60, note="made up, so that costs can be compared"),
    "tfidf": Price(in_per_mtok=0.05, out_per_mtok=0.20, note="made up, so that costs can be compared"),
}
"""What the embedded models are said to cost, unless a study declares otherwise; nobody is charged."""

OFFLINE_MODELS = tuple(OFFLINE_PRICES)
"""What the embedded endpoint serves: small classifiers, not language models."""

_KEYS = ("name", "model", "base_url", "api_key_env", "price", "timeout_s")


class Models:
    """The models of a bench: named at once, connected when first asked.

    Parameters
    ----------
    specs
        Each ``offline/<model>``, ``<endpoint>/<model>`` of `ENDPOINTS`, a mapping with name, model, base_url
        and api_key_env (the *name* of the environment variable), or a model, taken as it is.

    Raises
    ------
    InputError
        Where a name has no known endpoint, or the embedded endpoint does not serve it.
    """

    def __init__(self, specs: Iterable[ModelSpec]) -> None:
        self._endpoint = OfflineProcess()
        self._connected: dict[str, OpenAI] = {}
        self.refs: tuple[ModelRef, ...] = tuple(self._refer(spec) for spec in specs)
        """The models as the journey names them."""

    def _refer(self, spec: ModelSpec) -> ModelRef:
        if isinstance(spec, str) and spec.partition("/")[0] == "offline":
            return offline_ref(spec)
        model = spec if isinstance(spec, OpenAI) else connect(spec)
        self._connected[model.ref.name] = model
        return model.ref

    def prepare(self) -> None:
        """Begin starting the embedded endpoint, where it will be asked; returns at once."""
        if any(ref.name not in self._connected for ref in self.refs):
            self._endpoint.start()

    def ready(self, stop: Stop) -> dict[str, Model]:
        """Return each model by name, within its layers; waits until the embedded endpoint listens.

        Parameters
        ----------
        stop
            Once set, nothing is sent, retries included.

        Raises
        ------
        InputError
            Where a model's key is missing; nothing is sent.
        """
        connected = [self._connect(ref) for ref in self.refs]
        for model in connected:
            model.check()
        return {model.ref.name: chain(model, Reask(fault), Retry(), Stoppable(stop)) for model in connected}

    def _connect(self, ref: ModelRef) -> OpenAI:
        if ref.name not in self._connected:
            self._connected[ref.name] = OpenAI(
                ref.model, base_url=self._endpoint.base_url, name=ref.name, origin=OFFLINE
            )
        return self._connected[ref.name]

    def find(self, name: str) -> tuple[Model, ModelRef]:
        """Return a judge's model by name, within its layers, and how it is named."""
        model = self._connected.get(name) or (
            self._connect(offline_ref(name)) if name.startswith(f"{OFFLINE}/") else connect(name)
        )
        self._connected[name] = model
        return chain(model, Retry(), Stoppable()), model.ref

    def count(self, messages: Sequence[Message], ref: ModelRef) -> int | None:
        """Return the tokens of a prompt by the model's own tokenizer; None where it is not at hand."""
        if ref.origin != OFFLINE:
            return None
        return count_tokens(messages)

    def close(self) -> None:
        """Stop the embedded endpoint."""
        self._endpoint.stop()


def offline_ref(name: str) -> ModelRef:
    """Return the embedded model of a name, ``offline/<model>``."""
    model = name.partition("/")[2]
    if model not in OFFLINE_MODELS:
        raise InputError(
            f"model {name!r}",
            "the embedded endpoint does not serve it",
            f"It serves {' and '.join(f'{OFFLINE}/{known}' for known in OFFLINE_MODELS)}.",
        )
    return ModelRef(name=name, model=model, origin=OFFLINE)


def connect(spec: str | Mapping[str, Any]) -> OpenAI:
    """Return the model of a name or a study file's mapping; nothing is sent."""
    if isinstance(spec, Mapping):
        return _from_mapping(spec)
    provider, _, model = spec.partition("/")
    if provider in ENDPOINTS and model:
        return OpenAI(model, base_url=ENDPOINTS[provider], name=spec)
    near = difflib.get_close_matches(provider, [OFFLINE, *ENDPOINTS], n=1)
    hint = f"Did you mean {near[0]}/…? " if near else ""
    raise InputError(
        f"model {spec!r}",
        "no endpoint is known for it",
        f"{hint}Known are {OFFLINE}/…, {', '.join(name + '/…' for name in ENDPOINTS)}; any other "
        "OpenAI-compatible endpoint is wb.OpenAI(model, base_url=…), in a study file "
        "{name: …, model: …, base_url: …}.",
    )


def _from_mapping(spec: Mapping[str, Any]) -> OpenAI:
    unknown = [key for key in spec if key not in _KEYS]
    if unknown or "name" not in spec:
        problem = f"there is no setting {unknown[0]!r}" if unknown else "it has no name"
        raise InputError(f"model {dict(spec)!r}", problem, f"Known are {', '.join(_KEYS)}.")
    name = str(spec["name"])
    variable = spec.get("api_key_env")
    return OpenAI(
        str(spec.get("model", name)),
        base_url=spec.get("base_url"),
        api_key_env=None if variable is None else str(variable),
        name=name,
        timeout_s=float(spec.get("timeout_s", 60.0)),
    )


def price_book(
    study: Study | None, specs: Iterable[ModelSpec], prices: Mapping[str, Mapping[str, Any] | Price] | None
) -> PriceBook:
    """Return the bundled prices with the declared ones: the study file's, its models' own, then `prices`."""
    declared: dict[str, Mapping[str, Any] | Price] = {
        f"{OFFLINE}/{name}": price for name, price in OFFLINE_PRICES.items()
    }
    declared |= {} if study is None else study.prices
    for spec in specs:
        if isinstance(spec, Mapping) and spec.get("price"):
            declared[str(spec["name"])] = spec["price"]
    declared |= prices or {}
    return PriceBook(
        declared={
            name: price if isinstance(price, Price) else Price.from_mapping(price)
            for name, price in declared.items()
        }
    )
