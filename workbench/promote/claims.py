"""Claims: a lost race between machines is seen, though the registry cannot compare and swap.

Before an alias is moved, the run that records the move says so (a claim); after it, all claims are read.
Of two who both found the alias unmoved, each has claimed before it looked, and reads after it set: had one
read before the other claimed, the other would have found the alias moved. So each sees the other, or one is
refused.
"""

from __future__ import annotations

from workbench.promote.history import Release
from workbench.promote.places import Registry

__all__ = ["claim", "overtake", "overtaken_by", "rivals", "settle"]

ALIAS, FROM, TO, STATE = (f"workbench.alias{part}" for part in ("", "_from", "_to", "_state"))
OVERTAKEN = "workbench.alias_overtaken_by"
OPEN = "claimed"


def _of(recorder: Registry, release: Release) -> dict[str, dict[str, str]]:
    """Return the claims of others on this alias, by run."""
    found = recorder.tagged(release.study, {ALIAS: f"{release.prompt}@{release.alias}"})
    return {run: dict(tags) for run, tags in found.items() if run != release.evidence}


def claim(recorder: Registry, release: Release) -> frozenset[str]:
    """Write down that this move is about to be made; return the moves that were settled before."""
    settled = frozenset(run for run, tags in _of(recorder, release).items() if tags.get(STATE) != OPEN)
    tags = {ALIAS: f"{release.prompt}@{release.alias}", FROM: str(release.from_version)}
    recorder.tag(release.evidence, {**tags, TO: str(release.to_version), STATE: OPEN})
    return settled


def settle(recorder: Registry, release: Release, state: str) -> None:
    """Write down how a claim ended: moved, refused or lost."""
    recorder.tag(release.evidence, {STATE: state})


def rivals(recorder: Registry, release: Release, settled: frozenset[str]) -> tuple[str, ...]:
    """Return the runs of others that claimed meanwhile to move the alias from this version to another."""
    return tuple(
        sorted(
            run
            for run, tags in _of(recorder, release).items()
            if run not in settled
            and tags.get(FROM) == str(release.from_version)
            and tags.get(TO) != str(release.to_version)
            and tags.get(STATE) in (OPEN, "moved")
        )
    )


def overtake(recorder: Registry, release: Release) -> None:
    """Write on the runs of rivals that this one came after them."""
    for run in release.rivals:
        recorder.tag(run, {OVERTAKEN: release.evidence})


def overtaken_by(recorder: Registry, release: Release) -> str | None:
    """Return the run that overtook a move; None where none says so."""
    found = recorder.tagged(release.study, {ALIAS: f"{release.prompt}@{release.alias}"})
    return dict(found.get(release.evidence, {})).get(OVERTAKEN)
