"""The fold of a run's events: one story a rule, and any legal sequence against what a person would note down."""

from __future__ import annotations

import math

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from beastmode import events
from beastmode.events import (
    ANSWERED,
    APPROVED,
    CANCELLED,
    CONTROL,
    CONTROLLED,
    GATE,
    LIMITS,
    PAUSED,
    PLANNED,
    RESET,
    SELECTED,
)
from beastmode.runner.progress import Progress
from beastmode.settings import Rate
from tests.runner.story import UNIX_S, Story, failure


def test_a_task_goes_from_pending_through_waiting_to_done() -> None:
    story = Story().session().plan("a", a={"title": "T", "phases": ["M", "W"], "category": "docs", "line": 7})
    view = story.told().tasks["a"]
    assert (view.state, view.title, view.phases, view.line) == ("pending", "T", ("M", "W"), 7)
    story.start("a", at=1.0)
    assert story.told().tasks["a"].open_attempt == 1
    story.stop("a", at=2.0, end="retry", failure=failure(), until_unix=UNIX_S + 5)
    view = story.told().tasks["a"]
    assert (view.state, view.counted, view.reason, view.until_unix) == ("waiting", 1, "exit_code", UNIX_S + 5)
    view = story.attempt("a", 5.0, 6.0, 2).told().tasks["a"]
    assert (view.state, view.attempts, view.counted, view.failure) == ("done", 2, 1, None)


def test_a_step_is_the_state_of_its_task_until_the_attempt_ends() -> None:
    story = Story().session().plan("a").start("a", at=0)
    assert story.told().tasks["a"].state == "running"
    assert story.step("a", "verifying", at=1).told().tasks["a"].state == "verifying"
    assert story.step("a", "merging", at=2).told().tasks["a"].state == "merging"
    assert story.stop("a", at=3).told().tasks["a"].state == "done"
    assert story.told().attempts[0].steps == (("verifying", 1_000_000), ("merging", 2_000_000))


def test_what_was_being_verified_when_its_runner_was_killed_begins_again() -> None:
    story = Story().session().plan("a", "b").start("a").step("a", "verifying")
    assert story.session().told().tasks["a"].state == "pending"
    story.add(events.CANCELLED, "b").start("b").step("b", "verifying")
    assert story.told().tasks["b"].state == "cancelled"


def test_a_throttle_does_not_count_and_a_failure_keeps_its_tip() -> None:
    story = Story().session().plan("a").attempt("a", 1, 2, end="waiting", failure=failure("rate_limit"))
    assert story.told().tasks["a"].counted == 0
    view = (
        story.attempt("a", 3, 4, 2, end="failed", failure=failure("auth", tip="Set a key.")).told().tasks["a"]
    )
    assert (view.state, view.counted, (view.failure or {})["tip"]) == ("failed", 1, "Set a key.")


def test_a_new_session_frees_what_only_waited_or_was_blocked_and_keeps_results() -> None:
    story = Story().session().plan("a", "b", "c", "d").attempt("a", 1, 2).attempt("b", 1, 2, end="failed")
    story.attempt("c", 2, 3, end="retry").end("failed", 1, blocked={"d": "b"})
    told = story.told()
    assert (told.tasks["d"].state, told.tasks["d"].reason) == ("blocked", "b")
    again = story.session(at=10.0).told()
    assert {name: view.state for name, view in again.tasks.items()} == {
        "a": "done",
        "b": "failed",
        "c": "pending",
        "d": "pending",
    }


def test_a_kill_is_seen_and_what_it_cut_off_ended_no_later_than_its_last_word() -> None:
    story = Story().session(at=1.0).plan("a").start("a", at=2.0).start("b", at=3.0)
    assert story.told().unclean
    story.session(at=60.0).stop("a", end="interrupted")
    told = story.told()
    first = told.attempts[0]
    assert (first.killed, first.ended_us, first.end) == (True, 3_000_000, "interrupted")
    assert (told.tasks["a"].state, told.tasks["a"].counted) == ("pending", 0)


def test_a_reset_forgets_the_result_and_its_tries_but_not_how_many_attempts_there_were() -> None:
    story = Story().session().plan("a").attempt("a", 1, 2, end="failed", failure=failure())
    view = story.add(RESET, "a", data={"reason": "changed"}).told().tasks["a"]
    assert (view.state, view.counted, view.attempts, view.failure) == ("pending", 0, 1, None)


def test_the_list_as_it_is_now_wins() -> None:
    story = Story().session().plan("a", "b").attempt("a", 1, 2).session(at=5.0)
    story.add(
        PLANNED, data={"tasks": [{"id": "a", "state": "done"}, {"id": "c", "state": "done"}], "gone": ["b"]}
    )
    assert {name: view.state for name, view in story.told().tasks.items()} == {"a": "done", "c": "skipped"}


def test_what_was_not_selected_is_skipped_until_the_next_session() -> None:
    story = Story().session().plan("a", "b").add(SELECTED, data={"skipped": ["b"]})
    assert story.told().tasks["b"].state == "skipped"
    assert story.end().session(at=5.0).told().tasks["b"].state == "pending"


def test_a_cancelled_task_stays_cancelled_unless_it_was_done_all_the_same() -> None:
    story = (
        Story().session().plan("a", "b").start("a", at=1.0).start("b").add(CANCELLED, "a").add(CANCELLED, "b")
    )
    story.stop("a", at=2.0, end="cancelled").stop("b")
    assert [view.state for view in story.told().tasks.values()] == ["cancelled", "done"]


def test_kinds_of_events_that_it_does_not_know_are_kept_as_evidence() -> None:
    story = Story().session().add("moon_phase", data={"full": True}).add(PAUSED, data={"seconds": 1.0})
    told = story.told()
    assert [event.kind for event in told.evidence] == ["moon_phase", "paused"]
    assert told.last_seq == 4


def test_settings_and_rates_are_those_of_the_last_session() -> None:
    assert Progress(1).settings == {}
    assert Progress(1).rates == ()
    told = Story().session(3, Rate(8, 1.0)).end().session(1, Rate(2, 60.0)).told()
    assert (told.settings["concurrency"], told.rates) == (1, (Rate(2, 60.0),))


def test_how_long_ago_the_last_word_was_is_told_by_the_clock_that_can_know() -> None:
    assert Progress(1).ended_s_ago(0.0, 0.0, "b") == math.inf
    told = Story().session(boot="b", at=5.0).told()
    assert told.ended_s_ago(8.0, 0.0, "b") == 3.0, "one boot: the monotonic clock"
    assert told.ended_s_ago(8.0, UNIX_S + 105.0, "other") == 100.0, "across boots: the wall clock"
    assert told.ended_s_ago(0.0, UNIX_S, "other") == 0.0, "a wall clock that was set back says nothing"


def test_an_event_is_placed_in_the_session_that_recorded_it() -> None:
    story = Story().add(PAUSED).session().add(PAUSED).end().session().add(PAUSED)
    told = story.told()
    assert [told.session_of(event) for event in told.evidence] == [0, 1, 2]


class AnyRun(RuleBasedStateMachine):
    """Any order in which a runner may record; beside it what a person would note down."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story().session().plan("a", "b", "c")
        self.states = dict.fromkeys("abc", "pending")
        self.attempts, self.counted, self.open = dict.fromkeys("abc", 0), dict.fromkeys("abc", 0), set[str]()
        self.at_work, self.sessions = True, 1

    def teardown(self) -> None:
        one_by_one = Progress(1, keep_attempts=True)
        for event in self.story.events:
            one_by_one.apply(event)
        assert one_by_one == self.story.told()

    @precondition(lambda self: self.at_work)
    @rule(task=st.sampled_from("abc"))
    def starts(self, task: str) -> None:
        if self.states[task] in ("pending", "waiting") and task not in self.open:
            self.attempts[task] += 1
            self.open.add(task)
            self.states[task] = "running"
            self.story.now += 1.0
            self.story.start(task, self.attempts[task])

    @precondition(lambda self: self.at_work)
    @rule(
        task=st.sampled_from("abc"),
        end=st.sampled_from(["done", "retry", "waiting", "failed", "interrupted"]),
    )
    def ends(self, task: str, end: str) -> None:
        if task in self.open:
            self.open.remove(task)
            self.counted[task] += end in ("retry", "failed")
            self.states[task] = {"retry": "waiting", "interrupted": "pending"}.get(end, end)
            self.story.now += 1.0
            self.story.stop(task, self.attempts[task], end=end)

    @precondition(lambda self: self.at_work)
    @rule(task=st.sampled_from("abc"))
    def resets(self, task: str) -> None:
        if task not in self.open:
            self.states[task], self.counted[task] = "pending", 0
            self.story.add(RESET, task)

    @precondition(lambda self: self.at_work)
    @rule(clean=st.booleans())
    def leaves(self, clean: bool) -> None:
        if clean and not self.open:
            self.story.end()
            self.at_work = False
        elif not clean:
            self.at_work = False

    @precondition(lambda self: not self.at_work)
    @rule()
    def comes_back(self) -> None:
        self.story.now += 10.0
        self.story.session()
        for task in sorted(self.open):
            self.story.stop(task, self.attempts[task], end="interrupted")
        loose = ("running", "waiting")
        self.states = {task: "pending" if state in loose else state for task, state in self.states.items()}
        self.open.clear()
        self.at_work, self.sessions = True, self.sessions + 1

    @invariant()
    def tells_the_same(self) -> None:
        told = self.story.told()
        assert {name: view.state for name, view in told.tasks.items()} == self.states
        assert {name: view.attempts for name, view in told.tasks.items()} == self.attempts
        assert {name: view.counted for name, view in told.tasks.items()} == self.counted
        assert {name for name, view in told.tasks.items() if view.open_attempt} == self.open
        assert len(told.attempts) == sum(self.attempts.values())
        assert len(told.sessions) == self.sessions
        assert told.unclean == (told.sessions[-1].ended is None)


TestAnyRun = AnyRun.TestCase


def test_work_that_was_sent_back_used_up_no_try_and_is_remembered_until_the_task_is_reset() -> None:
    story = Story().session().plan("a")
    story.attempt("a", 0, 1, end="retry", failure=failure("merge_conflict"), branch="beast/r1/task/a")
    view = story.told().tasks["a"]
    assert view.code is not None
    assert (view.state, view.counted, view.code.sent_back, view.code.merged) == ("waiting", 0, 1, False)
    again = story.add(events.RESET, "a", data={"reason": "asked"}).told().tasks["a"]
    assert again.code is not None
    assert (again.state, again.code.sent_back, again.code.branch) == ("pending", 0, "beast/r1/task/a")


def test_what_a_proof_or_a_merge_said_holds_until_another_says_more_or_it_succeeds() -> None:
    conflict = {"failure": failure("merge_conflict")}
    for end, facts, said in (("done", {}, None), ("retry", conflict, (3, "merge"))):
        story = Story().session().plan("a")
        story.attempt("a", 0, 1, end="retry", failure=failure("verify_failed"), branch="b", proof="check")
        view = story.attempt("a", 1, 2, 2, end="retry", failure=failure("no_change")).told().tasks["a"]
        assert view.code is not None
        assert view.code.unproven == (1, "check")
        later = story.attempt("a", 2, 3, 3, end=end, **facts).told().tasks["a"]
        assert later.code is not None
        assert (later.code.unproven, later.code.rounds) == (said, 1)


def test_what_attempts_have_used_adds_up() -> None:
    story = Story().session().plan("a")
    story.attempt("a", 0, 1, end="retry", failure=failure(), usage={"requests": 3, "cost_usd": 0.5})
    story.attempt("a", 2, 3, 2, usage={"requests": 1, "cost_usd": 0.25}, branch="b", commit="c", merged=True)
    code = story.told().tasks["a"].code
    assert code is not None
    assert code.usage == {"requests": 4, "cost_usd": 0.75}
    assert (code.branch, code.commit, code.merged) == ("b", "c", True)


def test_a_person_s_word_counts_and_is_no_part_of_the_session_before_it() -> None:
    story = Story().session().plan("a", "b", "c")
    for at, task in enumerate("abc"):
        story.attempt(task, at, at + 0.5, end="needs_person", failure=failure("merge_red"), branch=task)
    story.end(at=4).now = 5000.0
    story.add(events.MERGING, "a", data={"commit": "x"}).add(
        events.ACCEPTED, "a", data={"commit": "x", "branch": "a"}
    )
    story.add(events.REJECTED, "b").add(events.REDO, "c", data={"note": "Greet them."})
    told = story.told()
    assert [told.tasks[task].state for task in "abc"] == ["done", "cancelled", "pending"]
    taken, again = told.tasks["a"].code, told.tasks["c"].code
    assert taken is not None
    assert again is not None
    assert (taken.commit, taken.merged, taken.reviewed, taken.merging) == ("x", True, True, None)
    assert (again.note, told.tasks["c"].failure) == ("Greet them.", None)
    assert told.sessions[-1].last_us == 4_000_000


def test_a_pause_holds_from_its_effect_on_and_until_the_next_says_otherwise() -> None:
    story = Story().session().plan("a").add(CONTROL, data={"action": "pause"})
    assert not story.told().people.paused
    story.add(CONTROLLED, data={"control": 4, "action": "pause", "acts": True, "effect": "paused"})
    story.add(CONTROL, "a", data={"action": "pause"})
    story.add(CONTROLLED, "a", data={"control": 6, "action": "pause", "acts": True, "effect": "paused"})
    people = story.session().told().people
    assert (people.paused, people.paused_tasks, people.unanswered) == (True, {"a"}, [])
    story.add(CONTROL, data={"action": "resume"})
    assert [event.data["action"] for event in story.told().people.unanswered] == ["resume"]
    story.add(CONTROLLED, data={"control": 9, "action": "resume", "acts": True, "effect": "goes on"})
    assert not story.told().people.paused


def test_what_a_person_says_is_no_word_of_the_runner() -> None:
    story = Story().session(at=1.0).plan("a").start("a", at=2.0)
    story.now = 9.0
    told = story.add(CONTROL, data={"action": "pause"}).told()
    assert told.sessions[-1].last_us == 2_000_000


def test_cancelling_a_run_takes_all_that_has_no_result() -> None:
    story = Story().session().plan("a", "b", "c", "d").attempt("a", 1, 2).attempt("b", 1, 2, end="failed")
    told = story.start("c").add(CANCELLED).told()
    assert [view.state for view in told.tasks.values()] == ["done", "failed", "cancelled", "cancelled"]


def test_a_gate_waits_with_its_reason_until_it_is_approved() -> None:
    closed = {"passed": False, "failure": {"class": "gate", "cause": "c", "tip": "t"}}
    story = Story().session().plan("a", "b", a={"gate": "before"}, b={"gate": "only"})
    told = story.add(GATE, "a", data=closed).add(GATE, "b", data=closed).told()
    assert [view.state for view in told.tasks.values()] == ["needs_person"] * 2
    assert told.people.gate_of("a") == "before"
    told = story.add(APPROVED, "a").add(APPROVED, "b").add(GATE, "b", data={"passed": True}).told()
    assert [(view.state, view.failure) for view in told.tasks.values()] == [("pending", None), ("done", None)]
    assert told.people.gate_of("a") == ""


def test_a_list_may_drop_its_gate() -> None:
    story = Story().session().plan("a", a={"gate": "before"}).session().plan("a")
    assert story.told().people.gate_of("a") == ""


def test_a_note_is_kept_until_the_task_begins_anew() -> None:
    story = Story().session().plan("a").add(ANSWERED, "a", data={"note": "n"})
    assert story.told().people.notes == {"a": "n"}
    assert story.add(RESET, "a").told().people.notes == {}


def test_limits_of_a_person_hold_over_a_restart_and_others_do_not() -> None:
    story = Story().session(3).add(LIMITS, data={"concurrency": 1, "reason": "person"})
    story.add(LIMITS, data={"concurrency": 2, "reason": "auto"})
    assert story.told().people.limits == {"concurrency": 1}
    assert story.told().settings["concurrency"] == 2
