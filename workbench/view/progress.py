"""The card of a run: where it stands; it does not move by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.view import figures
from workbench.view.fragments import card, meter, numbers, paragraph

if TYPE_CHECKING:
    from workbench.run.handle import Run
    from workbench.run.progress import Progress


__all__ = [
    "progress_card",
    "progress_numbers",
    "progress_words",
    "run_card",
    "run_name",
    "still_card",
]


def progress_numbers(
    at: Progress, budget_usd: float | None = None, budget_tokens: int | None = None
) -> list[tuple[str, str, str]]:
    """Return the key figures of a run as (name, figure, note); a budget that is None was not set."""
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(at.errors.items()))
    money = [f"of {figures.usd(budget_usd)}"] if budget_usd is not None else []
    left = "estimating the time left" if at.state == "running" else ""
    left = left if at.left_s is None else f"about {figures.elapsed(at.left_s)} left"
    open_ends = ((at.unpriced, "at unknown cost"), (at.in_doubt, "calls possibly billed twice"))
    money += [f"{count:,} {words}" for count, words in open_ends if count]
    spent = "unknown" if at.unpriced and not at.usd else figures.usd(at.usd)
    return [
        ("Trials", f"{at.done:,} of {at.planned:,}", f"{at.reused:,} reused" if at.reused else ""),
        (
            "Tokens in / out",
            f"{figures.count(at.tokens_in)} / {figures.count(at.tokens_out)}",
            "" if budget_tokens is None else f"of {figures.count(budget_tokens)}",
        ),
        ("USD", spent, ", ".join(money)),
        ("Failed", f"{at.failed:,}", kinds),
        ("Time", figures.elapsed(at.elapsed_s), left),
    ]


def progress_words(at: Progress) -> str:
    """Return a run's state and how far it is, in words."""
    return f"{at.state}: {at.done:,} of {at.planned:,} trials"


def progress_card(
    at: Progress, *, name: str = "", budget_usd: float | None = None, budget_tokens: int | None = None
) -> str:
    """Return where a run stands: progress, tokens, USD, errors, time. It does not move by itself.

    Parameters
    ----------
    at
        The snapshot.
    name
        What runs; empty: its execution id.
    budget_usd, budget_tokens
        What it may spend; None: no budget was set.
    """
    label = progress_words(at)
    return card(
        f"Run · {name or at.execution_id}",
        label,
        meter(at.done, at.planned, label),
        numbers(progress_numbers(at, budget_usd, budget_tokens)),
        *(paragraph(line) for line in ((at.reason,) if at.reason else at.endpoints)),
        tone="bad" if at.state in ("failed", "budget") else "neutral",
    )


def run_name(run: Run) -> str:
    """Return what a run is called: its study and its execution."""
    return f"{run.plan.study} · {run.execution_id}"


def run_card(run: Run) -> str:
    """Return a run as it stands now."""
    return still_card(run, run.progress)


def still_card(run: Run, at: Progress) -> str:
    """Return where a run stood at a snapshot, against its budget."""
    plan = run.plan
    return progress_card(at, name=run_name(run), budget_usd=plan.budget_usd, budget_tokens=plan.budget_tokens)
