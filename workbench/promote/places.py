"""What a release needs of the places where prompts and their history are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from workbench.plan.grid import Arm

__all__ = ["Event", "EventLog", "Registry", "Version"]


class Version(Protocol):
    """A version of a prompt in a registry."""

    @property
    def name(self) -> str:
        """The prompt's name."""
        ...

    @property
    def version(self) -> int:
        """Its number, from 1."""
        ...


class Registry(Protocol):
    """Where prompts, their aliases and the decisions are kept: what `promote` needs of a recorder."""

    def register(self, study: str, arm: Arm) -> Version:
        """Return the version of an arm's content, made where there is none."""
        ...

    def get_alias(self, prompt: str, alias: str) -> int | None:
        """Return the version an alias points to; None: to none."""
        ...

    def set_alias(self, prompt: str, alias: str, version: int) -> None:
        """Point an alias at a version."""
        ...

    def record_decision(
        self,
        decision: Mapping[str, Any],
        html: str | None = None,
        files: Mapping[str, str | bytes] | None = None,
    ) -> str:
        """Write a decision down for good, with files by name; return its run id."""
        ...

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags of a decision's run."""
        ...

    def tagged(self, study: str, tags: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
        """Return all tags of those runs of a study that have these, by run id, as they are at this moment."""
        ...


class Event(Protocol):
    """Something that happened once."""

    @property
    def at(self) -> float:
        """When, in seconds since the epoch."""
        ...

    @property
    def payload(self) -> Mapping[str, Any]:
        """What."""
        ...


class EventLog(Protocol):
    """Where moves of an alias are written down: what `promote` needs of a journal."""

    def add_event(self, kind: str, payload: Mapping[str, Any]) -> Event:
        """Write one event, and return it."""
        ...

    def events(self, kind: str | None = None) -> Sequence[Event]:
        """Return the events of a kind, oldest first."""
        ...

    def alone(self, kind: str) -> AbstractContextManager[None]:
        """Wait until nobody else who shares the log is in here for this kind, and keep them out meanwhile."""
        ...
