"""The queue: what is merged, what goes back, and that nothing is ever half-moved."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from beastmode.errors import JournalError
from beastmode.failures import classify
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.code.git import Git
from beastmode.runner.code.merge import MergeQueue
from beastmode.runner.code.refs import base_ref, result_ref, task_ref
from beastmode.runner.code.repository import repository_of
from beastmode.runner.code.sending_back import told_in
from beastmode.runner.code.workspace import Place, Workspaces
from beastmode.runner.execute import Verdict
from beastmode.runner.home import log_beside
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding
from beastmode.testing import attempt_of
from tests.runner.merging import make_repository, no_setup, sh

RUN = "r1"
PERSON = ("-c", "user.name=u", "-c", "user.email=u@h")
RED = Verdict(classify.verify_failed(1, "3 != 4"), "3 != 4\n")


class Desk:
    """A repository with worktrees and a queue. `verdict` is what the check says; `checked` where it looked at what."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.top = folder, folder / "repo"
        make_repository(self.top)
        self.git = Git(self.top)
        self.verdict = Verdict(None)
        self.checked: list[tuple[str, list[str]]] = []
        self.recorded: list[tuple[str, int, str]] = []
        self.on_check: Callable[[], Awaitable[None]] | None = None
        self.on_record: Callable[[], Awaitable[None]] | None = None

    async def open(self) -> Desk:
        repository = await repository_of(self.top, CodingSettings())
        self.workspaces = Workspaces(repository, RUN, self.folder / "trees", None, no_setup)
        await self.workspaces.begin()
        self.queue = MergeQueue(self.workspaces, self.check, self.record)
        return self

    async def check(self, attempt: Attempt, place: Place, suffix: str) -> Verdict:
        head = await self.git.at(place.path)("rev-parse", "HEAD")
        self.checked.append((head, sorted(path.name for path in place.path.iterdir())))
        (place.path / "left").write_text("by the check", encoding="ascii")
        if self.on_check is not None:
            await self.on_check()
        return self.verdict

    async def record(self, task: str, attempt: int, commit: str) -> None:
        self.recorded.append((task, attempt, commit))
        if self.on_record is not None:
            await self.on_record()

    async def work(self, task: str, **files: str) -> Attempt:
        """A task that writes some files, up to where it is verified."""
        attempt = attempt_of(Task(task, Coding()), folder=self.folder)
        place = await self.workspaces.enter(attempt, Coding())
        for name, text in files.items():
            (place.path / name).write_text(text, encoding="ascii")
        await self.workspaces.save(place, "wip")
        return attempt

    async def merged(self, task: str, **files: str) -> str:
        """A task that is merged; the commit that it became."""
        verdict = await self.queue(await self.work(task, **files))
        assert verdict.failure is None, verdict
        return str(verdict.facts["commit"])

    def at(self, ref: str) -> str:
        return sh(self.top, "git", "rev-parse", ref)

    def branch(self, task: str) -> str:
        return self.at(task_ref(RUN, task))

    @property
    def tip(self) -> str:
        return self.at(result_ref(RUN))

    def stands(self, task: str) -> tuple[str, str]:
        """The branch that a worktree is on, and what is changed in it."""
        path = self.workspaces.path_of(task)
        return sh(path, "git", "symbolic-ref", "HEAD"), sh(path, "git", "status", "--porcelain")


Play = Callable[[Callable[[Desk], Coroutine[Any, Any, None]]], None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Tells a story at a desk of its own."""

    def told(story: Callable[[Desk], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            desk = await Desk(tmp_path).open()
            try:
                await story(desk)
            finally:
                await desk.workspaces.end()

        asyncio.run(asyncio.wait_for(whole(), 30))

    return told


def test_what_began_at_the_tip_is_merged_without_another_check(play: Play) -> None:
    async def story(desk: Desk) -> None:
        before = desk.tip
        verdict = await desk.queue(await desk.work("a", new="x"))
        assert verdict.facts == {"commit": desk.tip, "branch": "beast/r1/task/a", "merged": True}
        assert desk.recorded == [("a", 1, desk.tip)]
        assert desk.at(f"{desk.tip}^") == before
        assert desk.checked == []

    play(story)


def test_what_others_came_before_is_checked_together_with_theirs_in_its_own_worktree(play: Play) -> None:
    async def story(desk: Desk) -> None:
        a, b = await desk.work("a", one="x"), await desk.work("b", two="y")
        await desk.queue(a)
        before = desk.tip
        assert (await desk.queue(b)).failure is None
        assert desk.checked == [(desk.tip, [".git", "check.sh", "list.txt", "one", "two"])]
        assert desk.at(f"{desk.tip}^") == before

    play(story)


@pytest.mark.parametrize("others_came_before", [False, True])
def test_what_a_proof_left_is_in_no_branch_and_not_in_the_worktree_that_the_next_task_gets(
    play: Play, others_came_before: bool
) -> None:
    async def story(desk: Desk) -> None:
        a, b = await desk.work("a", one="x"), await desk.work("b", two="y")
        if others_came_before:
            await desk.queue(a)
        path = desk.workspaces.path_of("b")
        (path / "report").write_text("by the verify", encoding="ascii")
        (path / "list.txt").write_text("by the verify", encoding="ascii")
        desk.workspaces.proven("b")
        assert (await desk.queue(b)).failure is None
        assert desk.checked == (
            [(desk.tip, [".git", "check.sh", "list.txt", "one", "two"])] * others_came_before
        )
        await desk.work("c", three="z")
        there = {name.name: name for name in desk.workspaces.path_of("c").iterdir()}
        assert there.keys() - {"one"} == {".git", "check.sh", "list.txt", "two", "three"}
        assert there["list.txt"].read_text() == ""
        assert sh(desk.top, "git", "for-each-ref", "refs/heads/beast/r1/kept") == ""

    play(story)


def test_what_comes_after_the_proof_of_one_that_is_not_proven_is_kept(play: Play) -> None:
    async def story(desk: Desk) -> None:
        b = await desk.work("b", two="y")
        (desk.workspaces.path_of("b") / "late").write_text("by hand", encoding="ascii")
        assert (await desk.queue(b)).failure is None
        await desk.workspaces.end()
        assert sh(desk.top, "git", "show", "beast/r1/kept/b/1:late") == "by hand"

    play(story)


def test_a_commit_that_came_after_the_work_was_shown_merged_is_kept(play: Play) -> None:
    async def story(desk: Desk) -> None:
        a, b = await desk.work("a", one="x"), await desk.work("b", two="y")
        await desk.queue(a)
        late = sh(
            desk.top, "git", *PERSON, "commit-tree", "main^{tree}", "-p", desk.branch("b"), "-m", "late"
        )

        async def commit() -> None:
            sh(desk.top, "git", "update-ref", task_ref(RUN, "b"), late)

        desk.on_record = commit
        assert (await desk.queue(b)).failure is None
        await desk.workspaces.end()
        assert desk.at("beast/r1/kept/b/1") == late

    play(story)


def test_a_conflict_goes_back_to_the_new_base_with_its_work_kept_and_the_other_named(play: Play) -> None:
    async def story(desk: Desk) -> None:
        a, b = await desk.work("a", new="x"), await desk.work("b", new="y")
        work = desk.branch("b")
        await desk.queue(a)
        verdict = await desk.queue(b)
        assert verdict.failure is not None
        assert verdict.failure.class_ == "merge_conflict"
        assert verdict.failure.cause == "conflicts with what 'a' changed: new"
        assert f"git show {work[:12]}" in verdict.output
        assert told_in(b.log_path) == verdict.output, "so a later session knows it"
        assert log_beside(b.log_path, "merge").stat().st_mode & 0o077 == 0, (
            "it is for this user, as all logs are"
        )
        assert verdict.facts == {"branch": "beast/r1/task/b", "commit": work, "kept": "beast/r1/kept/b/1"}
        assert desk.at("beast/r1/kept/b/1") == work
        assert desk.branch("b") == desk.at(base_ref(RUN, "b")) == desk.tip
        assert desk.stands("b") == (task_ref(RUN, "b"), "")
        assert (desk.workspaces.path_of("b") / "new").read_text() == "x"
        assert desk.recorded == [("a", 1, desk.tip)]

    play(story)


def test_a_task_that_is_done_again_after_it_was_merged_begins_on_the_result_as_it_is_now(play: Play) -> None:
    async def story(desk: Desk) -> None:
        await desk.merged("a", one="x")
        await desk.merged("b", one="y", two="y")
        assert (await desk.queue(await desk.work("a", one="xy"))).failure is None
        assert sh(desk.top, "git", "show", f"{desk.tip}:one") == "xy"
        assert sh(desk.top, "git", "log", "--format=%s", "main..beast/r1/result").split() == ["a", "b", "a"]
        assert sh(desk.top, "git", "for-each-ref", "refs/heads/beast/r1/kept") == ""

    play(story)


def test_after_it_was_sent_back_it_is_merged_on_the_new_base(play: Play) -> None:
    async def story(desk: Desk) -> None:
        a, b = await desk.work("a", new="x"), await desk.work("b", new="y")
        await desk.queue(a)
        assert (await desk.queue(b)).failure is not None
        again = await desk.work("b", new="xy")
        again.sent_back = 1
        assert (await desk.queue(again)).failure is None
        assert sh(desk.top, "git", "show", f"{desk.tip}:new") == "xy"

    play(story)


def test_the_second_time_its_branch_stays_as_it_is_for_a_person(play: Play) -> None:
    async def story(desk: Desk) -> None:
        a, b = await desk.work("a", new="x"), await desk.work("b", new="y")
        work, base = desk.branch("b"), desk.at(base_ref(RUN, "b"))
        await desk.queue(a)
        b.sent_back = 1
        verdict = await desk.queue(b)
        assert verdict.facts == {"branch": "beast/r1/task/b", "commit": work}
        assert (desk.branch("b"), desk.at(base_ref(RUN, "b"))) == (work, base)

    play(story)


def test_a_red_check_goes_back_with_its_work_on_the_new_base_and_what_the_check_said(play: Play) -> None:
    async def story(desk: Desk) -> None:
        a, b = await desk.work("a", one="x"), await desk.work("b", two="y")
        work = desk.branch("b")
        await desk.queue(a)
        before, desk.verdict = desk.tip, RED
        verdict = await desk.queue(b)
        assert verdict.failure is not None
        assert verdict.failure.class_ == "merge_red"
        assert "3 != 4" in verdict.failure.cause
        assert "3 != 4" in verdict.output
        assert desk.tip == before == desk.at(base_ref(RUN, "b")) == desk.at("beast/r1/task/b^")
        assert desk.at("beast/r1/kept/b/1") == work
        assert desk.stands("b") == (task_ref(RUN, "b"), "")
        there = {path.name for path in desk.workspaces.path_of("b").iterdir()}
        assert there == {".git", "check.sh", "list.txt", "one", "two"}

    play(story)


def test_cancelled_while_it_is_checked_nothing_has_changed(play: Play) -> None:
    async def story(desk: Desk) -> None:
        a, b = await desk.work("a", one="x"), await desk.work("b", two="y")
        await desk.queue(a)
        before, checking = (desk.tip, desk.branch("b")), asyncio.Event()

        async def hang() -> None:
            checking.set()
            await asyncio.Event().wait()

        desk.on_check = hang
        merging = asyncio.ensure_future(desk.queue(b))
        await checking.wait()
        merging.cancel()
        assert isinstance((await asyncio.gather(merging, return_exceptions=True))[0], asyncio.CancelledError)
        assert (desk.tip, desk.branch("b")) == before
        assert desk.stands("b") == (task_ref(RUN, "b"), "")
        desk.on_check = None
        assert (await desk.queue(b)).failure is None, "the next one is not locked out"

    play(story)


def test_cancelled_too_late_it_is_merged_all_the_same(play: Play) -> None:
    async def story(desk: Desk) -> None:
        recording, go = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            recording.set()
            await go.wait()

        desk.on_record = slow
        merging = asyncio.ensure_future(desk.queue(await desk.work("a", one="x")))
        await recording.wait()
        merging.cancel()
        merging.cancel()
        await asyncio.sleep(0)
        go.set()
        assert (await merging).facts["commit"] == desk.tip

    play(story)


def test_a_record_that_fails_moves_nothing(play: Play) -> None:
    async def story(desk: Desk) -> None:
        async def full() -> None:
            raise JournalError("the disk is full")

        before, desk.on_record = desk.tip, full
        with pytest.raises(JournalError):
            await desk.queue(await desk.work("a", one="x"))
        assert desk.tip == before

    play(story)


def test_a_person_who_commits_to_the_result_meanwhile_is_merged_onto(play: Play) -> None:
    async def story(desk: Desk) -> None:
        tree = desk.at("main^{tree}")

        async def commit() -> None:
            desk.on_record = None
            own = (
                "-c",
                "user.name=u",
                "-c",
                "user.email=u@h",
                "commit-tree",
                tree,
                "-p",
                desk.tip,
                "-m",
                "by hand",
            )
            sh(desk.top, "git", "update-ref", result_ref(RUN), sh(desk.top, "git", *own))

        desk.on_record = commit
        assert await desk.merged("a", one="x") == desk.tip
        assert sh(desk.top, "git", "log", "--format=%s", "main..beast/r1/result").splitlines() == [
            "a",
            "by hand",
        ]
        assert len(desk.checked) == 1
        assert [commit for _, _, commit in desk.recorded][-1] == desk.tip

    play(story)


def test_one_at_a_time_in_the_order_in_which_they_were_finished(play: Play) -> None:
    async def story(desk: Desk) -> None:
        attempts = [await desk.work(task, **{task: "x"}) for task in "cab"]
        await asyncio.gather(*(desk.queue(attempt) for attempt in attempts))
        assert [task for task, _, _ in desk.recorded] == ["c", "a", "b"]
        assert sh(desk.top, "git", "log", "--format=%s", "main..beast/r1/result").split() == ["b", "a", "c"]

    play(story)


def test_an_agent_that_merged_the_result_by_itself_is_taken_from_there(play: Play) -> None:
    async def story(desk: Desk) -> None:
        a, b = await desk.work("a", new="x"), await desk.work("b", new="y")
        await desk.queue(a)
        path = desk.workspaces.path_of("b")
        person = ("git", "-c", "user.name=u", "-c", "user.email=u@h")
        sh(path, *person, "merge", "--quiet", "--strategy=ours", "-m", "mine is right", "beast/r1/result")
        assert (await desk.queue(b)).failure is None
        assert sh(desk.top, "git", "show", f"{desk.tip}:new") == "y"

    play(story)


def test_a_result_that_lost_what_a_task_began_from_is_no_place_to_merge_it(play: Play) -> None:
    async def story(desk: Desk) -> None:
        await desk.merged("a", one="x")
        b = await desk.work("b", two="y")
        sh(desk.top, "git", "update-ref", result_ref(RUN), "main")
        verdict = await desk.queue(b)
        assert verdict.failure is not None
        assert verdict.failure.class_ == "workspace"
        assert desk.tip == desk.at("main")

    play(story)


def test_a_worktree_that_is_gone_is_a_failure_in_words(play: Play) -> None:
    async def story(desk: Desk) -> None:
        b = await desk.work("b", two="y")
        shutil.rmtree(desk.workspaces.path_of("b"))
        verdict = await desk.queue(b)
        assert verdict.failure is not None
        assert (verdict.failure.class_, verdict.failure.passing) == ("workspace", False)

    play(story)
