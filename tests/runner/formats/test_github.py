"""Issues of GitHub as gh prints them: what is done, dropped, and waited for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beastmode.errors import RoadmapError
from beastmode.runner.formats import github
from beastmode.runner.formats.readers import READERS
from beastmode.runner.formats.reading import read_roadmap
from beastmode.runner.roadmap import Phase, Roadmap, Task

PLACE = Path("issues.json")
URL = "https://github.com/o/r/issues/"


def issue(number: int, **more: Any) -> dict[str, Any]:
    plain = {
        "number": number,
        "title": f"Issue {number}",
        "body": "",
        "state": "OPEN",
        "url": f"{URL}{number}",
    }
    return {**plain, **more}


def read(*issues: dict[str, Any]) -> Roadmap:
    text = json.dumps(issues)
    assert next(reader for reader in READERS if reader.claims_text(text)) is github
    return github.read(text, PLACE)


def named(roadmap: Roadmap) -> dict[str, Task]:
    return {one.id: one for one in roadmap.tasks()}


def ref(number: int, state: str = "OPEN", url: str = URL) -> dict[str, Any]:
    return {"number": number, "title": "x", "state": state, "url": f"{url}{number}"}


def test_issues_come_by_their_numbers_with_what_they_say() -> None:
    roadmap = read(
        issue(12, body="It\r\nfails", issueType={"name": "Bug"}, labels=[{"name": "priority: high"}]),
        issue(3),
    )
    assert list(named(roadmap)) == ["3", "12"]
    one = named(roadmap)["12"]
    assert one.details == f"It\nfails\n\nThe issue: {URL}12"
    assert (one.options.category, one.options.priority, roadmap.title) == ("bug", 1, "Issues of o/r")


@pytest.mark.parametrize(
    ("state", "reason", "is_", "said"),
    [
        ("OPEN", "", "pending", ""),
        ("OPEN", "REOPENED", "pending", ""),
        ("CLOSED", "COMPLETED", "done", ""),
        ("CLOSED", None, "done", ""),
        ("CLOSED", "NOT_PLANNED", "dropped", "not-planned"),
        ("closed", "duplicate", "dropped", "duplicate"),
        ("MERGED", "", "done", ""),
    ],
)
def test_states(state: str, reason: str, is_: str, said: str) -> None:
    one = named(read(issue(1, state=state, stateReason=reason)))["1"]
    assert (one.state, one.options.said) == (is_, said)


def test_what_github_says_of_blockers_is_followed_in_both_directions() -> None:
    roadmap = read(
        issue(1, blocking=[ref(4)]),
        issue(2),
        issue(3, blockedBy={"nodes": [ref(2)], "totalCount": 1}),
        issue(4, blockedBy=[ref(2)]),
    )
    assert (named(roadmap)["3"].needs, named(roadmap)["4"].needs) == (("2",), ("1", "2"))


def test_blockers_that_gh_counts_and_does_not_name_are_told() -> None:
    roadmap = read(issue(1), issue(2, blockedBy={"nodes": [ref(1)], "totalCount": 3}))
    assert [entry.reason for entry in roadmap.ignored] == [
        "need not followed: 2 more issues that block it, which gh did not name"
    ]


def test_an_open_blocker_that_is_not_in_the_list_holds_an_issue_back() -> None:
    roadmap = read(
        issue(1, blockedBy=[ref(90)]),
        issue(2, blockedBy=[ref(91, "CLOSED")]),
        issue(3, blockedBy=[ref(1, url="https://github.com/else/where/issues/")]),
    )
    assert [(one.state, one.options.said) for one in roadmap.tasks()] == [
        ("held", "blocked by #90, which is not in the list"),
        ("pending", ""),
        ("held", "blocked by https://github.com/else/where/issues/1, which is not in the list"),
    ]


def test_without_those_fields_the_words_of_an_issue_count() -> None:
    roadmap = read(issue(1, body="Blocks #2"), issue(2, body="Depends on #3 and #9"), issue(3))
    assert set(named(roadmap)["2"].needs) == {"1", "3"}
    assert [entry.reason for entry in roadmap.ignored] == [
        "need not followed: no task #9 in the list, which may be closed"
    ]


def test_sub_issues_come_before_their_issue_in_a_phase_of_its_name() -> None:
    by_field = read(issue(1, subIssues=[ref(2)]), issue(2), issue(3, parent=ref(1)), issue(4))
    by_words = read(issue(1, body="- [ ] #2\n- [x] #3"), issue(2), issue(3), issue(4))
    for roadmap in (by_field, by_words):
        phase, four = roadmap.children
        assert isinstance(phase, Phase)
        assert isinstance(four, Task)
        assert (phase.title, [one.id for one in phase.children if isinstance(one, Task)]) == (
            "Issue 1",
            ["2", "3", "1"],
        )
        assert set(named(roadmap)["1"].needs) == {"2", "3"}


def test_milestones_are_phases() -> None:
    roadmap = read(
        issue(1, milestone={"title": "v1"}), issue(2, milestone=None), issue(3, milestone={"title": "v1"})
    )
    assert [(place, one.id) for place, one in roadmap.walk()] == [(("v1",), "1"), (("v1",), "3"), ((), "2")]


def test_a_number_that_stands_twice_is_refused_unless_it_is_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "issues.json"
    path.write_text(json.dumps([issue(1), issue(1)]))
    assert len(named(read_roadmap(path))) == 1
    path.write_text(json.dumps([issue(1), issue(1, title="Other")]))
    with pytest.raises(RoadmapError, match="'1' is used twice"):
        read_roadmap(path)


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        [{"number": 1}],
        [{"number": 1, "title": "chapter", "state": "x", "pages": 3}],
        [{"id": 1, "title": "a"}],
    ],
)
def test_json_of_others_is_left_to_them(value: Any) -> None:
    assert not github.claims_text(json.dumps(value))


def test_ticking_a_saved_list_closes_issues_in_the_file() -> None:
    text = json.dumps([issue(1), issue(2)])
    [edit] = github.ticks(text, PLACE, github.read(text, PLACE), {"2"})
    assert text[: edit.start] + edit.text + text[edit.end :] == json.dumps(
        [issue(1), issue(2, state="CLOSED")]
    )
