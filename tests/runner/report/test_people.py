"""What people did: each thing that was asked for, what came of it, and after how long."""

from __future__ import annotations

from typing import Any

from beastmode.runner.report.people import people_lines
from beastmode.runner.report.tables import people_table
from tests.runner.story import Story


def asked(story: Story, at: float, **data: Any) -> int:
    """The place of what is asked for."""
    story.now = at
    return story.add("control", data.pop("task", ""), data=data).events[-1].seq


def done(story: Story, at: float, control: int, action: str, effect: str) -> None:
    story.now = at
    data = {"control": control, "action": action, "effect": effect, "acts": True}
    story.add("controlled", data=data)


def test_each_is_told_with_its_effect_and_how_long_that_took() -> None:
    story = Story().session().plan("a")
    done(
        story, 1.25, asked(story, 1.0, action="limits", by="ann", limits={"concurrency": 2}), "limits", "hold"
    )
    asked(story, 2.0, action="answer", task="a", note="mind <the> gap", by="bob")
    first, second = people_lines(story.told())
    assert (first["by"], first["said"], first["effect"], first["took_s"]) == (
        "ann",
        "at most 2 tasks at once",
        "hold",
        0.25,
    )
    assert (second["task"], second["said"], second["effect"], second["took_s"]) == (
        "a",
        "mind <the> gap",
        "",
        None,
    )
    _, rows = people_table({"people": [first, second]})
    assert rows[1][2:] == ("answer a", "mind <the> gap", "not done yet", "—")


def test_where_nobody_did_anything_nothing_is_told() -> None:
    assert people_lines(Story().session().told()) == []
