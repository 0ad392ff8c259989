"""Landing: what a kill left between the record of a merge and the record of its end is told by git, once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from beastmode.events import ACCEPTED, MERGING
from beastmode.runner.code.git import Git
from beastmode.runner.code.landing import Landed, landed, landed_in
from beastmode.runner.code.refs import result_ref
from beastmode.runner.progress import Progress
from beastmode.runner.resume import Selection, opening_events, plan_session
from beastmode.runner.roadmap import Roadmap, Task
from beastmode.runner.work import Coding
from tests.runner.merging import make_repository, sh
from tests.runner.story import Story, failure, flat

ROADMAP = flat(Task("a", Coding()), Task("b", Coding(), needs=("a",)))
SOMEWHERE, NOWHERE = Landed("a", 1, "1" * 40, "beast/r1/task/a"), "f" * 40


def killed_while_merging(commit: str, attempt: int = 1) -> Story:
    return Story().session().plan("a", "b").start("a").add(MERGING, "a", attempt, {"commit": commit})


def resumed(
    progress: Progress, found: dict[str, Landed], roadmap: Roadmap = ROADMAP
) -> list[tuple[Any, ...]]:
    plan = plan_session(roadmap, progress, Selection(), found)
    return [event for event in opening_events(plan, Selection()) if event[0] not in ("planned", "selected")]


def test_git_says_whether_a_commit_is_in_the_result_branch(tmp_path: Path) -> None:
    make_repository(top := tmp_path / "repo")
    git, main = Git(top), sh(top, "git", "rev-parse", "main")
    assert not asyncio.run(landed(git, "r1", main)), "there is no result branch yet"
    sh(top, "git", "update-ref", result_ref("r1"), main)
    assert asyncio.run(landed(git, "r1", main))
    assert not asyncio.run(landed(git, "r1", NOWHERE))
    found = asyncio.run(landed_in(git, "r1", killed_while_merging(main).told()))
    assert found == {"a": Landed("a", 1, main, "beast/r1/task/a")}
    assert asyncio.run(landed_in(git, "r1", killed_while_merging(NOWHERE).told())) == {}


def test_what_landed_is_recorded_as_done_once_and_what_needs_it_may_start() -> None:
    story = killed_while_merging(SOMEWHERE.commit)
    events = resumed(story.told(), {"a": SOMEWHERE})
    facts = {"commit": "1" * 40, "branch": "beast/r1/task/a", "merged": True}
    assert events == [("attempt_ended", "a", 1, {"end": "done", **facts})]
    progress = story.session().add(*events[0]).told()
    code = progress.tasks["a"].code
    assert (progress.tasks["a"].state, code and (code.commit, code.merged, code.merging)) == (
        "done",
        ("1" * 40, True, None),
    )
    assert resumed(progress, {}) == []


def test_what_did_not_land_runs_again() -> None:
    progress = killed_while_merging(NOWHERE).told()
    assert resumed(progress, {}) == [("attempt_ended", "a", 1, {"end": "interrupted"})]


def test_a_merge_that_ended_otherwise_is_no_longer_in_question(tmp_path: Path) -> None:
    story = killed_while_merging(NOWHERE).stop("a", end="failed", failure=failure("workspace"))
    assert asyncio.run(landed_in(Git(tmp_path), "r1", story.told())) == {}, "git is not even asked"


def test_what_landed_and_was_changed_in_the_list_since_is_done_and_then_runs_again() -> None:
    told = Story().session()
    for kind, task, number, data in opening_events(
        plan_session(ROADMAP, Progress(0), Selection()), Selection()
    ):
        told.add(kind, task, number, data)
    told.start("a").add(MERGING, "a", 1, {"commit": SOMEWHERE.commit})
    changed = flat(Task("a", Coding(prompt="other")), Task("b", Coding(), needs=("a",)))
    events = resumed(told.told(), {"a": SOMEWHERE}, changed)
    assert [kind for kind, *_ in events] == ["attempt_ended", "reset"]


def test_what_a_person_took_when_the_command_was_killed_is_accepted() -> None:
    story = (
        Story().session().plan("a", "b").attempt("a", 0, 1, end="needs_person", failure=failure("merge_red"))
    )
    progress = story.end().add(MERGING, "a", 0, {"commit": SOMEWHERE.commit}).told()
    events = resumed(progress, {"a": Landed("a", 0, "1" * 40, "beast/r1/task/a")})
    assert events == [(ACCEPTED, "a", 0, {"commit": "1" * 40, "branch": "beast/r1/task/a"})]
