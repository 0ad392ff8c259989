"""What is left to do when a run goes on: what is noticed, what spreads, what a person may ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.errors import RoadmapError
from beastmode.events import ANSWERED, APPROVED, GATE
from beastmode.runner.policy import Tries
from beastmode.runner.progress import Progress
from beastmode.runner.resume import Plan, Selection, fingerprint, names, opening_events, plan_session
from beastmode.runner.roadmap import Phase, Roadmap, Task, TaskOptions
from beastmode.runner.views import TaskView
from beastmode.runner.work import Call, Command, Http
from tests.runner.story import Story, flat

MAKE = Command(("make", "{id}"))
NO = Selection()
BASE = Task("t", MAKE, options=TaskOptions(verify=Command(shell="test -e x")))

SAME = {
    "timeout": replace(BASE, options=replace(BASE.options, timeout_s=5.0)),
    "retries": replace(BASE, options=replace(BASE.options, retries=9)),
    "priority": replace(BASE, options=replace(BASE.options, priority=3)),
    "category": replace(BASE, options=replace(BASE.options, category="docs")),
    "touches": replace(BASE, options=replace(BASE.options, touches=("src/",))),
    "title of a task with work": replace(BASE, title="Another title"),
    "line": replace(BASE, line=77),
    "needs": replace(BASE, needs=("other",)),
}
OTHER = {
    "arguments": replace(BASE, work=Command(("make", "all"))),
    "shell": replace(BASE, work=Command(shell="make")),
    "environment": replace(BASE, work=replace(MAKE, env={"A": "1"})),
    "folder": replace(BASE, work=replace(MAKE, cwd="sub")),
    "kind": replace(BASE, work=Http("http://127.0.0.1/")),
    "verify": replace(BASE, options=replace(BASE.options, verify=Command(shell="false"))),
    "no verify": replace(BASE, options=replace(BASE.options, verify=None)),
}


@pytest.mark.parametrize("name", SAME)
def test_how_a_task_is_run_is_not_part_of_its_fingerprint(name: str) -> None:
    assert fingerprint(SAME[name]) == fingerprint(BASE)


def test_what_a_task_does_is() -> None:
    prints = {name: fingerprint(task) for name, task in OTHER.items()}
    assert len({*prints.values(), fingerprint(BASE)}) == len(OTHER) + 1, prints


def test_the_words_of_a_task_are_what_it_does_where_they_are_all_there_is() -> None:
    told = Task("t", title="Write the page", details="In blue.")
    assert fingerprint(told) != fingerprint(replace(told, title="Write a page"))
    assert fingerprint(told) != fingerprint(replace(told, details="In red."))


def test_a_function_is_known_by_its_name_and_requests_by_all_they_send() -> None:
    def work() -> None: ...

    assert fingerprint(Task("t", Call(work))) == fingerprint(Task("t", Call(work)))
    assert fingerprint(Task("t", Call("a:b"))) != fingerprint(Task("t", Call("a:c")))
    get = Http("http://127.0.0.1/", body={"a": 1})
    assert fingerprint(Task("t", get)) != fingerprint(Task("t", replace(get, body={"a": 2})))


def recorded(roadmap: Roadmap, **ends: str) -> Progress:
    """A run of `roadmap` in which the named tasks ended so, each in one attempt."""
    story = Story().session()
    for kind, task, number, data in opening_events(plan_session(roadmap, Progress(0), NO), NO):
        story.add(kind, task, number, data)
    for at, (task, end) in enumerate(ends.items()):
        story.attempt(task, at, at + 0.5, end=end)
    return story.end().told()


def states(plan: Plan) -> dict[str, str]:
    return {plan.tasks[index].id: state for index, state in plan.states.items()}


def test_what_has_a_result_is_not_run_again_and_what_used_up_tries_remembers_them() -> None:
    roadmap = flat(*(Task(name, MAKE) for name in ("a", "b", "c", "d")))
    plan = plan_session(roadmap, recorded(roadmap, a="done", b="failed", c="retry"), NO)
    assert states(plan) == {"a": "done", "b": "failed"}
    assert plan.history == {0: (1, Tries()), 1: (1, Tries(counted=1)), 2: (1, Tries(counted=1))}
    assert plan.resets == []


def test_failed_runs_what_failed_again_with_fresh_tries_and_goes_on_counting_attempts() -> None:
    roadmap = flat(Task("a", MAKE), Task("b", MAKE))
    plan = plan_session(roadmap, recorded(roadmap, a="done", b="failed"), Selection(failed=True))
    assert states(plan) == {"a": "done"}
    assert plan.resets == [("b", "asked for with --retry-failed")]
    assert plan.history[1] == (1, Tries())


def test_a_changed_task_runs_again_with_all_that_needs_it_directly_or_not() -> None:
    a, b, c, d = (
        Task("a", MAKE),
        Task("b", MAKE, needs=("a",)),
        Task("c", MAKE, needs=("b",)),
        Task("d", MAKE),
    )
    known = recorded(flat(a, b, c, d), a="done", b="done", c="failed", d="done")
    plan = plan_session(flat(replace(a, work=Command(("other",))), b, c, d), known, NO)
    assert states(plan) == {"d": "done"}
    assert dict(plan.resets) == {
        "a": "it was changed in the list",
        "b": "it needs a, which runs again",
        "c": "it needs b, which runs again",
    }


@given(
    st.lists(st.sets(st.integers(0, 11), max_size=3), min_size=12, max_size=12), st.sets(st.integers(0, 11))
)
def test_a_reset_spreads_exactly_as_far_as_needs_reach(needs: list[set[int]], changed: set[int]) -> None:
    tasks = [Task(f"t{i}", MAKE, needs=tuple(f"t{n}" for n in sorted(needs[i]) if n < i)) for i in range(12)]
    known = recorded(flat(*tasks), **{task.id: "done" for task in tasks})
    now = [replace(t, work=Command(("new",))) if i in changed else t for i, t in enumerate(tasks)]
    plan = plan_session(flat(*now), known, NO)
    reached: set[str] = set()
    for i, task in enumerate(tasks):
        if i in changed or reached & set(task.needs):
            reached.add(task.id)
    assert {task for task, _ in plan.resets} == reached
    assert set(states(plan)) == {task.id for task in tasks} - reached


def test_a_change_below_a_chain_that_is_written_from_its_end_is_spread_in_one_pass() -> None:
    class Counted(dict[str, TaskView]):
        asked = 0

        def get(self, *key: Any) -> Any:
            Counted.asked += 1
            return super().get(*key)

    chain = [Task(f"t{i}", MAKE, needs=(f"t{i + 1}",) if i < 299 else ()) for i in range(300)]
    known = recorded(flat(*chain), **{task.id: "done" for task in chain})
    known.tasks = Counted(known.tasks)
    chain[-1] = replace(chain[-1], work=Command(("other",)))
    assert len(plan_session(flat(*chain), known, NO).resets) == 300
    assert Counted.asked < 4 * 300


def test_a_change_of_what_never_started_resets_nothing() -> None:
    known = recorded(flat(Task("a", MAKE)))
    assert plan_session(flat(Task("a", Command(("other",)))), known, NO).resets == []


def test_attempts_in_flight_at_a_kill_are_recorded_as_interrupted_and_use_up_nothing() -> None:
    roadmap = flat(Task("a", MAKE), Task("b", MAKE))
    known = Story().session().plan("a", "b").start("a", at=1.0).told()
    plan = plan_session(roadmap, known, NO)
    first = next(iter(opening_events(plan, NO)))
    assert first == ("attempt_ended", "a", 1, {"end": "interrupted"})
    assert (states(plan), plan.history) == ({}, {0: (1, Tries())})


def test_tasks_the_list_calls_done_are_skipped_and_those_it_has_no_longer_are_gone() -> None:
    known = recorded(flat(Task("a", MAKE), Task("b", MAKE)), a="done")
    plan = plan_session(flat(Task("b", MAKE, state="done"), Task("c", MAKE)), known, NO)
    assert (states(plan), plan.gone) == ({"b": "skipped"}, ["a"])


MONTHS = Roadmap(
    [
        Phase("Month 1: Fix", [Phase("Week 1", [Task("a", MAKE), Task("b", MAKE, needs=("a",))])]),
        Phase("Month 2", [Task("c", MAKE)]),
        Phase("Month 20", [Task("d", MAKE)]),
    ]
)


def test_only_and_phase_leave_out_the_rest_and_keep_what_is_done() -> None:
    assert plan_session(MONTHS, Progress(0), Selection(only=("a",))).left_out == ["b", "c", "d"]
    assert plan_session(MONTHS, Progress(0), Selection(phase="month 2")).left_out == ["a", "b", "d"]
    assert plan_session(MONTHS, Progress(0), Selection(phase="Week 1")).left_out == ["c", "d"]
    plan = plan_session(MONTHS, recorded(MONTHS, a="done"), Selection(only=("b",)))
    assert states(plan) == {"a": "done", "c": "skipped", "d": "skipped"}


@pytest.mark.parametrize(
    ("selection", "says"),
    [
        (Selection(only=("zz",)), "no task 'zz'"),
        (Selection(phase="Month 3"), "no phase is called 'Month 3'"),
        (Selection(only=("b",)), "'b' needs 'a', which is neither done nor selected"),
    ],
)
def test_an_impossible_selection_is_refused_with_its_reason(selection: Selection, says: str) -> None:
    with pytest.raises(RoadmapError, match=says):
        plan_session(MONTHS, Progress(0), selection)


@pytest.mark.parametrize(
    ("wanted", "title", "does"),
    [
        ("Month 2", "Month 2", True),
        ("month 2", "Month 2: Fix and monitor", True),
        ("Month 2", "Month 20", False),
        ("Month", "Month 20", True),
        ("Week", "Month 2, Week 1", False),
        ("", "Month 1", False),
        ("…", "…", False),
    ],
)
def test_a_phase_is_named_by_the_words_it_begins_with(wanted: str, title: str, does: bool) -> None:
    assert names(wanted, title) is does


def test_a_session_records_the_list_a_thousand_tasks_to_an_event_without_defaults_and_what_is_the_same_once() -> (
    None
):
    tasks = [Task(f"t{i}", MAKE) for i in range(2001)]
    tasks[0] = replace(tasks[0], title="T", options=TaskOptions(category="docs", retries=0), line=3)
    events = list(opening_events(plan_session(flat(*tasks), Progress(0), NO), NO))
    batches: list[Any] = [data for kind, _, _, data in events if kind == "planned"]
    assert [len(batch["tasks"]) for batch in batches] == [1000, 1000, 1]
    assert batches[0]["same"] == {"fingerprint": fingerprint(tasks[1]), "kind": "command"}
    assert batches[0]["tasks"][:2] == [
        {"id": "t0", "title": "T", "category": "docs", "line": 3, "retries": 0},
        {"id": "t1"},
    ]


def at_gates(*approved: str) -> Plan:
    """A session of two gates, at which an earlier one had come to wait."""
    tasks = [
        Task("before", MAKE, options=TaskOptions(gate="before")),
        Task("only", options=TaskOptions(gate="only")),
    ]
    story = Story().session().plan("before", "only", before={"gate": "before"}, only={"gate": "only"})
    for task in ("before", "only"):
        story.add(GATE, task, data={"passed": False, "failure": {"class": "gate"}})
    for task in approved:
        story.add(APPROVED, task)
    return plan_session(flat(*tasks), story.told(), NO)


def test_a_gate_is_asked_for_in_every_session_until_it_is_approved() -> None:
    assert (at_gates().states, at_gates().gates) == ({}, {0: "before", 1: "only"})
    assert at_gates("before").gates == {1: "only"}


def test_gates_that_are_passed_unasked_are_recorded_as_that() -> None:
    plan = at_gates("before")
    plan.pass_gates()
    assert plan.gates == {}
    passed = [event for event in opening_events(plan, NO) if event[0] == APPROVED]
    assert passed == [(APPROVED, "only", 0, {"by": "--gates pass"})]


def test_a_note_of_a_person_goes_to_the_next_session() -> None:
    story = Story().session().plan("a").add(ANSWERED, "a", data={"note": "n"})
    assert plan_session(flat(Task("a", MAKE)), story.told(), NO).notes == {0: "n"}
