"""Replies as models and endpoints write them, each with the one outcome that it has; written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.client.fakes import fake_error
from workbench.core.records import Reply
from workbench.errors import ErrorKind, ModelError
from workbench.score.structured import Outcome

__all__ = ["Written"]


@dataclass(frozen=True, kw_only=True)
class Written:
    """One written reply.

    Parameters
    ----------
    schema
        What was asked for; None: any JSON.
    expected
        Its outcome.
    text, finish, refusal, calls
        The reply.
    error
        The failure instead of a reply.
    mends
        Whether repair makes it valid.
    """

    schema: Mapping[str, Any] | None
    expected: Outcome
    text: str = ""
    finish: str = "stop"
    refusal: str | None = None
    calls: tuple[Mapping[str, Any], ...] = ()
    error: ErrorKind | None = None
    mends: bool = False

    @property
    def call(self) -> Reply | ModelError:
        """What the call brought."""
        if self.error is not None:
            return fake_error(self.error)
        return Reply(
            text=self.text,
            model_served="m",
            finish_reason=self.finish,
            refusal=self.refusal,
            tool_calls=self.calls,
        )
