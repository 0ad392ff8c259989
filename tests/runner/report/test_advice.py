"""What failed and what to do: complete, specific, with commands that can be typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beastmode.events import CONTROL, CONTROLLED, GATE
from beastmode.runner.home import log_path, run_folder
from beastmode.runner.report.advice import failures_of, list_of, next_steps
from beastmode.runner.summary import summarise
from tests.runner.story import UNIX_S, Story, failure


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".beast").mkdir()
    return Path(".beast/journal.db")


def steps(story: Story, journal: Path, *, alive: bool = True) -> list[tuple[str, str]]:
    told = story.told()
    found = next_steps(told, summarise(told, ".beast/r", alive=alive), journal, failures_of(told, journal))
    return [(step["what"], step["command"]) for step in found]


def write_log(journal: Path, task: str, attempt: int, suffix: str = ".log") -> Path:
    path = log_path(run_folder(journal.parent, 1), task, attempt).with_suffix(suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("output", encoding="utf-8")
    return path


def failed(*tasks: str, **fault: Any) -> Story:
    story = Story(roadmap=str(Path.cwd() / "list.yaml")).session().plan(*tasks)
    for at, task in enumerate(tasks):
        story.attempt(task, at, at + 1, end="failed", failure=failure(**fault))
    return story


def test_failures_that_are_alike_stand_together_most_first_and_all_are_told(journal: Path) -> None:
    story = (
        Story().session().plan("a", "b", "c", "d").attempt("a", 0, 1, end="failed", failure=failure("auth"))
    )
    for task in "bcd":
        story.attempt(task, 0, 1, end="failed", failure=failure("timeout"))
    groups = failures_of(story.told(), journal)
    assert [(group["class"], group["count"]) for group in groups] == [("timeout", 3), ("auth", 1)]
    assert [task["task"] for group in groups for task in group["tasks"]] == ["b", "c", "d", "a"]


def test_the_log_named_is_the_one_that_tells_why_also_of_odd_ids(journal: Path) -> None:
    odd = "Monat 1/ä b"
    work, check = write_log(journal, odd, 1), write_log(journal, odd, 1, ".verify.log")
    by_work = failures_of(failed(odd).told(), journal)[0]["tasks"][0]
    by_check = failures_of(failed(odd, class_="verify_failed").told(), journal)[0]["tasks"][0]
    assert (by_work["log"], by_check["log"]) == (str(work), str(check))
    assert failures_of(failed("silent").told(), journal)[0]["tasks"][0]["log"] == ""


def test_a_failure_leads_to_its_tip_its_log_and_the_command_for_again(journal: Path) -> None:
    write_log(journal, "b", 1)
    found = steps(failed("a", "b", "c", "d", tip="Set a valid key.").end("failed", 1), journal)
    assert found[0] == (
        "Mend what made a, b, c and 1 more fail (exit_code). Set a valid key.",
        "beast logs b --run r1",
    )
    assert found[1][1] == "beast run list.yaml --retry-failed"
    assert "same options" in found[1][0]


def test_many_causes_name_the_most_frequent_and_point_to_the_rest(journal: Path) -> None:
    story = Story().session().plan(*"abcde")
    for task in "abcde":
        story.attempt(task, 0, 1, end="failed", failure=failure(cause=f"because of {task}"))
    told = [what for what, _ in steps(story.end("failed", 1), journal)]
    assert sum(what.startswith("Mend what made") for what in told) == 3
    assert "Mend 2 more causes: see what failed" in told


def test_what_is_blocked_is_named_with_what_it_waits_for(journal: Path) -> None:
    story = failed("a").plan("a", "b", "c").end("failed", 1, blocked={"b": "a", "c": "a"})
    assert "Blocked until a is done, then they start by themselves: b, c" in [
        what for what, _ in steps(story, journal)
    ]


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ({"reason": "held", "until_unix": UNIX_S}, "same options from 2027-01-15 08:00:00 UTC on"),
        ({"reason": "budget", "until_unix": None}, "the budget of attempts of this session is used up"),
        ({"reason": "spent", "until_unix": None}, "give a higher --budget"),
        ({"reason": "time", "until_unix": None}, "the time of this session is used up"),
    ],
    ids=["held", "budget", "spent", "time"],
)
def test_a_run_that_was_held_goes_on_with_the_same_command(
    journal: Path, end: dict[str, Any], says: str
) -> None:
    (what, command), *_ = steps(
        Story(roadmap="/elsewhere/l.md").session().plan("a").end("held", 75, **end), journal
    )
    assert says in what
    assert command == "beast run /elsewhere/l.md"


def test_a_run_at_work_is_looked_at_and_a_killed_one_goes_on(journal: Path) -> None:
    story = Story().session().plan("a").start("a", at=1.0)
    assert steps(story, journal)[0] == ("The run is still at work: look again", "beast status r1")
    what, command = steps(story, journal, alive=False)[0]
    assert what.startswith("The runner was killed. 1 task still to do")
    assert command.startswith("beast run ")


def test_a_roadmap_made_by_a_program_is_run_by_that_program_again(journal: Path) -> None:
    story = (
        Story(roadmap="python:Mine").session().plan("a").attempt("a", 0, 1, end="failed", failure=failure())
    )
    found = steps(story.end("failed", 1), journal)
    assert ("Then run what failed again: the same program, with run(…, failed=True)", "") in found
    assert not [command for _, command in found if command.startswith("beast run")]


def test_while_a_run_is_at_work_nobody_is_told_to_start_a_second(journal: Path) -> None:
    found = steps(failed("a").start("b", at=5.0), journal)
    assert not [command for _, command in found if command.startswith("beast run")]


def test_a_home_of_its_own_is_part_of_every_command(journal: Path) -> None:
    found = steps(failed("a b").end("failed", 1), Path("/tmp/my home/journal.db"))
    assert [command for _, command in found if command.startswith("beast run")] == [
        "beast run list.yaml --home '/tmp/my home' --retry-failed"
    ]


def test_where_all_is_done_nothing_is_left_but_to_check(journal: Path) -> None:
    found = steps(Story().session().plan("a").attempt("a", 0, 1).end(), journal)
    assert found[0] == ("Nothing is left to do", "")
    assert found[1][1] == "python scripts/check_report.py .beast/journal.db .beast/r/report.json"


def test_a_list_inside_a_file_is_named_so_that_it_can_be_typed(journal: Path) -> None:
    story = Story(roadmap=f"{Path.cwd() / 'tasks.json'}#next").session().plan("a")
    assert list_of(story.told()) == ["tasks.json", "--tag", "next"]
    story.attempt("a", 0, 1, end="failed", failure=failure("auth"))
    assert "beast run tasks.json --tag next --retry-failed" in [
        command for _, command in steps(story, journal, alive=False)
    ]


def test_a_run_that_somebody_has_paused_says_how_it_goes_on(journal: Path) -> None:
    story = Story(roadmap=str(Path.cwd() / "list.yaml")).session().plan("a", "b").attempt("a", 0, 1)
    asked = story.add(CONTROL, data={"action": "pause", "by": "me"}).told().last_seq
    story.add(CONTROLLED, data={"control": asked, "action": "pause", "acts": True, "effect": "paused"})
    assert steps(story, journal)[0][1] == "beast resume r1"
    assert "beast resume r1" in [
        command for _, command in steps(story.end("interrupted"), journal, alive=False)
    ]


def test_at_a_gate_of_the_list_nothing_has_failed_and_one_step_says_what_to_do(journal: Path) -> None:
    at_gate = {"passed": False, "failure": failure("gate", "the list wants a word", "Look.")}
    story = (
        Story(roadmap=str(Path.cwd() / "list.yaml")).session().plan("look").add(GATE, "look", data=at_gate)
    )
    found = steps(story.end("failed"), journal, alive=False)
    assert [command for _, command in found[:-1]] == ["beast approve r1 look"]
    assert not [what for what, _ in found if "Mend" in what]
