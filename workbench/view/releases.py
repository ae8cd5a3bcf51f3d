"""The cards of a move of an alias, and of all moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from workbench.view.fragments import card, paragraph, table

if TYPE_CHECKING:
    from workbench.promote.history import History, Release


__all__ = [
    "history_card",
    "release_card",
]


def release_card(release: Release) -> str:
    """Return a move of an alias: what moved where, by whom and why, and what a rollback would do."""
    back = (
        f"version {release.back_to}" if release.back_to is not None else "nowhere: there is no version before"
    )
    heading = f"{release.alias} is now version {release.to_version}" + (
        f": {release.arm}" if release.arm else ""
    )
    return card(
        f"{release.action.capitalize()} · {release.study}",
        heading,
        paragraph(release.summary),
        paragraph(f"A rollback leads to {back}{f' ({release.back_to_arm})' if release.back_to_arm else ''}."),
        tone="promote" if release.action == "promote" else "keep",
    )


def history_card(history: History) -> str:
    """Return the moves of aliases, oldest first; the frame has every column."""
    frame = history.frame
    moves = pd.DataFrame(
        {
            "when (UTC)": frame["when"].dt.strftime("%Y-%m-%d %H:%M"),
            "move": frame["action"] + " " + frame["prompt"] + "@" + frame["alias"],
            "version": [
                f"{'–' if pd.isna(before) else before} → {'–' if pd.isna(after) else after}"
                for before, after in zip(frame["from"], frame["to"], strict=True)
            ],
            "arm": frame["arm"],
            "by": frame["who"],
            "why": frame["why"],
        }
    )
    return card("Release history", f"{len(history.moves):,} moves", paragraph(history.summary), table(moves))
