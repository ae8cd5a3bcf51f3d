"""What every `Registry` promises; a room's test calls `check` with its own."""

from __future__ import annotations

from workbench.plan.grid import Arm
from workbench.promote.places import Registry

__all__ = ["check"]


def check(registry: Registry, one: Arm, other: Arm, study: str = "registry-check") -> None:
    """Equal content is one version; an alias points where it was last set; runs are found by their tags."""
    first, second = registry.register(study, one), registry.register(study, other)
    assert first.name == second.name
    assert first.version != second.version
    assert registry.register(study, one).version == first.version
    assert registry.get_alias(first.name, "production") is None
    registry.set_alias(first.name, "production", first.version)
    assert registry.get_alias(first.name, "production") == first.version
    registry.set_alias(first.name, "production", second.version)
    assert registry.get_alias(first.name, "production") == second.version
    assert registry.get_alias(first.name, "elsewhere") is None
    decision = {"study": study, "execution_id": "e1", "verdict": "promote", "chosen": one.name}
    run = registry.record_decision(decision, "<p>card</p>", {"arms.csv": "arm\n"})
    assert run
    assert registry.record_decision(decision | {"verdict": "keep", "chosen": None}) != run
    for mark in ("it's here", 'he said "here"', """it's "here\"."""):
        registry.tag(run, {"mark": mark, "other": "1"})
        registry.tag(run, {"other": "2"})
        assert set(registry.tagged(study, {"mark": mark})) == {run}
        assert registry.tagged(study, {"mark": mark})[run]["other"] == "2"
    assert not registry.tagged(study, {"mark": "elsewhere"})
