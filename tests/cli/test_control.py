"""Control of runs at work, with real runners and real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from beastmode.events import (
    APPROVED,
    ATTEMPT_ENDED,
    ATTEMPT_STARTED,
    CANCELLED,
    CONTROL,
    CONTROLLED,
    LIMITS,
    SESSION_STARTED,
)
from tests.cli.controlling import BEAST, at_work, events, kinds, listed, say, until, working
from tests.cli.inside import beast_inside
from tests.processes import alive, belonging_to, eventually

CHECK = Path(__file__).parents[2] / "scripts" / "check_report.py"


def write(folder: Path, text: str) -> None:
    (folder / "list.yaml").write_text(text, encoding="ascii")


def check(folder: Path) -> None:
    """The report agrees with the journal, and every promise was kept."""
    report = folder / ".beast/runs/r1/report/report.json"
    command = [sys.executable, str(CHECK), str(folder / ".beast/journal.db"), str(report)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_on_a_live_run_of_three_a_limit_of_one_starts_nothing_until_one_may(tmp_path: Path) -> None:
    write(tmp_path, listed("a", "b", "c", "d", "e"))
    with at_work(tmp_path) as run:
        run.began("a", "b", "c")
        assert say(tmp_path, "limits", "--max-concurrency", "1")["when"] == "now"
        run.let_go("a", "b", "d", "e")
        until(tmp_path, ATTEMPT_ENDED, "a")
        until(tmp_path, ATTEMPT_ENDED, "b")
        assert say(tmp_path, "limits")["in_use"] == 1
        run.let_go("c")
        assert run.ended() == 0
    order = kinds(tmp_path)
    starts = [order.index((ATTEMPT_STARTED, task)) for task in "de"]
    assert all(order.index((ATTEMPT_ENDED, task)) < min(starts) for task in "abc")
    check(tmp_path)


def test_a_raised_limit_starts_more_at_once(tmp_path: Path) -> None:
    write(tmp_path, listed("a", "b", "c", concurrency=1))
    with at_work(tmp_path) as run:
        run.began("a")
        assert say(tmp_path, "limits", "r1", "--max-concurrency", "none")["when"] == "now"
        run.began("b", "c")
        run.let_go("a", "b", "c")
        assert run.ended() == 0
    check(tmp_path)


def test_cancelling_a_run_leaves_no_process(tmp_path: Path) -> None:
    write(tmp_path, listed("a", "b", "c", "d"))
    with at_work(tmp_path) as run:
        pids = run.began("a", "b", "c")
        told = say(tmp_path, "cancel", "r1")
        assert (told["when"], run.ended()) == ("now", 1)
    assert not any(map(alive, pids))
    assert not belonging_to(tmp_path)
    status = say(tmp_path, "status")
    assert (status["state"], status["tasks"]["cancelled"]) == ("cancelled", 4)
    assert say(tmp_path, "cancel")["when"] == "nothing"
    check(tmp_path)


def test_cancelling_a_task_ends_it_and_no_other(tmp_path: Path) -> None:
    write(tmp_path, listed("a", "b", "c: " + working("needs: [b]")))
    with at_work(tmp_path) as run:
        pids = run.began("a", "b")
        assert say(tmp_path, "cancel", "b")["when"] == "now"
        eventually(lambda: not alive(pids[1]), "b has ended")
        assert alive(pids[0])
        assert say(tmp_path, "cancel", "b")["effect"] == "is cancelled already"
        run.let_go("a")
        assert run.ended() == 1
    assert say(tmp_path, "status")["tasks"] | {"total": 3} == {
        "total": 3,
        "done": 1,
        "cancelled": 1,
        "blocked": 1,
        "failed": 0,
        "waiting": 0,
        "needs_person": 0,
        "skipped": 0,
    }
    check(tmp_path)


def test_a_paused_run_starts_nothing_and_loses_nothing(tmp_path: Path) -> None:
    write(tmp_path, listed("a", "b", "c", "d", concurrency=2))
    with at_work(tmp_path) as run:
        run.began("a", "b")
        assert say(tmp_path, "pause")["when"] == "now"
        assert say(tmp_path, "pause")["effect"] == "is paused already"
        run.let_go("a", "b", "c", "d")
        until(tmp_path, ATTEMPT_ENDED, "a")
        until(tmp_path, ATTEMPT_ENDED, "b")
        assert (say(tmp_path, "status")["state"], run.process.poll()) == ("paused", None)
        assert say(tmp_path, "resume")["when"] == "now"
        assert run.ended() == 0
    order = [kind for kind, _ in kinds(tmp_path)]
    paused, resumed = (at for at, kind in enumerate(order) if kind == CONTROLLED)
    assert ATTEMPT_STARTED not in order[paused:resumed]
    assert "Paused: what runs is finished" in (tmp_path / "run.err").read_text(encoding="utf-8")
    check(tmp_path)


def test_what_was_asked_for_right_before_a_kill_takes_effect_after_the_restart(tmp_path: Path) -> None:
    write(tmp_path, listed("a", "b", "c", concurrency=1))
    with at_work(tmp_path) as run:
        run.began("a")
        run.stop()
        assert say(tmp_path, "cancel", "b")["when"] == "soon"
        assert say(tmp_path, "limits", "--max-concurrency", "2")["when"] == "soon"
        run.kill()
    told = say(tmp_path, "cancel", "b")
    assert (told["when"], told["effect"][:20]) == ("nothing", "is cancelled already")
    (tmp_path / "a.pid").unlink()
    with at_work(tmp_path) as run:
        run.began("a", "c")
        run.let_go("a", "c")
        assert run.ended() == 1
    order = kinds(tmp_path)
    again = len(order) - 1 - order[::-1].index((SESSION_STARTED, ""))
    assert order.index((CANCELLED, "b")) > again
    assert (ATTEMPT_STARTED, "b") not in order
    assert [kind for kind, _ in order].count(CONTROLLED) == 2
    check(tmp_path)


def test_a_pause_holds_over_a_kill_until_somebody_resumes(tmp_path: Path) -> None:
    write(tmp_path, listed("a", "b", concurrency=1))
    with at_work(tmp_path) as run:
        run.began("a")
        say(tmp_path, "pause")
        say(tmp_path, "pause", "b")
        run.kill()
    with at_work(tmp_path) as run:
        until(tmp_path, SESSION_STARTED, count=2)
        assert say(tmp_path, "pause")["effect"] == "is paused already"
        assert say(tmp_path, "status")["paused"] is True
        run.let_go("a", "b")
        assert "'b'" in say(tmp_path, "resume")["effect"]
        until(tmp_path, ATTEMPT_ENDED, "a", count=2)
        assert say(tmp_path, "resume", "b")["when"] == "now"
        assert run.ended() == 0
    check(tmp_path)


def test_a_limit_holds_over_a_restart_until_a_flag_says_another(tmp_path: Path) -> None:
    write(tmp_path, listed("a", "b", "c", "d"))
    with at_work(tmp_path, "--max-concurrency", "3") as run:
        run.began("a", "b", "c")
        say(tmp_path, "limits", "--max-concurrency", "1")
        run.kill()
    for flag, most in (("3", 1), ("2", 2)):
        with at_work(tmp_path, "--max-concurrency", flag) as run:
            until(tmp_path, SESSION_STARTED, count=4 - int(flag) + 1)
            assert say(tmp_path, "limits")["concurrency"] == most
            run.kill()


def test_limits_said_between_two_sessions_hold_from_the_next_on(tmp_path: Path) -> None:
    write(tmp_path, listed("a: command: 'true'", "b"))
    with at_work(tmp_path) as run:
        run.began("b")
        run.kill()
    told = say(tmp_path, "limits", "--max-concurrency", "1", "--rate", "5/s")
    assert told["when"] == "next"
    with at_work(tmp_path) as run:
        run.let_go("b")
        assert run.ended() == 0
    changed = next(event.data for event in events(tmp_path) if event.kind == LIMITS)
    assert (changed["concurrency"], changed["rates"][0]["starts"]) == (1, 5)
    check(tmp_path)


def test_what_failed_is_done_again_while_the_run_is_at_work(tmp_path: Path) -> None:
    write(tmp_path, listed("a", "b", "c: " + working("needs: [a]")))
    (tmp_path / "a.broken").touch()
    with at_work(tmp_path) as run:
        run.began("a", "b")
        run.let_go("a", "c")
        until(tmp_path, ATTEMPT_ENDED, "a")
        (tmp_path / "a.broken").unlink()
        assert say(tmp_path, "retry", "r1", "a")["when"] == "now"
        until(tmp_path, ATTEMPT_ENDED, "c")
        run.let_go("b")
        assert run.ended() == 0
    assert [event.attempt for event in events(tmp_path) if event.kind == ATTEMPT_STARTED] == [1, 1, 2, 1]
    check(tmp_path)


def test_what_was_cancelled_is_done_again_by_the_next_session(tmp_path: Path) -> None:
    write(tmp_path, listed("a", "b"))
    with at_work(tmp_path) as run:
        run.began("a")
        say(tmp_path, "cancel", "r1")
        run.ended()
    assert say(tmp_path, "retry")["when"] == "next"
    with at_work(tmp_path) as run:
        run.let_go("a", "b")
        assert run.ended() == 0
    check(tmp_path)


GATED = listed(
    "a: command: 'true'",
    "gate: command: 'echo $BEAST_NOTE > note', gate: person, needs: [a]",
    "look: gate: checkpoint, needs: [gate]",
    "z: command: 'true', needs: [look]",
    "other",
)


def test_what_was_cancelled_and_asked_for_again_between_two_sessions_is_done_in_the_next(
    tmp_path: Path,
) -> None:
    write(
        tmp_path, listed("look: gate: checkpoint", "z: command: 'true', needs: [look]", "a: command: 'true'")
    )
    with at_work(tmp_path) as run:
        assert run.ended() == 1
    say(tmp_path, "cancel")
    say(tmp_path, "retry")
    say(tmp_path, "approve", "look")
    with at_work(tmp_path) as run:
        assert run.ended() == 0
    check(tmp_path)


def test_a_gate_is_waited_for_and_opens_while_the_run_is_at_work(tmp_path: Path) -> None:
    write(tmp_path, GATED)
    with at_work(tmp_path) as run:
        until(tmp_path, "gate", "gate")
        assert say(tmp_path, "approve", "other", code=2)["state"] == "error"
        assert say(tmp_path, "answer", "gate", "mind the step")["when"] == "now"
        until(tmp_path, "gate", "look")
        assert say(tmp_path, "status")["gates"] == ["look"]
        assert say(tmp_path, "approve", "r1", "look")["when"] == "now"
        run.let_go("other")
        assert run.ended() == 0
    assert (tmp_path / "note").read_text(encoding="ascii") == "mind the step\n"
    assert "approve r1 gate" in (tmp_path / "run.err").read_text(encoding="utf-8")
    check(tmp_path)


def test_a_run_that_only_waits_for_a_person_ends_and_goes_on_once_it_is_approved(tmp_path: Path) -> None:
    write(tmp_path, GATED)
    for task in ("gate", "look"):
        with at_work(tmp_path) as run:
            run.let_go("other")
            assert run.ended() == 1
        assert say(tmp_path, "approve", task)["when"] == "next"
        assert say(tmp_path, "approve", task)["when"] == "nothing"
    with at_work(tmp_path) as run:
        assert run.ended() == 0
    assert f"beast approve r1 {task}" in (tmp_path / "run.err").read_text(encoding="utf-8")
    check(tmp_path)


def test_gates_may_be_passed_by_a_flag_and_that_is_recorded(tmp_path: Path) -> None:
    write(tmp_path, GATED)
    with at_work(tmp_path, "--gates", "pass") as run:
        run.let_go("other")
        assert run.ended() == 0
    passed = [event for event in events(tmp_path) if event.kind == APPROVED]
    assert [(event.task, event.data["by"]) for event in passed] == [
        ("gate", "--gates pass"),
        ("look", "--gates pass"),
    ]
    check(tmp_path)


def test_what_is_not_there_is_refused_with_what_is_near(tmp_path: Path) -> None:
    write(tmp_path, listed("build: command: 'true'"))
    with at_work(tmp_path) as run:
        run.ended()

    def refused(*arguments: str) -> dict[str, Any]:
        ended = beast_inside(tmp_path, *arguments, "--json")
        assert ended.returncode == 2
        error: dict[str, Any] = json.loads(ended.stdout)["error"]
        return error

    assert say(tmp_path, "pause", "buld", code=2)["error"] == refused("pause", "buld")
    for command in ("pause", "resume", "cancel", "retry", "approve"):
        assert "'build'" in refused(command, "buld")["tip"]
        assert "r9" in refused(command, "r9", "build")["what"]
    assert refused("limits", "--rate", "fast")["where"] == "--rate"
    assert refused("limits", "--tokens", "9/min")["where"] == "--tokens"
    assert not [event for event in events(tmp_path) if event.kind == CONTROL]


def test_in_words_it_says_what_has_come_of_it(tmp_path: Path) -> None:
    write(tmp_path, listed("build: command: 'true'"))
    with at_work(tmp_path) as run:
        run.ended()
    told = subprocess.run([*BEAST, "pause"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert told.stdout.startswith("r1: asked for. It takes effect when `beast run list.yaml` goes on: paused")
    shown = subprocess.run([*BEAST, "status"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "asked for    pause: takes effect when the run goes on" in shown.stdout
    report = json.loads((tmp_path / ".beast/runs/r1/report/report.json").read_text(encoding="utf-8"))
    assert report["people"] == []
