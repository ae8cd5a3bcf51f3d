"""A move of an alias: claimed, looked at once more, made, looked at again, written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from workbench.errors import PromotionError
from workbench.promote.claims import claim, overtake, overtaken_by, rivals, settle
from workbench.promote.history import EVENT_KIND, Release
from workbench.promote.places import EventLog, Registry

__all__ = ["move", "standing", "unmoved"]


def standing(moves: Sequence[Release]) -> list[Release]:
    """Return the promotions that were neither rolled back nor lost, oldest first."""
    out: list[Release] = []
    for each in moves:
        if each.action == "rollback":
            del out[-1:]
        elif each.action == "lost":
            out = [one for one in out if one.evidence != each.evidence]
        elif each.from_version != each.to_version:
            out.append(each)
    return out


def unmoved(
    recorder: Registry, journal: EventLog, moves: Sequence[Release], prompt: str, alias: str, seen: int | None
) -> None:
    """Refuse where an alias points elsewhere than it did.

    Where another machine overtook the last promotion of this journal, that is written down here first: it was
    won by the look of things, and lost after it.

    Raises
    ------
    PromotionError
        Where it has moved.
    """
    now = recorder.get_alias(prompt, alias)
    if seen == now:
        return
    before, after = ("no version" if version is None else f"version {version}" for version in (seen, now))
    last = next(iter(standing(moves)[-1:]), None)
    winner = None if last is None or last.to_version == now else overtaken_by(recorder, last)
    if last is not None and winner is not None:
        _write(journal, replace(last, action="lost", rivals=(winner,), why=f"overtaken by run {winner}"))
    raise PromotionError(
        f"{prompt}@{alias}",
        f"it has moved: {before} was seen, it points to {after}"
        + (f"; run {winner} of another machine overtook the last promotion" if winner else ""),
        "Look at history(), and decide again against what is in place now.",
    )


def move(recorder: Registry, journal: EventLog, release: Release) -> Release:
    """Move the alias, then write the move down; the run that records it is there already.

    Whoever shares the journal waits outside (`EventLog.alone`). Of others, who share the registry only, a
    race is seen afterwards: where the alias does not point to this version any more the race is lost, which
    is written down and raised; where it does, the release names its rivals, and their runs name this one.

    Raises
    ------
    PromotionError
        Where the alias has moved since it was looked at, or the race was lost.
    """
    settled = claim(recorder, release)
    now = recorder.get_alias(release.prompt, release.alias)  # once more: recording took a while
    if now not in (release.from_version, release.to_version):
        settle(recorder, release, "refused")
        unmoved(recorder, journal, (), release.prompt, release.alias, release.from_version)
    recorder.set_alias(release.prompt, release.alias, release.to_version)
    made = replace(release, rivals=rivals(recorder, release, settled))
    now = recorder.get_alias(release.prompt, release.alias)
    if now != release.to_version:
        settle(recorder, release, "lost")
        _write(journal, replace(made, action="lost"))
        raise PromotionError(
            f"{release.prompt}@{release.alias}",
            f"the race was lost: it points to version {now}, not to {release.to_version}"
            + (f" (against run {', '.join(made.rivals)})" if made.rivals else ""),
            "The lost move is recorded; decide again against what is in place now.",
        )
    settle(recorder, release, "moved")
    overtake(recorder, made)
    return _write(journal, made)


def _write(journal: EventLog, release: Release) -> Release:
    payload = {name: value for name, value in asdict(release).items() if name != "at"}
    return replace(release, at=journal.add_event(EVENT_KIND, payload).at)
