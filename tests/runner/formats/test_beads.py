"""Beads: issues as lines, epics as phases, what blocks what, and ticking."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beastmode.errors import RoadmapError
from beastmode.runner.formats import beads
from beastmode.runner.formats.reading import read_roadmap
from beastmode.runner.graph import graph_of
from beastmode.runner.roadmap import Phase, Roadmap, Task

PLACE = Path(".beads/issues.jsonl")


def issue(name: str, *needs: tuple[str, str], kind: str = "task", **more: Any) -> dict[str, Any]:
    links = [{"issue_id": name, "depends_on_id": other, "type": how} for other, how in needs]
    plain = {"id": name, "title": f"Do {name}", "status": "open", "priority": 2, "issue_type": kind}
    return {**plain, **({"dependencies": links} if links else {}), **more}


def lines(*issues: dict[str, Any]) -> str:
    return "".join(json.dumps(one, separators=(",", ":")) + "\n" for one in issues)


def read(*issues: dict[str, Any]) -> Roadmap:
    return beads.read(lines(*issues), PLACE)


def named(roadmap: Roadmap) -> dict[str, Task]:
    return {one.id: one for one in roadmap.tasks()}


def reasons(roadmap: Roadmap) -> list[str]:
    return [f"{entry.line} {entry.text}: {entry.reason}" for entry in roadmap.ignored]


def test_an_issue_a_line_with_all_that_an_agent_needs() -> None:
    comments = [{"author": "ann", "text": "mind the gap"}]
    roadmap = read(
        issue(
            "bd-1",
            description="What",
            design="How",
            acceptance_criteria="It runs",
            notes="N",
            comments=comments,
        )
    )
    [one] = roadmap.tasks()
    assert (one.id, one.title, one.line) == ("bd-1", "Do bd-1", 1)
    assert one.details == (
        "What\n\nDesign: How\n\nAcceptance criteria: It runs\n\nNotes: N\n\nComments:\n- ann: mind the gap"
    )


def test_an_epic_is_a_phase_and_its_last_task() -> None:
    roadmap = read(
        issue("e", kind="epic"),
        issue("a", ("e", "parent-child")),
        issue("z"),
        issue("b", ("e", "parent-child")),
    )
    phase, alone = roadmap.children
    assert isinstance(phase, Phase)
    assert isinstance(alone, Task)
    assert (phase.title, phase.line, alone.id) == ("Do e", 1, "z")
    assert [one.id for one in phase.children if isinstance(one, Task)] == ["a", "b", "e"]
    assert named(roadmap)["e"].needs == ("a", "b")


def test_what_is_below_an_epic_waits_for_what_the_epic_waits_for() -> None:
    roadmap = read(
        issue("first"),
        issue("e", ("first", "blocks"), ("b", "blocks"), kind="epic"),
        issue("a", ("e", "parent-child")),
        issue("b", ("e", "parent-child")),
    )
    assert named(roadmap)["a"].needs == ("first",)
    assert named(roadmap)["b"].needs == ("first",)
    assert set(named(roadmap)["e"].needs) == {"first", "a", "b"}
    assert graph_of(roadmap).cycle() == []


@pytest.mark.parametrize(
    ("how", "needs"),
    [("blocks", ("a",)), ("waits-for", ("a",)), ("related", ()), ("discovered-from", ()), ("tracks", ())],
)
def test_which_links_block(how: str, needs: tuple[str, ...]) -> None:
    roadmap = read(issue("a"), issue("b", ("a", how)))
    assert named(roadmap)["b"].needs == needs
    assert roadmap.ignored == []


def test_a_strange_link_a_missing_one_and_a_circle_are_told() -> None:
    roadmap = read(issue("a"), issue("b", ("a", "parent"), ("gone", "blocks")))
    assert reasons(roadmap) == [
        "2 b: need not followed: no task gone",
        "2 b: need not followed: 'parent' is no kind of dependency that blocks",
    ]
    below_itself = read(issue("a", ("b", "parent-child")), issue("b", ("a", "parent-child")))
    assert set(named(below_itself)) == {"a", "b"}
    assert len(below_itself.ignored) == 2


def test_what_runs_only_if_another_fails_is_held_back() -> None:
    roadmap = read(issue("a"), issue("b", ("a", "conditional-blocks")))
    assert (named(roadmap)["b"].state, named(roadmap)["b"].options.said) == ("held", "only if a fails")


@pytest.mark.parametrize(
    ("status", "state", "said"),
    [
        ("open", "pending", ""),
        ("in_progress", "pending", ""),
        ("hooked", "pending", ""),
        ("closed", "done", ""),
        ("blocked", "held", "blocked"),
        ("deferred", "held", "deferred"),
        ("pinned", "held", "pinned"),
        ("tombstone", "dropped", "deleted"),
    ],
)
def test_states(status: str, state: str, said: str) -> None:
    one = named(read(issue("a", status=status)))["a"]
    assert (one.state, one.options.said) == (state, said)


def test_what_is_below_something_put_off_is_put_off_with_it() -> None:
    roadmap = read(
        issue("e", kind="epic", status="deferred"),
        issue("a", ("e", "parent-child")),
        issue("b", ("a", "parent-child")),
    )
    assert [(one.id, one.state, one.options.said) for one in roadmap.tasks()] == [
        ("b", "held", "below a"), ("a", "held", "below e"), ("e", "held", "deferred"),
    ]  # fmt: skip


def test_what_keeps_books_is_nothing_to_do_and_what_others_bring_about_is_waited_for() -> None:
    kinds = ("event", "message", "agent", "molecule", "convoy", "gate", "bug", "epic")
    roadmap = read(*(issue(kind, kind=kind) for kind in kinds), issue("wisp", ephemeral=True))
    assert {one.id for one in roadmap.tasks() if one.state == "pending"} == {"bug", "epic"}
    assert {one.id for one in roadmap.tasks() if one.state == "held"} == {"gate"}
    assert named(roadmap)["wisp"].options.said == "ephemeral"


def test_zero_is_the_most_urgent() -> None:
    roadmap = read(*(issue(str(rank), priority=rank) for rank in range(5)), issue("none", priority="soon"))
    assert [one.options.priority for one in roadmap.tasks()] == [2, 1, 0, -1, -2, 0]
    assert reasons(roadmap) == ["6 none: unknown priority 'soon': taken as 2"]


def test_lines_of_another_type_and_keys_of_a_newer_version_are_told() -> None:
    text = '{"_type":"memory","id":"m"}\n\n[1]\n' + lines(issue("a", _type="issue", vibe="good"))
    roadmap = beads.read(text, PLACE)
    assert reasons(roadmap) == [
        '1 {"_type":"memory","id":"m"}: no issue',
        "3 [1]: no issue",
        "4 vibe: a key that is not known here (1 task): it is told to whoever does the task, as it stands",
    ]


def test_of_an_issue_that_stands_there_twice_the_version_changed_last_counts() -> None:
    early, late = "2026-01-02T03:04:05.678901+02:00", "2026-01-02T02:30:00Z"
    roadmap = read(
        issue("a", status="closed", updated_at=late),
        issue("b"),
        issue("a", updated_at=early),
        issue("b", title="Last"),
    )
    assert [(one.id, one.state, one.title) for one in roadmap.tasks()] == [
        ("a", "done", "Do a"), ("b", "pending", "Last"),
    ]  # fmt: skip
    assert reasons(roadmap) == [
        "2 b: repeats b, which line 4 says as it was changed last",
        "3 a: repeats a, which line 1 says as it was changed last",
    ]
    text = lines(issue("a"), issue("a", title="Last"))
    assert len(beads.ticks(text, PLACE, beads.read(text, PLACE), {"a"})) == 2


def test_a_broken_line_is_told_with_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "issues.jsonl"
    path.write_text(lines(issue("a")) + '{"id":"b","title":}\n')
    with pytest.raises(RoadmapError, match=r"line 2, column 19"):
        read_roadmap(path)
    path.write_text(lines(issue("a")) + "<<<<<<< HEAD\n" + lines(issue("a")))
    with pytest.raises(RoadmapError, match=r"line 2, column 1[^\n]*\n.*conflict"):
        read_roadmap(path)


def test_the_list_that_bd_prints_is_read_too() -> None:
    text = json.dumps([issue("a"), issue("b", ("a", "blocks"))], indent=2)
    assert beads.claims_text(text)
    assert named(beads.read(text, Path("x.json")))["b"].needs == ("a",)


@pytest.mark.parametrize(
    "text", ["", "{", '{"id": 1}\n', '{"a": 1}\n{"b": 2}\n', "[]", '[{"id": "a", "title": "b"}]']
)
def test_other_json_is_left_to_others(text: str) -> None:
    assert not beads.claims_text(text)


def test_ticking_closes_the_issue_and_nothing_else() -> None:
    text = lines(issue("a"), issue("b", status="in_progress"), issue("c")).replace("\n", "\r\n")
    edits = beads.ticks(text, PLACE, beads.read(text, PLACE), {"a", "b"})
    for edit in reversed(edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
    assert text == lines(issue("a", status="closed"), issue("b", status="closed"), issue("c")).replace(
        "\n", "\r\n"
    )


def test_a_chain_of_thousands_below_each_other_is_read() -> None:
    chain = [issue(f"n{number}", (f"n{number + 1}", "parent-child")) for number in range(3_000)]
    roadmap = read(*chain, issue("n3000", status="blocked"))
    assert [one.state for one in roadmap.tasks()] == ["held"] * 3_001
    assert graph_of(roadmap).cycle() == []
