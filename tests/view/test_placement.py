"""Labels beside points."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.view.plots.placement import CHARACTER_PX, LINE_PX, Box, place


def _box(spot, text):
    wide = CHARACTER_PX * len(text)
    left = spot.x - {"left": 0, "right": wide, "center": wide / 2}[spot.align]
    return Box(left=left, top=spot.y - LINE_PX / 2, right=left + wide, bottom=spot.y + LINE_PX / 2)


def test_labels_of_near_points_do_not_cover_each_other():
    """Four points within 20 pixels: four labels apart, inside the panel."""
    points = [(300, 170), (310, 175), (305, 160), (318, 168)]
    labels = ["few-shot", "schema", "chain of thought", "terse"]
    boxes = [
        _box(*pair) for pair in zip(place(points, labels, [], width=600, height=340), labels, strict=True)
    ]
    for index, box in enumerate(boxes):
        assert box.outside(600, 340) == 0
        assert all(box.overlap(other) == 0 for other in boxes[index + 1 :])


def test_a_label_at_the_edge_stays_inside():
    """At the right edge it goes to the left of its point."""
    (spot,) = place([(595, 5)], ["a label of some length"], [], width=600, height=340)
    assert _box(spot, "a label of some length").outside(600, 340) == 0


@given(st.lists(st.tuples(st.floats(0, 600), st.floats(0, 340)), min_size=1, max_size=9))
def test_every_point_gets_its_label_and_again_the_same(points):
    """One place a label, deterministic."""
    labels = [f"arm {index}" for index in range(len(points))]
    first = place(points, labels, [], width=600, height=340)
    assert len(first) == len(points)
    assert first == place(points, labels, [], width=600, height=340)
