"""ralph's prd.json: stories by priority, and what they say of themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beastmode.errors import RoadmapError
from beastmode.runner.formats import prd
from beastmode.runner.formats.reading import read_roadmap
from beastmode.runner.graph import graph_of
from beastmode.runner.roadmap import Phase, Roadmap

PLACE = Path("scripts/ralph/prd.json")


def story(number: int, priority: Any = None, **more: Any) -> dict[str, Any]:
    plain = {"id": f"US-{number:03}", "title": f"Story {number}", "passes": False}
    return {**plain, **({} if priority is None else {"priority": priority}), **more}


def text_of(*stories: dict[str, Any], **more: Any) -> str:
    return json.dumps({"project": "App", "branchName": "b", "userStories": stories, **more}, indent=2)


def read(*stories: dict[str, Any], **more: Any) -> Roadmap:
    return prd.read(text_of(*stories, **more), PLACE)


def ids(roadmap: Roadmap) -> list[str]:
    return [one.id for one in roadmap.tasks()]


def test_stories_go_one_after_the_other_by_priority() -> None:
    roadmap = read(story(1, 3), story(2, 1, passes=True), story(3, "2"), story(4, 1))
    assert ids(roadmap) == ["US-002", "US-004", "US-003", "US-001"]
    assert [one.state for one in roadmap.tasks()] == ["done", "pending", "pending", "pending"]
    assert graph_of(roadmap).waves() == [[0], [1], [2], [3]]
    assert (roadmap.title, roadmap.order) == ("App", "sequence")


def test_words_for_priorities_order_stories_too() -> None:
    assert ids(read(story(1, "low"), story(2, "high"), story(3))) == ["US-002", "US-003", "US-001"]


def test_where_stories_say_what_they_depend_on_that_alone_orders_them() -> None:
    roadmap = read(story(1, 1), story(2, 2, dependsOn=["US-001"]), story(3, 3))
    assert graph_of(roadmap).waves() == [[0, 2], [1]]
    assert roadmap.rule == "what they say they depend on"


def test_an_agent_is_told_the_criteria_and_the_notes() -> None:
    roadmap = read(
        story(1, description="As a user", acceptanceCriteria=["a", "b"], notes="c", hint="d", passes=False)
    )
    [one] = roadmap.tasks()
    assert one.details == "As a user\n\nAcceptance criteria:\n- a\n- b\n\nNotes: c\n\nhint: d"
    assert [entry.text for entry in roadmap.ignored] == ["project", "branchName", "hint"]


@pytest.mark.parametrize(
    ("said", "state", "told"),
    [
        ({"passes": True, "status": "pending"}, "done", 0),
        ({"passes": "true"}, "done", 0),
        ({"passes": False, "status": "blocked"}, "dropped", 0),
        ({"passes": False, "status": "skipped"}, "dropped", 0),
        ({"passes": False, "blocked": True}, "dropped", 0),
        ({"passes": False, "status": "done"}, "pending", 1),
        ({"passes": False, "status": "wobbling"}, "pending", 1),
        ({"passes": None, "status": "completed"}, "done", 0),
    ],
    ids=range(8),
)
def test_states(said: dict[str, Any], state: str, told: int) -> None:
    roadmap = read(story(1, **said))
    assert [one.state for one in roadmap.tasks()] == [state]
    assert sum(entry.reason.startswith("unknown state") for entry in roadmap.ignored) == told


def test_a_blocked_story_loses_its_turn_and_only_what_depends_on_it_waits() -> None:
    alone = read(story(1, passes=False, blocked=True), story(2))
    assert [(one.state, one.options.said) for one in alone.tasks()] == [
        ("dropped", "blocked"),
        ("pending", ""),
    ]
    needed = read(story(1, blocked=True), story(2, deps=["US-001"]), story(3))
    assert [one.state for one in needed.tasks()] == ["held", "pending", "pending"]


def test_stories_in_groups_stay_in_them() -> None:
    text = json.dumps(
        {"epics": [{"title": "One", "stories": [story(2, 2), story(1, 1)]}, {"stories": [story(3)]}]}
    )
    assert prd.claims_text(text)
    roadmap = prd.read(text, PLACE)
    assert [one.title for one in roadmap.children if isinstance(one, Phase)] == ["One", "epics"]
    assert ids(roadmap) == ["US-001", "US-002", "US-003"]


def test_a_list_of_tales_is_none_of_stories() -> None:
    assert not prd.claims_text('{"stories": [{"title": "The frog"}]}')
    assert prd.claims_text('{"stories": [{"title": "The frog", "passes": false}]}')
    assert prd.claims_text('{"userStories": [{"title": "The frog"}]}')


def test_a_prd_without_stories_is_refused_with_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "prd.json"
    path.write_text('{"productName": "x", "goals": ["y"]}')
    with pytest.raises(RoadmapError, match="an object with the keys productName, goals"):
        read_roadmap(path)


def test_ticking_says_that_a_story_passes() -> None:
    text = text_of(story(1, 2), story(2, 1))
    [edit] = prd.ticks(text, PLACE, prd.read(text, PLACE), {"US-001"})
    assert text[: edit.start] + edit.text + text[edit.end :] == text_of(story(1, 2, passes=True), story(2, 1))


def test_another_list_in_the_file_is_told() -> None:
    roadmap = read(story(1), bugs=[story(7), story(8)])
    assert ids(roadmap) == ["US-001"]
    assert "another list (2 entries), not read" in [entry.reason for entry in roadmap.ignored]
