"""The release: a decision becomes a move of the prompt's alias, recorded first, undone as easily."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import asdict, replace

from workbench.errors import PromotionError
from workbench.plan.grid import Arm
from workbench.promote.decision import Decision
from workbench.promote.history import EVENT_KIND, Release, history
from workbench.promote.places import EventLog, Registry

__all__ = ["promote", "rollback"]


def promote(
    decision: Decision,
    recorder: Registry,
    journal: EventLog,
    *,
    arm: Arm,
    incumbent: Arm | None = None,
    who: str | None = None,
    why: str | None = None,
    html: str | None = None,
) -> Release:
    """Move the alias of the decision to the chosen arm: the decision is recorded first, then the move.

    Where the alias is there already and the journal knows how it came there, nothing is done and that
    release is returned.

    Parameters
    ----------
    decision
        With the verdict ``promote``.
    recorder, journal
        Where prompts and decisions, and where moves are kept.
    arm
        The chosen arm of the plan.
    incumbent
        The arm that the decision compares with: where the alias points to nothing yet, a rollback leads to
        it. None: then there is nothing to go back to.
    who
        Who promotes; None: the user of this system.
    why
        The reason; None: the decision's first.
    html
        The decision as a page to keep beside it; None: none.

    Raises
    ------
    PromotionError
        Without the verdict, for another arm than the one decided upon, or where the alias has moved since.
    """
    _check(decision, arm)
    version = recorder.register(decision.study, arm)
    target, now = version.version, recorder.get_alias(version.name, decision.alias)
    past = history(journal, decision.study, decision.alias).moves
    if now == target and past and past[-1].to_version == target:
        return past[-1]
    _unmoved(version.name, decision.alias, decision.alias_version, now)
    fallback = recorder.register(decision.study, incumbent).version if incumbent and now is None else None
    run_id = recorder.record_decision(decision.to_mapping(), html, _tables(decision))
    return _move(
        recorder,
        journal,
        Release(
            action="promote",
            study=decision.study,
            prompt=version.name,
            alias=decision.alias,
            from_version=now,
            to_version=target,
            arm=arm.name,
            who=who or _user(),
            why=why or decision.reasons[0],
            evidence=run_id,
            execution_id=decision.execution_id,
            back_to=now if fallback is None else fallback,
            back_to_arm=_arm_of(past, now) if fallback is None else decision.incumbent,
        ),
    )


def rollback(
    study: str,
    recorder: Registry,
    journal: EventLog,
    *,
    alias: str = "production",
    who: str | None = None,
    why: str = "rolled back",
) -> Release:
    """Move an alias back to where it was before the last promotion that still stands, recorded the same way.

    Rolling back twice goes back two promotions, not forth again.

    Parameters
    ----------
    study, alias
        Whose alias, and which.

    Raises
    ------
    PromotionError
        Where nothing was promoted before, or the alias was moved by something else since.
    """
    past = history(journal, study, alias).moves
    standing: list[Release] = []
    for move in past:
        if move.action == "rollback":
            del standing[-1:]
        elif move.from_version != move.to_version:
            standing.append(move)
    last = standing[-1] if standing else None
    if last is None or last.back_to is None:
        raise PromotionError(
            f"{study}@{alias}",
            "there is no earlier version to go back to",
            "See history(); promote a decision instead.",
        )
    now = recorder.get_alias(last.prompt, alias)
    _unmoved(last.prompt, alias, last.to_version, now)
    plain = Release(
        action="rollback",
        study=study,
        prompt=last.prompt,
        alias=alias,
        from_version=now,
        to_version=last.back_to,
        arm=last.back_to_arm,
        who=who or _user(),
        why=why,
        evidence="",
        execution_id=last.execution_id,
    )
    # The number of the move keeps two equal rollbacks from being recorded as one.
    record = asdict(plain) | {"verdict": "rollback", "chosen": plain.arm or None, "move": len(past) + 1}
    return _move(recorder, journal, replace(plain, evidence=recorder.record_decision(record)))


def _tables(decision: Decision) -> dict[str, str]:
    tables = {"arms": decision.comparison.arms, "differences": decision.comparison.differences}
    return {f"{name}.csv": table.to_csv(index=False) for name, table in tables.items()}


def _arm_of(past: Sequence[Release], version: int | None) -> str:
    return next((move.arm for move in reversed(past) if move.to_version == version), "")


def _check(decision: Decision, arm: Arm) -> None:
    subject = f"promotion in {decision.study}"
    if decision.verdict != "promote" or decision.chosen is None:
        raise PromotionError(
            subject,
            f"the decision is {decision.verdict!r}",
            "Only a decision to promote moves an alias; its reasons say what is missing.",
        )
    if arm.name != decision.chosen:
        raise PromotionError(
            subject,
            f"the decision is for {decision.chosen!r}, not for {arm.name!r}",
            "Promote the arm that was decided upon.",
        )
    arms = decision.comparison.arms
    judged = arms.loc[arms["arm"] == arm.name, "variant_hash"].iloc[0]
    if judged != arm.variant.hash:
        raise PromotionError(
            subject,
            f"{arm.name!r} is not the text that was compared",
            "Run and decide upon the changed variant, or promote the one in the plan.",
        )


def _unmoved(prompt: str, alias: str, seen: int | None, now: int | None) -> None:
    if seen == now:
        return
    before, after = ("no version" if version is None else f"version {version}" for version in (seen, now))
    raise PromotionError(
        f"{prompt}@{alias}",
        f"it has moved: {before} was seen, it points to {after}",
        "Look at history(), and decide again against what is in place now.",
    )


def _move(recorder: Registry, journal: EventLog, release: Release) -> Release:
    """Move the alias, then write the move down; the run that records it is there already."""
    seen = recorder.get_alias(release.prompt, release.alias)  # once more: recording took a while
    _unmoved(release.prompt, release.alias, release.from_version, seen)
    recorder.set_alias(release.prompt, release.alias, release.to_version)
    payload = {name: value for name, value in asdict(release).items() if name != "at"}
    return replace(release, at=journal.add_event(EVENT_KIND, payload).at)


def _user() -> str:
    try:
        return getpass.getuser() or "unknown"
    except (KeyError, OSError, ImportError):  # no name in the environment, nor in the system's table
        return "unknown"
