"""What is foreseen of a list: from what its home has seen, under the limits that a run would have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beastmode import run
from beastmode.compose.opening.foreseeing import Question, at_start, case_of, limits_of
from beastmode.compose.opening.history import QUICK, Bounds, pasts_in
from beastmode.compose.opening.planning import question_of
from beastmode.compose.opening.request import Request
from beastmode.errors import JournalError
from beastmode.events import ATTEMPT_ENDED, ATTEMPT_STARTED, ESTIMATED, PLANNED, SESSION_STARTED
from beastmode.runner.code.coding import CodingSettings, ModelServer
from beastmode.runner.foreseeing.estimate import estimate
from beastmode.runner.graph import graph_of
from beastmode.runner.home import journal_path
from beastmode.runner.progress import Progress
from beastmode.runner.resume import Selection, plan_session
from beastmode.runner.roadmap import Phase, Roadmap, Task, TaskOptions
from beastmode.runner.work import Coding, Command
from beastmode.settings import Rate, RunSettings
from beastmode.store.journal.journal import Journal, JournalReader
from tests.runner.workplace import in_a_loop

QUIET = Command(("true",))
FAILING = Command(("false",))


def asked(roadmap: Roadmap, home: Path, **more: Any) -> Request:
    return Request(roadmap, home=home, **more)


def about(roadmap: Roadmap, home: Path, settings: RunSettings | None = None) -> Question:
    plan = plan_session(roadmap, Progress(0), Selection())
    return Question(plan, graph_of(roadmap), settings or RunSettings(), "key", home)


def estimated(home: Path) -> list[dict[str, Any]]:
    """What runs of a home were to take when they began."""
    reader = JournalReader(journal_path(home))
    try:
        runs = [one.run for one in reader.runs()]
        return [event.data for one in runs for event in reader.events(one) if event.kind == ESTIMATED]
    finally:
        reader.close()


def test_every_run_records_what_it_was_to_take_and_the_second_knows_the_first(tmp_path: Path) -> None:
    tasks = Roadmap([Task("a", QUIET), Task("b", QUIET)])
    for _ in range(2):
        run(tasks, home=tmp_path, fresh=True, rates=())
    first, second = estimated(tmp_path)
    assert (first["tasks"], first["guessed"]) == (2, 1.0)
    assert second["source"] == "from the same tasks run here before"
    assert second["seconds"]["high"] < first["seconds"]["high"] / 10
    assert pasts_in(tmp_path)[0].like.kind == "command"


def test_what_goes_on_is_estimated_for_what_is_left(tmp_path: Path) -> None:
    tasks = Roadmap([Task("a", QUIET), Task("b", FAILING), Task("c", QUIET, needs=("b",))])
    run(tasks, home=tmp_path, retries=0)
    left = question_of(asked(tasks, tmp_path), tasks)
    assert left.known == "r1 has done 1: this is for the other 1"
    again = question_of(asked(tasks, tmp_path, selection=Selection(failed=True)), tasks)
    assert again.known == "r1 has done 1: this is for the other 2"
    assert estimate(case_of(again.question)).tasks == 2


def test_of_a_list_that_is_done_it_is_for_all_of_it_again(tmp_path: Path) -> None:
    tasks = Roadmap([Task("a", QUIET)])
    run(tasks, home=tmp_path)
    planned = question_of(asked(tasks, tmp_path), tasks)
    assert "--fresh" in planned.known
    assert estimate(case_of(planned.question)).tasks == 1
    assert question_of(asked(tasks, tmp_path, fresh=True), tasks).known == ""


def test_what_the_list_calls_done_or_holds_back_is_not_estimated(tmp_path: Path) -> None:
    tasks = Roadmap(
        [Task("a", state="done"), Task("b", state="held"), Task("c", QUIET), Task("d", QUIET, needs=("b",))]
    )
    case = case_of(about(tasks, tmp_path))
    assert case.scene.over == {0}
    assert case.scene.held == {1}
    assert case.to_run == [2, 3]


def test_limits_are_those_of_the_run() -> None:
    settings = RunSettings(concurrency=5, rates=(Rate(2, 1.0),))
    assert limits_of(settings, None).rates == (Rate(2, 1.0),)
    server = ModelServer(rates=(Rate(1, 1.0),), concurrency=4)
    paced = limits_of(settings, CodingSettings(server=server, check_at_once=2))
    assert (paced.rates, paced.asking, paced.asking_rates, paced.checks) == ((), 4, (Rate(1, 1.0),), 2)
    elsewhere = limits_of(settings, CodingSettings(server=ModelServer(gateway="http://h"), merge="none"))
    assert (elsewhere.asking, elsewhere.rates, elsewhere.merging) == (None, (), None)
    assert limits_of(settings, CodingSettings(server=None)).rates == (Rate(2, 1.0),)


def test_tasks_that_say_only_what_are_code_where_no_command_does_them(tmp_path: Path) -> None:
    tasks = Roadmap([Task("a"), Task("b", QUIET)])
    code = question_of(asked(tasks, tmp_path, coding={"agent": Coding("codex")}), tasks).question
    assert case_of(code).code == {0}
    assert case_of(code).pools[0].source.startswith("a guess")
    assert question_of(asked(tasks, tmp_path, coding={}, command=QUIET), tasks).question.coding is None


def test_how_long_a_person_takes_is_left_out(tmp_path: Path) -> None:
    gate = Task("look", options=TaskOptions(gate="only"))
    tasks = Roadmap([gate, Task("b")])
    case = case_of(question_of(asked(tasks, tmp_path, coding={}), tasks).question)
    assert case.code == {1}
    alone = estimate(case_of(about(Roadmap([gate]), tmp_path)))
    assert (alone.seconds.high < 0.01, alone.source.startswith("only a person's word is wanted")) == (
        True,
        True,
    )
    beside = estimate(case_of(about(Roadmap([gate, Task("b", QUIET)]), tmp_path)))
    assert beside.source == "a guess: nothing like it has been run here"


def test_a_long_list_without_order_is_sampled_and_one_with_an_order_is_left_out(tmp_path: Path) -> None:
    flat = Roadmap([Task(f"t{at}", QUIET) for at in range(6_000)])
    told = at_start(about(flat, tmp_path))
    assert told is not None
    assert told.tasks == 6_000
    halves = [Phase("one", [*flat.children[:3_000]]), Phase("two", [*flat.children[3_000:]])]
    assert at_start(about(Roadmap(halves, order="sequence"), tmp_path)) is None


@in_a_loop
async def test_however_long_a_run_was_its_beginning_and_its_end_are_read(tmp_path: Path) -> None:
    journal = Journal(journal_path(tmp_path), "process")
    one = journal.new_run({"roadmap": "/l"})
    journal.append(SESSION_STARTED, one, data={"settings": {}})
    journal.append(PLANNED, one, data={"tasks": [{"id": f"t{at}", "kind": "http"} for at in range(500)]})
    for at in range(500):
        journal.append(ATTEMPT_STARTED, one, f"t{at}", 1)
        await journal.append(ATTEMPT_ENDED, one, f"t{at}", 1, {"end": "done"})
    await journal.close()
    pasts = pasts_in(tmp_path, Bounds(1, 20, 2_000))
    assert [past.like.task for past in pasts] == [f"t{at}" for at in range(490, 500)]
    assert {past.like.kind for past in pasts} == {"http"}
    assert len(pasts_in(tmp_path, QUICK)) == QUICK.events // 2


def test_a_home_that_cannot_be_read_stops_no_run_but_is_told_to_who_asks(tmp_path: Path) -> None:
    tasks = Roadmap([Task("a", QUIET)])
    run(tasks, home=tmp_path)
    journal_path(tmp_path).write_bytes(b"no journal at all" * 100)
    with pytest.raises(JournalError):
        question_of(asked(tasks, tmp_path), tasks)


def test_no_run_is_no_history(tmp_path: Path) -> None:
    assert pasts_in(tmp_path) == []
    assert json.dumps(estimate(case_of(about(Roadmap([Task("a", QUIET)]), tmp_path))).as_json())
