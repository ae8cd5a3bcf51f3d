"""Where labels go beside points so that they cover neither each other nor what is drawn.

Each label tries eighteen places around its point, near before far, and takes the one that covers least;
then all labels reconsider twice, knowing where the others stand. Deterministic; pixels from the upper left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Box", "Place", "place"]

CHARACTER_PX = 6.4
"""Mean width of a character at 12 px; a label is given that much room."""

LINE_PX = 14.0

# (dx, dy) from the point to the label's near edge, in pixels; near before far.
_OFFSETS = tuple(
    (dx * reach, dy * reach)
    for reach in (1.0, 2.2, 3.6)
    for dx, dy in ((10, -9), (10, 10), (-10, -9), (-10, 10), (0, -16), (0, 17))
)
_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in pixels: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Return the shared area in square pixels."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide * high if wide > 0 and high > 0 else 0.0

    def outside(self, width: float, height: float) -> float:
        """Return how far it leaves a panel of this size, in pixels."""
        return (
            max(0.0, -self.left)
            + max(0.0, -self.top)
            + max(0.0, self.right - width)
            + max(0.0, self.bottom - height)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a label stands: its anchor in pixels, its alignment, and whether it needs a leader line."""

    x: float
    y: float
    align: str
    far: bool


def _candidate(x: float, y: float, text: str, offset: tuple[float, float]) -> tuple[Place, Box]:
    dx, dy = offset
    align = "left" if dx > 0 else "right" if dx < 0 else "center"
    wide = CHARACTER_PX * len(text)
    left = x + dx - {"left": 0.0, "right": wide, "center": wide / 2}[align]
    box = Box(left=left, top=y + dy - LINE_PX / 2, right=left + wide, bottom=y + dy + LINE_PX / 2)
    return Place(x=x + dx, y=y + dy, align=align, far=abs(dx) + abs(dy) > 24), box


def place(
    points: Sequence[tuple[float, float]],
    labels: Sequence[str],
    obstacles: Sequence[Box],
    *,
    width: float,
    height: float,
) -> list[Place]:
    """Return a place for each label.

    Parameters
    ----------
    points
        Positions (x, y) in pixels, one a label; each is an obstacle of its own.
    labels
        The texts.
    obstacles
        What else should not be covered: interval bars.
    width, height
        Size of the panel in pixels.
    """
    fixed = [Box(left=x - 7, top=y - 7, right=x + 7, bottom=y + 7) for x, y in points] + list(obstacles)
    chosen: dict[int, tuple[Place, Box]] = {}
    for _ in range(_ROUNDS):
        for index, ((x, y), text) in enumerate(zip(points, labels, strict=True)):
            others = [box for other, (_, box) in chosen.items() if other != index]

            def cost(option: tuple[int, tuple[Place, Box]], others: list[Box] = others) -> float:
                rank, (_, box) = option
                covered = sum(box.overlap(other) for other in fixed) + 4 * sum(box.overlap(o) for o in others)
                return covered + 40 * box.outside(width, height) + 4 * rank

            options = enumerate(_candidate(x, y, text, offset) for offset in _OFFSETS)
            chosen[index] = min(options, key=cost)[1]
    return [chosen[index][0] for index in range(len(labels))]
