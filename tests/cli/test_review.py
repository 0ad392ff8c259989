"""`beast review`, `diff` and `merge` in the morning: look, take, give up, have done again, bring home."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beastmode.cli.app import answer
from beastmode.runner.lock import RunLock
from beastmode.runner.resume import Selection, plan_session
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding
from tests.cli.reviewed import Morning, morning_of
from tests.repositories import committed, git
from tests.runner.story import flat

Beast = Callable[..., tuple[int, str, str]]


@pytest.fixture
def morning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Morning:
    monkeypatch.delenv("BEAST_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = morning_of(tmp_path)
    monkeypatch.chdir(made.top)
    return made


@pytest.fixture
def beast(capfd: pytest.CaptureFixture[str]) -> Beast:
    """`beast` in this process: exit code, stdout, stderr; those of git too."""

    def said(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = answer(list(arguments))
        return code, *capfd.readouterr()

    return said


def told(beast: Beast, *arguments: str) -> Any:
    code, out, err = beast(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_the_list_says_who_waits_for_a_person_and_what_nobody_has_looked_at(
    morning: Morning, beast: Beast
) -> None:
    assert morning.home.is_dir()
    code, out, _ = beast("review")
    assert code == 0
    assert out.splitlines()[0] == "r1: 2 tasks in need of a person, 1 not looked at."
    assert "merge_conflict: conflicts with what 'good' changed: page" in out
    listed = told(beast, "review", "r1")
    assert [row["task"] for row in listed["needs_person"]] == ["stuck", "lost"]
    assert [row["task"] for row in listed["unreviewed"]] == ["good"]
    assert listed["needs_person"][0]["usage"] == {"requests": 3, "cost_usd": 0.25}


def test_one_task_is_shown_with_its_failure_cost_change_and_the_words_for_it(
    morning: Morning, beast: Beast
) -> None:
    logs = morning.home / "runs" / "r1" / "logs"
    (logs / "stuck.1.check.log").write_text("all \x1b[2Jgreen\n", encoding="ascii")
    _, out, _ = beast("review", "stuck")
    for part in ("Make it stuck", "needs person, 1 attempt", "0.25 USD, 3 requests", "beast/r1/task/stuck"):
        assert part in out
    assert "all �[2Jgreen" in out
    assert "2 files changed" in out
    assert "beast review r1 stuck --accept" in out
    assert "page was changed by good" in out
    assert told(beast, "review", "r1", "stuck")["logs"] == [
        ".beast/runs/r1/logs/stuck.1.check.log",
        ".beast/runs/r1/logs/stuck.1.merge.log",
    ]


def test_a_conflict_is_not_taken_until_a_person_has_resolved_it_in_its_worktree(
    morning: Morning, beast: Beast
) -> None:
    code, _, err = beast("review", "r1", "stuck", "--accept")
    assert code == 2
    assert f"cd {morning.path('stuck')} && git merge beast/r1/result" in err
    assert morning.progress().tasks["stuck"].state == "needs_person"
    path = morning.path("stuck")
    with pytest.raises(Exception, match="returned non-zero"):
        git(path, "merge", "beast/r1/result")
    (path / "page").write_text("hello both\n", encoding="ascii")
    code, _, err = beast("review", "r1", "stuck", "--accept")
    assert (code, "is not committed" in err) == (2, True)
    git(path, "commit", "--all", "--quiet", "-m", "both")
    assert "stuck is taken" in beast("review", "r1", "stuck", "--accept")[1]
    view = morning.progress().tasks["stuck"]
    assert view.code is not None
    assert (view.state, view.code.commit) == ("done", morning.git("rev-parse", "beast/r1/result"))
    assert morning.git("show", "beast/r1/result:page") == "hello both"
    assert morning.git("log", "--format=%s", "main..beast/r1/result").splitlines() == [
        "Make it stuck",
        "Make it good",
    ]


def test_what_is_red_is_not_taken(morning: Morning, beast: Beast) -> None:
    committed(morning.path("lost"), {"broken": "yes"})
    before = morning.git("rev-parse", "beast/r1/result")
    code, _, err = beast("review", "r1", "lost", "--accept")
    assert (code, "the check ended with exit code 1" in err) == (2, True)
    assert morning.git("rev-parse", "beast/r1/result") == before
    git(morning.path("lost"), "rm", "--quiet", "broken")
    git(morning.path("lost"), "commit", "--quiet", "-m", "mended")
    assert told(beast, "review", "r1", "lost", "--accept")["state"] == "done"


def test_what_a_person_resolved_is_checked_too(morning: Morning, beast: Beast) -> None:
    path = morning.path("lost")
    git(path, "merge", "--quiet", "beast/r1/result")
    committed(path, {"broken": "yes"})
    code, _, err = beast("review", "r1", "lost", "--accept")
    assert (code, "the check ended with exit code 1" in err) == (2, True)
    assert morning.git("log", "--format=%s", "main..beast/r1/result") == "Make it good"


def test_a_task_that_is_merged_is_looked_at_and_no_longer_listed(morning: Morning, beast: Beast) -> None:
    assert morning.home.is_dir()
    assert told(beast, "review", "r1", "good", "--accept")["reviewed"] is True
    assert told(beast, "review")["unreviewed"] == []


def test_one_that_is_given_up_is_cancelled_and_stays_so(morning: Morning, beast: Beast) -> None:
    assert "its work stays on beast/r1/task/lost" in beast("review", "r1", "lost", "--reject")[1]
    assert morning.progress().tasks["lost"].state == "cancelled"
    assert beast("review", "r1", "good", "--reject")[0] == 2


def test_one_is_done_again_with_a_note_on_the_new_base_and_its_work_is_kept(
    morning: Morning, beast: Beast
) -> None:
    work = morning.git("rev-parse", "beast/r1/task/stuck")
    assert beast("review", "r1", "stuck", "--redo", "Greet both.")[0] == 0
    view = morning.progress().tasks["stuck"]
    assert view.state == "pending"
    assert morning.git("rev-parse", "beast/r1/kept/stuck/1") == work
    assert morning.git("rev-parse", "refs/beast/r1/base/stuck") == morning.git("rev-parse", "beast/r1/result")
    roadmap = flat(*(Task(task, Coding(), title=f"Make it {task}") for task in ("good", "stuck", "lost")))
    plan = plan_session(roadmap, morning.progress(), Selection())
    note = "Greet both.\nIts earlier work is on the branch beast/r1/kept/stuck/1."
    assert plan.notes == {1: note}
    assert plan.states == {0: "done", 2: "failed"}


def test_the_report_agrees_with_the_journal_after_every_word(morning: Morning, beast: Beast) -> None:
    for word in (["lost", "--accept"], ["stuck", "--redo", "x"], ["stuck", "--reject"], ["good", "--accept"]):
        assert beast("review", "r1", *word)[0] == 0
    assert beast("report")[0] == 0
    script = Path(__file__).parents[2] / "scripts" / "check_report.py"
    report = morning.home / "runs" / "r1" / "report" / "report.json"
    command = [sys.executable, str(script), str(morning.home / "journal.db"), str(report)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout


def test_no_word_is_taken_while_a_runner_is_at_work(morning: Morning, beast: Beast) -> None:
    lock = RunLock(morning.home, str((morning.top / "list.yaml").resolve()))
    try:
        for word in (["--accept"], ["--reject"], ["--redo", "x"]):
            code, _, err = beast("review", "r1", "lost", *word)
            assert (code, "is being run already" in err) == (2, True)
    finally:
        lock.release()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["review", "--accept"], "no task is named"),
        (["review", "r1", "lost", "--accept", "--reject"], "at once"),
        (["review", "r1", "lost", "--redo", " "], "nothing was given"),
        (["review", "r9"], "there is no run"),
        (["review", "losst"], "Did you mean 'lost'"),
        (["diff", "nobody"], "there is no task"),
        (["merge", "r9"], "there is no run"),
    ],
)
def test_mistakes_are_told(morning: Morning, beast: Beast, arguments: list[str], says: str) -> None:
    assert morning.home.is_dir()
    code, _, err = beast(*arguments)
    assert (code, says in err) == (2, True), err


def test_diff_shows_what_a_task_changed_merged_or_not(morning: Morning, beast: Beast) -> None:
    assert "+hello me" in beast("diff", "stuck")[1]
    assert "2 files changed" in beast("diff", "good", "--stat")[1]
    good = told(beast, "diff", "good")
    assert (good["merged"], good["commit"]) == (True, morning.git("rev-parse", "beast/r1/result"))
    assert good["files"] == [
        {"path": "good", "added": 1, "removed": 0},
        {"path": "page", "added": 1, "removed": 1},
    ]


def test_a_diff_outside_of_a_repository_says_where_to_go(
    morning: Morning, beast: Beast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = beast("diff", "good", "--home", str(morning.home))
    assert (code, "no checkout of git" in err) == (2, True)


def test_merge_takes_the_branch_also_where_tags_have_its_name_and_that_of_the_users(
    morning: Morning, beast: Beast
) -> None:
    for name in ("beast/r1/result", "main"):
        morning.git("tag", name, "main")
    code, out, _ = beast("merge")
    assert (code, out.startswith("Merged beast/r1/result into main, moved on: ")) == (0, True)
    ours, result = morning.git("rev-parse", "refs/heads/main", "refs/heads/beast/r1/result").split()
    assert ours == result


def test_merge_moves_the_branch_on_and_says_how_to_take_it_back(morning: Morning, beast: Beast) -> None:
    before = morning.git("rev-parse", "main")
    code, out, _ = beast("merge", "--dry-run")
    assert (code, morning.git("rev-parse", "main")) == (0, before)
    assert "git merge --ff-only refs/heads/beast/r1/result" in out
    code, out, _ = beast("merge")
    assert (code, morning.git("rev-parse", "main")) == (0, morning.git("rev-parse", "beast/r1/result"))
    assert f"git reset --keep {before[:12]}" in out
    assert (morning.top / "page").read_text() == "hello you\n"
    assert "already" in beast("merge")[1]


def test_merge_makes_a_merge_commit_where_the_branch_went_on_itself(
    morning: Morning, beast: Beast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
    committed(morning.top, {"own": "x\n"})
    merged = told(beast, "merge", "r1")
    assert (merged["fast_forward"], merged["merged"], merged["files"]) == (False, True, ["good", "page"])
    assert len(morning.git("rev-list", "--parents", "-1", "main").split()) == 3


@pytest.mark.parametrize("changed", ["page", "good"])
def test_merge_is_refused_where_it_would_change_what_is_not_committed(
    morning: Morning, beast: Beast, changed: str
) -> None:
    (morning.top / changed).write_text("mine\n", encoding="ascii")
    (morning.top / "other").write_text("in nobody's way\n", encoding="ascii")
    before = morning.git("rev-parse", "main")
    code, _, err = beast("merge")
    assert (code, f"uncommitted changes in {changed}" in err) == (2, True)
    assert (morning.top / changed).read_text() == "mine\n"
    assert morning.git("rev-parse", "main") == before


def test_merge_is_refused_where_it_conflicts_and_changes_nothing(morning: Morning, beast: Beast) -> None:
    committed(morning.top, {"page": "hello all\n"})
    before = morning.git("rev-parse", "main")
    code, _, err = beast("merge")
    assert (code, "conflicts with your branch in page" in err) == (2, True)
    assert "git merge beast/r1/result" in err
    assert (morning.git("rev-parse", "main"), morning.git("status", "--porcelain")) == (before, "")


def test_merge_needs_a_branch_of_ones_own(morning: Morning, beast: Beast) -> None:
    morning.git("checkout", "--quiet", "--detach")
    assert "HEAD is detached" in beast("merge")[2]
    morning.git("checkout", "--quiet", "beast/r1/result")
    assert "the run's own" in beast("merge")[2]
