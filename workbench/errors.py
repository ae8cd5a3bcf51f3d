"""Every error the workbench raises, in one tree.

::

    WorkbenchError               subject, problem, remedy
    ├── InputError               something a person wrote is wrong; nothing was spent
    │   ├── TemplateError        a variable is missing, unused or malformed
    │   ├── DatasetError         a table is empty, has duplicate ids, lacks a column
    │   ├── StudyError           a study file is wrong; knows the line
    │   └── PlanError            a plan cannot be made or run as asked
    ├── ModelError               a call failed; knows its kind and its attempts
    ├── BudgetError              the next call would pass the budget; nothing is lost
    ├── StoreError               the local journal cannot be opened, read or written
    ├── RecordError              MLflow is unreachable, or its store is of another version
    └── PromotionError           a promotion was refused

Each message reads ``subject: problem. remedy``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

__all__ = [
    "RETRYABLE_KINDS",
    "BudgetError",
    "DatasetError",
    "ErrorKind",
    "InputError",
    "ModelError",
    "PlanError",
    "PromotionError",
    "RecordError",
    "StoreError",
    "StudyError",
    "TemplateError",
    "WorkbenchError",
    "clean_with",
]

ErrorKind = Literal[
    "connection",  # no connection, or it broke
    "timeout",  # no answer in time
    "conflict",  # 409
    "rate_limit",  # 429
    "server",  # 5xx, and 408
    "malformed",  # a 2xx whose body is not what the protocol says
    "auth",  # 401, 403
    "not_found",  # 404: no such model or path
    "bad_request",  # any other 4xx
    "schema_rejected",  # a 4xx about the answer's schema or the tools: the endpoint does not take them
    "empty",  # a reply came, and was rejected: nothing in it
    "not_json",  # likewise: it should be JSON and is not
    "schema_violation",  # likewise: JSON that does not fit
    "circuit_open",  # not sent: the breaker is open
    "deadline",  # not sent: the call's total time is used up
    "canceled",  # Stop or an interrupt ended it
    "internal",  # the workbench's own mistake, reported instead of raised
]
"""Why a call failed: decided from types and status codes, never from message text."""

RETRYABLE_KINDS: frozenset[str] = frozenset(
    {"connection", "timeout", "conflict", "rate_limit", "server", "malformed"}
)
"""The kinds of failure that asking again may mend."""


_cleaners: list[Callable[[str], str]] = []


def clean_with(cleaner: Callable[[str], str]) -> None:
    """Let the words of every error pass through a function from now on: `workbench.core.redact` has one.

    Errors lie below everything else, and may carry what an endpoint or a file said.
    """
    _cleaners.append(cleaner)


def _cleaned(text: str) -> str:
    for cleaner in _cleaners:
        text = cleaner(text)
    return text


class WorkbenchError(Exception):
    """The root: names the subject, what was wrong, and the remedy.

    Parameters
    ----------
    subject
        What the error is about: a variant, a file, a model, a store.
    problem
        What was wrong with it.
    remedy
        What the reader can do now.
    """

    def __init__(self, subject: str, problem: str, remedy: str) -> None:
        subject, problem, remedy = _cleaned(subject), _cleaned(problem), _cleaned(remedy)
        super().__init__(subject, problem, remedy)
        self.subject = subject
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.subject}: {self.problem.rstrip('.')}. {self.remedy}"


class InputError(WorkbenchError, ValueError):
    """Something a person wrote is wrong; nothing was spent."""


class TemplateError(InputError):
    """A template's variable is missing, unused or malformed."""


class DatasetError(InputError):
    """A table is empty, has duplicate case ids, or lacks a column."""


class StudyError(InputError):
    """A study file is wrong.

    Parameters
    ----------
    line
        The 1-based line of the mistake; None where it has no single line.
    """

    def __init__(self, subject: str, problem: str, remedy: str, *, line: int | None = None) -> None:
        super().__init__(subject if line is None else f"{subject}, line {line}", problem, remedy)
        self.line = line


class PlanError(InputError):
    """A plan cannot be made, or cannot be run as asked."""


class ModelError(WorkbenchError):
    """A call failed.

    Parameters
    ----------
    kind
        Why, as one of `ErrorKind`.
    status
        The HTTP status; None where no response arrived.
    retry_after_s
        Seconds the server asked to wait; None where it did not say.
    attempts
        The `Attempt` records of this call so far, in order.
    causes
        The errors of every model tried, where a fallback chain was exhausted.
    """

    def __init__(
        self,
        subject: str,
        problem: str,
        remedy: str,
        *,
        kind: ErrorKind,
        status: int | None = None,
        retry_after_s: float | None = None,
        attempts: Sequence[Any] = (),
        causes: Sequence[ModelError] = (),
    ) -> None:
        super().__init__(subject, problem, remedy)
        self.kind: ErrorKind = kind
        self.status = status
        self.retry_after_s = retry_after_s
        self.attempts: tuple[Any, ...] = tuple(attempts)
        self.causes = tuple(causes)

    @property
    def retryable(self) -> bool:
        """Whether asking again may mend it."""
        return self.kind in RETRYABLE_KINDS


class BudgetError(WorkbenchError):
    """The next call would pass the budget; what is finished is kept."""


class StoreError(WorkbenchError):
    """The local journal cannot be opened, read or written."""


class RecordError(WorkbenchError):
    """MLflow is unreachable, or its store is of another version."""


class PromotionError(WorkbenchError):
    """A promotion was refused."""
