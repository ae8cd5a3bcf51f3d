"""The release: a decision becomes a move of the prompt's alias, recorded first, undone as easily."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from workbench.errors import PromotionError
from workbench.plan.grid import Arm
from workbench.promote.approval import Approval, approvals
from workbench.promote.decision import Decision
from workbench.promote.history import EVENT_KIND, Release, history
from workbench.promote.moves import move, standing, unmoved
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
    release is returned. Whoever shares the journal takes turns: of two at once the second finds the alias
    moved. Of machines that share the registry only, see `workbench.promote.moves.move`.

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
        Without the verdict or the approvals the gate asks for, for another arm than the one decided upon,
        where the alias has moved since, or where another machine moved it at the same time.
    """
    _check(decision, arm)
    agreed, before = _agreed(decision, journal), decision.alias_version
    with journal.alone(EVENT_KIND):
        version = recorder.register(decision.study, arm)
        target, now = version.version, recorder.get_alias(version.name, decision.alias)
        past = history(journal, decision.study, decision.alias).moves
        if now == target and (last := standing(past)[-1:]) and last[0].to_version == target:
            return last[0]
        if now != target:  # else it is there, and only the journal does not know: a process died in between
            unmoved(recorder, journal, past, version.name, decision.alias, before)
        back, back_arm = before, _arm_of(past, before)
        if incumbent is not None and before is None:
            back, back_arm = recorder.register(decision.study, incumbent).version, incumbent.name
        made = Release(
            action="promote",
            study=decision.study,
            prompt=version.name,
            alias=decision.alias,
            from_version=before,
            to_version=target,
            arm=arm.name,
            who=who or _user(),
            why=why or decision.reasons[0],
            evidence=recorder.record_decision(decision.to_mapping(), html, _files(decision, agreed)),
            execution_id=decision.execution_id,
            back_to=back,
            back_to_arm=back_arm,
            approvals=tuple(each.words for each in agreed),
        )
        return move(recorder, journal, made)


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
    with journal.alone(EVENT_KIND):
        past = history(journal, study, alias).moves
        last = next(iter(standing(past)[-1:]), None)
        if last is not None:
            unmoved(recorder, journal, past, last.prompt, alias, last.to_version)
        if last is None or last.back_to is None:
            raise PromotionError(
                f"{study}@{alias}",
                "there is no earlier version to go back to",
                "See history(); promote a decision instead.",
            )
        plain = Release(
            action="rollback",
            study=study,
            prompt=last.prompt,
            alias=alias,
            from_version=last.to_version,
            to_version=last.back_to,
            arm=last.back_to_arm,
            who=who or _user(),
            why=why,
            evidence="",
            execution_id=last.execution_id,
        )
        # The number of the move keeps two equal rollbacks from being recorded as one.
        record = asdict(plain) | {"verdict": "rollback", "chosen": plain.arm or None, "move": len(past) + 1}
        return move(recorder, journal, replace(plain, evidence=recorder.record_decision(record)))


def _agreed(decision: Decision, journal: EventLog) -> tuple[Approval, ...]:
    found, wanted = approvals(decision, journal), decision.gate.approvals
    if len(found) < wanted:
        raise PromotionError(
            f"promotion in {decision.study}",
            f"{len(found)} of {wanted} approvals are given",
            "Approve of this decision first: approve(decision, by='product owner').",
        )
    return found


def _files(decision: Decision, agreed: Sequence[Approval]) -> dict[str, str]:
    tables = {"arms": decision.comparison.arms, "differences": decision.comparison.differences}
    files = {f"{name}.csv": table.to_csv(index=False) for name, table in tables.items()}
    if agreed:
        files["approvals.json"] = json.dumps([asdict(each) for each in agreed], indent=1, ensure_ascii=False)
    return files


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


def _user() -> str:
    try:
        return getpass.getuser() or "unknown"
    except (KeyError, OSError, ImportError):  # no name in the environment, nor in the system's table
        return "unknown"
