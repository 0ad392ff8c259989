"""Our own code generation against a scripted model server: real git, real worktrees, real requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from beastmode.failures.failure import Failure
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.code.prompt import Brief, prompt_of
from beastmode.runner.code.workspace import Workspaces
from beastmode.runner.generating.edits import Delete, Edit, Replace, Write
from beastmode.runner.generating.limits import Limits
from beastmode.runner.generating.notation import render
from beastmode.runner.kinds.generate import GenerateKind
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.model_access import Access, Usage
from beastmode.runner.roadmap import Task, TaskOptions
from beastmode.runner.work import Coding
from beastmode.testing import attempt_of
from beastmode.testing.model_answers import whole
from beastmode.testing.model_server import ModelServer, Refusal, Script
from tests.repositories import git, repository
from tests.runner.workplace import in_a_loop, workspaces

FILES = {
    "src/app.py": "def greet():\n    return 'Hello'\n",
    "README.md": "# Shop\n",
    "tests/test_app.py": "x = 1\n",
}
GREET: list[Edit] = [Replace("src/app.py", "    return 'Hello'\n", "    return 'Hi'\n")]
TASK = Task("greet", Coding(), "Greet with Hi", details="Change `src/app.py`.")


@dataclass
class Way:
    """Model access by hand.   used: what is told at the close."""

    access: Access
    used: Usage = field(default_factory=Usage)
    closed: int = 0

    async def open(self, attempt: Attempt) -> Access:
        return self.access

    async def close(self, attempt: Attempt) -> Usage:
        self.closed += 1
        return self.used


@dataclass
class Office:
    """A checkout, its worktrees, a model that says `answers` one after the other, and a kind that asks it."""

    top: Path
    spaces: Workspaces
    server: ModelServer
    way: Way
    kind: GenerateKind

    async def do(self, task: Task = TASK, number: int = 1, feedback: str = "", **changes: Any) -> Outcome:
        attempt = attempt_of(task, number, folder=self.top / "logs", feedback=feedback)
        return await self.kind.perform(replace(attempt, **changes), lambda: None)

    def show(self, branch: str, path: str) -> str:
        return git(self.top / "shop", "show", f"{branch}:{path}")

    def asked(self, at: int = -1) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.server.asked[at].body)
        return body

    def log(self, number: int = 1) -> str:
        return (self.top / "logs" / f"greet.{number}.log").read_text(encoding="utf-8")


def saying(*answers: str | Sequence[Edit]) -> Script:
    """A model with these answers, one a request; the last again and again."""
    left = [answer if isinstance(answer, str) else render(answer) for answer in answers]

    def turn(_dialect: str, _asked: Mapping[str, Any]) -> Sequence[str]:
        return (left.pop(0) if len(left) > 1 else left[0]).splitlines(keepends=True)

    return Script(turn=turn)


def told(attempt: Attempt) -> str:
    work = attempt.task.work if isinstance(attempt.task.work, Coding) else Coding()
    return prompt_of(Brief(attempt.task, work, feedback=attempt.feedback))


@asynccontextmanager
async def office(
    top: Path,
    script: Script,
    dialect: str = "chat",
    files: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> AsyncIterator[Office]:
    checkout = top / "shop"
    repository(checkout, dict(files or FILES))
    settings = CodingSettings(work=Coding(model="m-small"))
    async with ModelServer(script) as server, workspaces(checkout, top / "trees") as spaces:
        way = Way(Access(server.url, "key-of-the-run", (dialect,)))
        kind = GenerateKind(spaces, way, settings, told, limits=limits)
        yield Office(top, spaces, server, way, kind)
        assert way.closed


def failure_of(outcome: Outcome) -> Failure:
    assert outcome.failure is not None
    return outcome.failure


@pytest.mark.parametrize("dialect", ["chat", "responses", "messages"])
def test_an_answer_is_asked_for_applied_and_committed(tmp_path: Path, dialect: str) -> None:
    async def story() -> None:
        async with office(tmp_path, saying(GREET), dialect) as at:
            outcome = await at.do()
            assert outcome.ok, outcome.failure
            assert "Hi" in at.show("beast/r1/task/greet", "src/app.py")
            facts = outcome.facts
            assert (facts["files"], facts["rounds"], facts["model"]) == (["src/app.py"], 1, "m-small")
            assert facts["branch"] == "beast/r1/task/greet"
            assert git(tmp_path / "shop", "rev-parse", facts["branch"]) == facts["commit"]
            [asked] = at.server.asked
            assert asked.credential == "key-of-the-run"
            assert b"return 'Hello'" in asked.body  # the file that the task names is shown

    asyncio.run(story())


@in_a_loop
@pytest.mark.parametrize("dialect", ["responses", "messages"])
async def test_a_server_that_has_no_such_endpoint_is_asked_as_it_speaks(tmp_path: Path, dialect: Any) -> None:
    async with office(tmp_path, replace(saying(GREET), speaks=(dialect,))) as at:
        at.way.access = replace(at.way.access, dialects=())
        assert (await at.do()).ok
        tried = len(at.server.asked)
        assert (await at.do(replace(TASK, id="again"))).ok
        assert len(at.server.asked) == tried + 1  # what it speaks is known by then


@in_a_loop
async def test_a_wrong_address_is_tried_in_each_dialect_and_told(tmp_path: Path) -> None:
    async with office(tmp_path, replace(saying(GREET), speaks=())) as at:
        at.way.access = replace(at.way.access, dialects=())
        assert failure_of(await at.do()).class_ == "not_found_endpoint"
        assert len(at.server.asked) == 3


@in_a_loop
async def test_the_same_task_on_the_same_tree_asks_the_same_bytes(tmp_path: Path) -> None:
    bodies = []
    for name in ("a", "b"):
        async with office(tmp_path / name, saying(GREET)) as at:
            assert (await at.do()).ok
            bodies.append(at.server.asked[0].body)
    assert bodies[0] == bodies[1]
    assert str(tmp_path).encode() not in bodies[0]


@in_a_loop
async def test_an_answer_that_cannot_be_applied_is_asked_again_with_what_is_wrong(tmp_path: Path) -> None:
    wrong: list[Edit] = [Write("new.py", "x = 1\n"), Replace("src/app.py", "    return 'Hullo'\n", "y\n")]
    async with office(tmp_path, saying(wrong, GREET)) as at:
        outcome = await at.do()
        assert outcome.ok
        assert outcome.facts["rounds"] == 2
        assert outcome.facts["files"] == ["src/app.py"]  # nothing of the first answer
        said = at.asked()["messages"][-1]["content"]
        assert "edit 2, src/app.py: the SEARCH text does not occur" in said
        assert "    return 'Hello'" in said  # the nearest
        assert "does not occur" in outcome.facts["agent"]["refused"][0]


@in_a_loop
async def test_edits_that_stay_wrong_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    async with office(tmp_path, saying([*GREET, Write("../out.py", "x\n")])) as at:
        failure = failure_of(await at.do())
        assert failure.class_ == "edit_refused"
        assert "../out.py" in failure.cause
        assert at.server.paid == 3
        worktree = at.spaces.path_of("greet")
        assert git(worktree, "status", "--porcelain") == ""
        assert not (worktree.parent / "out.py").exists()
        assert "edit_refused" in at.log()


@in_a_loop
async def test_after_a_refusal_the_task_is_asked_in_other_words(tmp_path: Path) -> None:
    """So that its answer cannot be the one from the cache."""
    async with office(tmp_path, saying([Write("../out.py", "x\n")])) as at:
        await at.do()
        at.server.script.turn = saying(GREET).turn
        assert (await at.do(number=2)).ok
        assert "nothing of it is there: edit 1, ../out.py" in at.asked()["messages"][1]["content"]
        await at.do(number=3)
        assert "nothing of it is there" not in at.asked()["messages"][1]["content"]


@in_a_loop
async def test_it_leaves_once_however_often_it_asks(tmp_path: Path) -> None:
    async with office(tmp_path, saying("READ: README.md\n", GREET)) as at:
        left: list[int] = []
        await at.kind.perform(attempt_of(TASK, folder=tmp_path / "logs"), lambda: left.append(at.server.paid))
        assert (len(left), at.server.paid) == (1, 2)


@in_a_loop
async def test_work_of_another_kind_is_a_fault_of_the_caller(tmp_path: Path) -> None:
    async with office(tmp_path, saying(GREET)) as at:
        at.way.closed = 1
        with pytest.raises(TypeError, match="no code to be written"):
            await at.do(Task("greet", "true"))


@in_a_loop
async def test_the_next_attempt_finds_the_worktree_as_it_was_left_and_is_told_what_failed(
    tmp_path: Path,
) -> None:
    more: list[Edit] = [Replace("src/app.py", "    return 'Hi'\n", "    return 'Hi!'\n")]
    async with office(tmp_path, saying([*GREET, Write("src/extra.py", "y = 2\n")], more)) as at:
        assert (await at.do()).ok
        assert (await at.do(number=2, feedback="AssertionError: Hi is not Hi!")).ok
        said = at.asked()["messages"][-1]["content"]
        assert "AssertionError: Hi is not Hi!" in said
        assert "return 'Hi'" in said
        assert "y = 2" in said  # what the task has made is shown without being named
        assert "Hi!" in at.show("beast/r1/task/greet", "src/app.py")


@in_a_loop
async def test_files_that_the_model_asks_for_are_shown(tmp_path: Path) -> None:
    async with office(tmp_path, saying("READ: README.md\nREAD: nothing.md\n", GREET)) as at:
        assert (await at.do()).ok
        said = at.asked()["messages"][-1]["content"]
        assert "# Shop" in said
        assert "nothing.md does not exist" in said


@in_a_loop
async def test_what_git_ignores_is_neither_shown_nor_changed(tmp_path: Path) -> None:
    files = {**FILES, ".gitignore": "*.env\n"}
    async with office(
        tmp_path, saying("READ: secret.env\n", [Write("b.env", "x\n")], GREET), files=files
    ) as at:
        (tmp_path / "shop" / "secret.env").write_text("KEY=hush-hush\n", encoding="utf-8")
        task = Task("greet", Coding(copy=("secret.env",)), "Greet as secret.env says")
        assert (await at.do(task)).ok
        assert (at.spaces.path_of("greet") / "secret.env").exists()
        assert not any(b"hush-hush" in asked.body for asked in at.server.asked)
        assert "git ignores it" in at.asked()["messages"][-1]["content"]


@in_a_loop
async def test_only_what_the_task_declares_is_changed(tmp_path: Path) -> None:
    task = Task("greet", Coding(), "Greet", options=TaskOptions(touches=("src/",)))
    async with office(tmp_path, saying([Write("README.md", "x\n")], GREET)) as at:
        assert (await at.do(task)).ok
        assert "README.md: the task may change only src/" in at.asked()["messages"][-1]["content"]
        at.server.script.turn = saying([Write("README.md", "x\n")]).turn
        assert "`touches` of the task" in failure_of(await at.do(task, 2)).tip


@in_a_loop
async def test_the_list_of_tasks_is_not_changed(tmp_path: Path) -> None:
    async with office(tmp_path, saying([Delete("README.md")])) as at:
        at.kind._list_file = tmp_path / "shop" / "README.md"
        assert "it is the list of tasks" in failure_of(await at.do()).cause


@in_a_loop
async def test_words_without_edits_change_nothing(tmp_path: Path) -> None:
    async with office(tmp_path, saying("All of that is done already.")) as at:
        failure = failure_of(await at.do())
        assert failure.class_ == "no_change"
        assert "All of that is done already." in failure.cause
        assert at.server.paid == 2


@in_a_loop
async def test_edits_that_change_nothing_are_no_change(tmp_path: Path) -> None:
    async with office(tmp_path, saying([Write("README.md", "# Shop\n")])) as at:
        assert failure_of(await at.do()).class_ == "no_change"


STOPPED = [
    ("length", "context_length", "cut off"),
    ("content_filter", "content_filter", "the model refused"),
]


@pytest.mark.parametrize(("word", "class_", "cause"), STOPPED)
def test_an_answer_that_is_no_whole_one_is_not_applied(
    tmp_path: Path, word: str, class_: str, cause: str
) -> None:
    async def story() -> None:
        body = whole("chat", "m-small", render(GREET))
        body["choices"][0]["finish_reason"] = word
        async with office(tmp_path, Script(answer=(200, json.dumps(body)))) as at:
            failure = failure_of(await at.do())
            assert (failure.class_, failure.passing) == (class_, False)
            assert cause in failure.cause
            assert git(at.spaces.path_of("greet"), "status", "--porcelain") == ""

    asyncio.run(story())


@in_a_loop
async def test_an_empty_answer_is_told(tmp_path: Path) -> None:
    async with office(tmp_path, saying(" \n")) as at:
        assert failure_of(await at.do()).class_ == "invalid_response"


@in_a_loop
async def test_a_throttle_waits_and_uses_up_no_attempt(tmp_path: Path) -> None:
    async with office(tmp_path, saying(GREET)) as at:
        at.server.script.refusals.append(Refusal(429, retry_after="7"))
        failure = failure_of(await at.do())
        assert (failure.throttle, failure.retry_after_s) == (True, 7.0)
        assert (await at.do(number=2)).ok


@in_a_loop
async def test_what_the_gateway_knows_of_the_model_wins_where_the_attempt_failed(tmp_path: Path) -> None:
    known = Failure("out_of_budget", "2 USD are used up", "after", "Raise it.")
    async with office(tmp_path, Script(answer=(500, "{}"))) as at:
        at.way.used = Usage(requests=1, failure=known, known=True)
        outcome = await at.do()
        assert outcome.failure == known
        assert outcome.facts["usage"]["requests"] == 1


@in_a_loop
async def test_a_model_that_takes_no_temperature_is_asked_without(tmp_path: Path) -> None:
    async with office(tmp_path, saying(GREET)) as at:
        words = "Unsupported value: 'temperature' does not support 0 with this model."
        at.server.script.refusals.append(Refusal(400, body=json.dumps({"error": {"message": words}})))
        assert (await at.do()).ok
        assert at.asked(0)["temperature"] == 0
        assert "temperature" not in at.asked(1)


@in_a_loop
async def test_what_takes_too_long_times_out_and_changes_nothing(tmp_path: Path) -> None:
    script = saying(GREET)
    script.work_s = lambda _asked: 600.0
    async with office(tmp_path, script) as at:
        failure = failure_of(await at.do(timeout_s=0.5))
        assert failure.class_ == "timeout"
        assert git(at.spaces.path_of("greet"), "status", "--porcelain") == ""


@in_a_loop
async def test_a_cancelled_attempt_passes_it_on_and_closes_its_way(tmp_path: Path) -> None:
    script = saying(GREET)
    script.work_s = lambda _asked: 600.0
    async with office(tmp_path, script) as at:
        left = asyncio.Event()
        attempt = attempt_of(TASK, folder=tmp_path / "logs")
        doing = asyncio.create_task(at.kind.perform(attempt, left.set))
        await left.wait()
        doing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await doing
        assert at.way.closed == 1


@in_a_loop
async def test_without_a_model_or_a_server_it_says_what_is_missing(tmp_path: Path) -> None:
    async with office(tmp_path, saying(GREET)) as at:
        at.way.access = Access()
        assert "no model server" in failure_of(await at.do()).cause
        at.way.access = Access(at.server.url, "", ("gemini",))
        assert "speaks gemini" in failure_of(await at.do()).cause
        at.kind._settings = CodingSettings()
        assert "no model is named" in failure_of(await at.do()).cause


@in_a_loop
async def test_neither_key_nor_token_is_told(tmp_path: Path) -> None:
    async with office(tmp_path, saying(GREET)) as at:
        said = json.dumps({"error": {"message": "denied zebra-river-42 at lynx-12345678, so: 7"}})
        at.server.script.answer = (401, said)
        at.way.access = Access(f"{at.server.url}/t/lynx-12345678~r1~greet", "zebra-river-42", ("chat",))
        failure = failure_of(await at.do())
        assert failure.class_ == "auth"
        for text in (failure.cause, failure.tip, at.log()):
            assert "zebra-river-42" not in text
            assert "lynx-12345678" not in text
        assert "denied ***" in failure.cause


@pytest.mark.parametrize("cwd", ["../shop", "/tmp", "nowhere"])
def test_the_folder_to_work_in_lies_within(tmp_path: Path, cwd: str) -> None:
    async def story() -> None:
        async with office(tmp_path, saying([Write("owned", "x\n")])) as at:
            assert failure_of(await at.do(Task("greet", Coding(cwd=cwd), "Greet"))).class_ == "workspace"
            assert at.server.paid == 0

    asyncio.run(story())


@in_a_loop
async def test_the_folder_to_work_in_may_be_no_link_that_leads_out(tmp_path: Path) -> None:
    async with office(tmp_path, saying([Write("owned", "x\n")])) as at:
        (tmp_path / "outside").mkdir()
        (tmp_path / "shop" / "way").symlink_to("../../outside")
        git(tmp_path / "shop", "add", "way")
        git(tmp_path / "shop", "commit", "--quiet", "--message", "A link")
        git(tmp_path / "shop", "update-ref", "refs/heads/beast/r1/result", "HEAD")
        failure = failure_of(await at.do(Task("greet", Coding(cwd="way"), "Greet")))
        assert "symbolic link" in failure.cause
        assert not list((tmp_path / "outside").iterdir())
