"""Identity: canonical JSON, then sha256. Equal content has an equal name, on every machine."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from workbench.core.records import Request

__all__ = ["call_key", "canonical", "cell_seed", "digest"]


def _plain(value: Any) -> Any:
    """Reduce a value to what JSON knows; NaN and infinities become strings, numpy scalars numbers."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    item = getattr(value, "item", None)  # numpy scalars
    if callable(item):
        return _plain(item())
    return str(value)


def canonical(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, 1.0 written as 1.

    Parameters
    ----------
    value
        Mappings, sequences, text, numbers, None; anything else counts by its `str`.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Any) -> str:
    """Return the sha256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def call_key(request: Request) -> str:
    """Return the identity of a call (64 hexadecimal digits).

    Made of messages, model, origin, parameters (tools and schema among them), repeat and sample. Workload,
    tags, keys, timeouts and concurrency are not part of it: they cannot change the answer.
    """
    return digest(
        {
            "messages": [message.to_dict() for message in request.messages],
            "model": request.ref.model,
            "origin": request.ref.origin,
            "params": request.params,
            "repeat": request.repeat,
            "sample": request.sample,
        }
    )


def cell_seed(study_seed: int, case_id: str, repeat: int, sample: str = "main") -> int:
    """Return the sampling seed of a case's repeat, in [0, 2**31).

    The same for every arm, so that arms are compared on common random numbers where a model honors seeds.
    """
    return int(digest([study_seed, case_id, repeat, sample])[:8], 16) & 0x7FFFFFFF
