"""Names to models: ``offline/minilm``, ``openai/gpt-…``, ``ollama/…``, or a model given as it is."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.client.chain import chain
from workbench.client.fallback import Fallback
from workbench.client.openai import OpenAI
from workbench.client.reask import Reask
from workbench.client.resilience import Resilience
from workbench.core.identity import digest
from workbench.core.protocols import Layer, Model
from workbench.core.records import Message, ModelRef
from workbench.define.study import Study
from workbench.errors import InputError
from workbench.offline.process import OfflineProcess
from workbench.offline.tokens import count_tokens
from workbench.plan.prices import Price, PriceBook
from workbench.run.loop import background
from workbench.run.stop import Halt, Stop, Stoppable
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

CLOSES_WITHIN_S = 2.0
"""Seconds that an endpoint's connections have to end in order."""

_OPTIONS = ("timeout_s", "stream", "requests_per_min", "tokens_per_min")
_KEYS = ("name", "model", "base_url", "api_key_env", "price", *_OPTIONS)


class Models:
    """The models of a bench: named at once, connected when first asked.

    Parameters
    ----------
    specs
        Each ``offline/<model>``, ``<endpoint>/<model>`` of `ENDPOINTS`, a mapping with one of these as its
        name, or with name, model, base_url and api_key_env (the *name* of the environment variable), and
        what else `OpenAI` takes; or a model, taken as it is.
    fallback
        Name of a model -> who answers where it is exhausted, first choice first; None: nobody does.
    resilience
        The layers around each; None: the defaults.
    vectors
        Where the embedded endpoint keeps the vectors of texts; None: in memory only.

    Raises
    ------
    InputError
        Where a name has no known endpoint, the embedded endpoint does not serve it, or a fallback is for a
        model that is not among the others or for itself.
    """

    def __init__(
        self,
        specs: Iterable[ModelSpec],
        fallback: Mapping[str, Sequence[ModelSpec]] | None = None,
        resilience: Resilience | None = None,
        vectors: Path | None = None,
    ) -> None:
        self._endpoint = OfflineProcess(vectors=vectors)
        self._connected: dict[str, OpenAI] = {}
        self._options: dict[str, Mapping[str, Any]] = {}  # of embedded models, until they are connected
        self.refs: tuple[ModelRef, ...] = tuple(self._refer(spec) for spec in specs)
        """The models as the journey names them."""
        self.resilience = resilience or Resilience()
        """The layers around each, which remember what an endpoint bears."""
        self.fallback: Mapping[str, tuple[ModelRef, ...]] = {
            name: tuple(self._refer(spec) for spec in others) for name, others in (fallback or {}).items()
        }
        """Name of a model -> who answers where it is exhausted."""
        self._check_fallback()

    def _check_fallback(self) -> None:
        names = [ref.name for ref in self.refs]
        for name, others in self.fallback.items():
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1) or names
                raise InputError(
                    f"fallback for {name!r}", "it is none of the models", f"Did you mean {near[0]!r}?"
                )
            if not others or name in [ref.name for ref in others]:
                raise InputError(
                    f"fallback for {name!r}", "it names no other model", "Name models other than itself."
                )

    def _refer(self, spec: ModelSpec) -> ModelRef:
        name = spec.get("name") if isinstance(spec, Mapping) and "base_url" not in spec else spec
        if isinstance(name, str) and name.partition("/")[0] == OFFLINE:
            self._options[name] = _options(spec) if isinstance(spec, Mapping) else {}
            return offline_ref(name)
        model = spec if isinstance(spec, OpenAI) else connect(spec)
        self._connected[model.ref.name] = model
        return model.ref

    def prepare(self) -> None:
        """Begin starting the embedded endpoint, where it will be asked; returns at once."""
        asked = (*self.refs, *(ref for others in self.fallback.values() for ref in others))
        if any(ref.name not in self._connected for ref in asked):
            self._endpoint.start()

    def draw(self, sample: str) -> str:
        """Return a draw's name: with a fallback one of its own, so that its replies stay apart."""
        if not self.fallback:
            return sample
        named = {name: [ref.name for ref in others] for name, others in self.fallback.items()}
        return f"{sample}+fallback-{digest(named)[:8]}"

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
        return {ref.name: self._layered(ref, stop) for ref in self.refs}

    def _layered(self, ref: ModelRef, stop: Stop) -> Model:
        def within(ref: ModelRef) -> Model:
            model = self._connect(ref)
            model.check()
            return self.resilience(model, permit=Stoppable(stop), halt=Halt(stop))

        layers: list[Layer] = [Reask(fault)]
        others = self.fallback.get(ref.name, ())
        if others:
            layers.append(Fallback(*((other, within(other)) for other in others)))
        return chain(within(ref), *layers)

    def _connect(self, ref: ModelRef) -> OpenAI:
        if ref.name not in self._connected:
            options = self._options.get(ref.name, {})
            url = self._endpoint.base_url
            self._connected[ref.name] = OpenAI(
                ref.model, base_url=url, name=ref.name, origin=OFFLINE, **options
            )
        return self._connected[ref.name]

    def find(self, name: str) -> tuple[Model, ModelRef]:
        """Return a judge's model by name, within its layers, and how it is named."""
        model = self._connected.get(name) or (
            self._connect(offline_ref(name)) if name.startswith(f"{OFFLINE}/") else connect(name)
        )
        self._connected[name] = model
        return self.resilience(model, permit=Stoppable(), halt=Halt()), model.ref

    def count(self, messages: Sequence[Message], ref: ModelRef) -> int | None:
        """Return the tokens of a prompt by the model's own tokenizer; None where it is not at hand."""
        if ref.origin != OFFLINE:
            return None
        return count_tokens(messages)

    def close(self) -> None:
        """Close the connections to all endpoints, and stop the embedded one."""
        for model in self._connected.values():
            # They belong to the loop that runs asked on; an endpoint that does not answer holds nobody up.
            with contextlib.suppress(Exception):
                background().submit(model.aclose()).result(timeout=CLOSES_WITHIN_S)
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


def _checked(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    unknown = [key for key in spec if key not in _KEYS]
    if unknown or "name" not in spec:
        problem = f"there is no setting {unknown[0]!r}" if unknown else "it has no name"
        raise InputError(f"model {dict(spec)!r}", problem, f"Known are {', '.join(_KEYS)}.")
    return spec


def _options(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {key: spec[key] for key in _OPTIONS if _checked(spec).get(key) is not None}


def _from_mapping(spec: Mapping[str, Any]) -> OpenAI:
    name, options = str(_checked(spec)["name"]), _options(spec)
    provider, _, model = name.partition("/")
    url = spec.get("base_url")
    if url is None and provider in ENDPOINTS and model:
        url = ENDPOINTS[provider]
    else:
        model = name
    return OpenAI(
        str(spec.get("model", model)), base_url=url, api_key_env=spec.get("api_key_env"), name=name, **options
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
