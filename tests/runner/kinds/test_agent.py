"""Coding agents, as a kind: what is believed of them, what is saved of their work, what they get to see."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.runner.code.coding import CodingSettings, ModelServer
from beastmode.runner.kinds.agent import AgentKind
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.model_access import Access, Usage
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding
from beastmode.testing import attempt_of
from tests.processes import belonging_to, supervisor_in
from tests.repositories import ENVIRONMENT, NAMED, git, repository
from tests.runner.agents.test_containing import works
from tests.runner.workplace import workspaces

WRITES = ("sh", "-c", 'cat "$1" > made.txt', "sh", "{prompt_file}")


class Way:
    """Access to a model that nobody asks.   usage: what it tells at its end."""

    def __init__(self, access: Access | None = None, usage: Usage | None = None) -> None:
        self.access, self.usage = access or Access(), usage or Usage()
        self.open_now = 0

    async def open(self, attempt: Attempt) -> Access:
        self.open_now += 1
        return self.access

    async def close(self, attempt: Attempt) -> Usage:
        self.open_now -= 1
        return self.usage


def done(
    folder: Path,
    work: Coding,
    way: Way | None = None,
    environment: dict[str, str] | None = None,
    **about: Any,
) -> Outcome:
    """One attempt in a repository below `folder`, of which no process may be left and no way be open."""
    way = way or Way()
    attempt = replace(
        attempt_of(Task("t", work, title="Write it"), folder=folder), **about.pop("attempt", {})
    )
    settings = CodingSettings(**about)
    environment = environment or {"PATH": os.environ["PATH"], "HOME": str(folder)}

    async def play() -> Outcome:
        supervisor = supervisor_in(folder)
        try:
            async with workspaces(repository(folder / "checkout"), folder / "worktrees") as spaces:
                kind = AgentKind(supervisor, spaces, way, settings, lambda _: "Please do it.", environment)
                return await kind.perform(attempt, lambda: None)
        finally:
            await supervisor.close()

    outcome = asyncio.run(play())
    assert not belonging_to(folder)
    assert not way.open_now
    assert not (folder / "worktrees" / ".agents" / "t").exists()
    return outcome


def written(folder: Path, name: str = "made.txt") -> str:
    """What the branch of the task holds."""
    return git(folder / "checkout", "show", f"beast/r1/task/t:{name}")


def failed(outcome: Outcome) -> Failure:
    assert outcome.failure is not None
    assert outcome.failure.tip
    return outcome.failure


def test_what_an_agent_writes_is_saved_on_the_branch_of_its_task(tmp_path: Path) -> None:
    outcome = done(tmp_path, Coding(command=WRITES))
    assert outcome.ok
    assert written(tmp_path) == "Please do it."
    assert outcome.facts["commit"] == git(tmp_path / "checkout", "rev-parse", "beast/r1/task/t")
    assert outcome.facts["branch"] == "beast/r1/task/t"
    assert outcome.facts["agent"]["name"] == "sh"


def test_an_agent_commits_by_the_name_that_the_user_has_given_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = {**ENVIRONMENT, **NAMED}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    commits = ("sh", "-c", "echo made > made.txt; git add . && git commit -qm mine", "sh", "{prompt}")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **env}
    assert done(tmp_path, Coding(command=commits), environment=environment).ok
    assert git(tmp_path / "checkout", "log", "-1", "--format=%s %an", "beast/r1/task/t") == "mine Ada"


def test_an_agent_that_worked_elsewhere_alone_has_failed_and_one_that_worked_here_too_has_not(
    tmp_path: Path,
) -> None:
    tags = "git tag mine; "
    alone = done(tmp_path / "1", Coding(command=("sh", "-c", tags, "sh", "{prompt}")))
    assert failed(alone).cause.startswith(
        "nothing changed in the worktree, but elsewhere it did meanwhile: the tag mine was made, while it ran"
    )
    both = done(tmp_path / "2", Coding(command=("sh", "-c", f"{tags}echo made > made.txt", "sh", "{prompt}")))
    assert both.ok
    for outcome in (alone, both):
        assert [found["name"] for found in outcome.facts["elsewhere"]] == ["mine"]


def test_files_of_the_checkout_are_looked_at_where_no_sandbox_keeps_the_agent_from_them(
    tmp_path: Path,
) -> None:
    script = "echo made > made.txt; echo mine > ../../checkout/README"
    outcome = done(tmp_path, Coding(command=("sh", "-c", script, "sh", "{prompt}")), sandbox="none")
    assert outcome.ok
    assert [found["name"] for found in outcome.facts["elsewhere"]] == ["README"]


def test_an_agent_that_says_it_is_done_and_changed_nothing_is_not_believed(tmp_path: Path) -> None:
    failure = failed(done(tmp_path, Coding(command=("echo", "All is done.", "{prompt}"))))
    assert (failure.class_, failure.passing) == ("no_change", True)
    assert "echo" in failure.tip


def test_what_the_gateway_saw_wins_over_what_the_agent_made_of_it(tmp_path: Path) -> None:
    quota = classify.from_status(429, {"Retry-After": "90"}, "slow down", now_unix=0.0)
    way = Way(Access("http://127.0.0.1:9/t/x", "k"), Usage(requests=3, refused=3, failure=quota, known=True))
    outcome = done(tmp_path, Coding(command=("sh", "-c", "exit 3", "sh", "{prompt}")), way)
    assert outcome.failure == quota
    assert outcome.failure.throttle
    assert outcome.facts["usage"]["refused"] == 3


def test_a_model_that_failed_once_does_not_undo_work_that_is_there(tmp_path: Path) -> None:
    quota = classify.from_status(429, {"Retry-After": "90"}, "slow down", now_unix=0.0)
    assert done(tmp_path, Coding(command=WRITES), Way(usage=Usage(failure=quota, known=True))).ok


def test_an_agent_that_is_not_there_is_named_with_how_to_install_it(tmp_path: Path) -> None:
    failure = failed(done(tmp_path, Coding(agent="claude"), environment={"PATH": "/nowhere"}))
    assert (failure.class_, failure.passing) == ("agent_failed", False)
    assert "npm install -g @anthropic-ai/claude-code" in failure.tip


def test_a_command_is_found_by_its_path_and_called_by_its_name(tmp_path: Path) -> None:
    program(tmp_path, "my agent", "echo made > made.txt")
    path = f"{tmp_path}/bin/my agent"
    assert done(tmp_path, Coding(command=(path, "{prompt}"))).facts["agent"]["name"] == "my agent"
    assert written(tmp_path) == "made"
    failure = failed(done(tmp_path / "2", Coding(command=(f"{path}s", "{prompt}"))))
    assert (failure.cause, failure.passing) == (f"{path}s is not there", False)


def test_an_agent_that_nobody_knows_is_refused_with_those_there_are(tmp_path: Path) -> None:
    failure = failed(done(tmp_path, Coding(agent="cloude")))
    assert failure.passing is False
    assert "Did you mean claude?" in failure.tip


def test_an_agent_that_hangs_is_ended_and_what_it_wrote_is_saved(tmp_path: Path) -> None:
    work = Coding(command=("sh", "-c", "echo begun > made.txt; sleep 100 & sleep 100", "sh", "{prompt}"))
    outcome = done(tmp_path, work, attempt={"timeout_s": 0.5})
    assert failed(outcome).class_ == "timeout"
    assert written(tmp_path) == "begun"


def test_an_agent_that_is_ended_may_tidy_up(tmp_path: Path) -> None:
    script = "trap 'echo tidied > made.txt; exit 0' TERM; echo begun > made.txt; sleep 1000 & wait"
    outcome = done(
        tmp_path, Coding(command=("sh", "-c", script, "sh", "{prompt}")), attempt={"timeout_s": 3.0}
    )
    assert failed(outcome).class_ == "timeout"
    assert written(tmp_path) == "tidied"


def test_what_an_agent_leaves_running_is_ended(tmp_path: Path) -> None:
    work = Coding(command=("sh", "-c", "setsid sleep 100 & echo x > made.txt", "sh", "{prompt}"))
    assert done(tmp_path, work).ok  # `done` looks for what is left


def test_an_agent_that_deletes_its_worktree_is_told_so_and_gets_another(tmp_path: Path) -> None:
    work = Coding(command=("sh", "-c", 'rm -rf "$PWD"', "sh", "{prompt}"))
    failure = failed(done(tmp_path, work, sandbox="none"))  # within bounds it could not
    assert (failure.class_, failure.passing) == ("workspace", True)
    assert "deleted the worktree" in failure.cause


def test_what_an_agent_commits_elsewhere_is_found(tmp_path: Path) -> None:
    script = "git checkout -q -b elsewhere; echo made > made.txt; git add .; git commit -q -m Mine"
    named = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    outcome = done(tmp_path, Coding(command=("sh", "-c", script, "sh", "{prompt}"), env=named))
    assert outcome.ok, outcome.failure
    assert written(tmp_path) == "made"


def test_an_agent_in_its_bounds_cannot_change_what_the_user_works_on(tmp_path: Path) -> None:
    script = 'echo made > made.txt; touch "$HOME/checkout/README"; echo x > "$HOME/checkout/README"; true'
    if not works():
        pytest.skip("there is no bubblewrap here, or the kernel does not let it work")
    assert done(tmp_path, Coding(command=("sh", "-c", script, "sh", "{prompt}"))).ok
    assert (tmp_path / "checkout" / "README").read_text(encoding="ascii") == "hello\n"
    assert written(tmp_path) == "made"


def test_an_agent_that_floods_its_log_is_cut_and_heard_to_its_end(tmp_path: Path) -> None:
    script = "yes flood | head -c 9000000; echo made > made.txt; echo the end"
    work = Coding(command=("sh", "-c", script, "sh", "{prompt}"))
    outcome = done(tmp_path, work, attempt={"log_limit_bytes": 100_000})
    assert outcome.ok
    assert outcome.facts["agent"]["result"].endswith("the end")
    assert (tmp_path / "t.1.log").stat().st_size < 110_000


def test_an_agent_gets_what_it_needs_and_none_of_our_secrets(tmp_path: Path) -> None:
    ours = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "THE_KEY": "sk-of-the-upstream",
        "BEAST_ADMIN_KEY": "sk-of-ours",
        "OPENAI_API_KEY": "sk-of-the-user",
        "NO_PROXY": "example.com",
    }
    way = Way(Access("http://127.0.0.1:9/t/x", "token-of-this-task"))
    named = Coding(command=("sh", "-c", "env > made.txt", "sh", "{prompt}"), env={"NAMED": "by the user"})
    named = replace(named, env={**named.env, "THE_KEY": "sk-of-a-mistake"})
    assert done(tmp_path, named, way, ours, server=ModelServer(key_env="THE_KEY")).ok
    text = written(tmp_path)
    got = dict(line.split("=", 1) for line in text.splitlines())
    assert got["OPENAI_API_KEY"] == "token-of-this-task"
    assert got["OPENAI_BASE_URL"] == "http://127.0.0.1:9/t/x/v1"
    assert (got["NAMED"], got["BEAST_ID"]) == ("by the user", "t")
    assert int(got["BEAST_PORT_BASE"])
    assert got["LC_ALL"] == "C.UTF-8"
    assert got["NO_PROXY"] == "example.com,127.0.0.1,localhost,::1"
    assert "sk-of" not in text
    assert "THE_KEY" not in got


def program(folder: Path, name: str, script: str) -> dict[str, str]:
    """The environment of a machine on which an agent is this script."""
    path = folder / "bin" / name
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    path.chmod(0o755)
    return {"PATH": f"{path.parent}:{os.environ['PATH']}", "HOME": str(folder)}


RECONNECTING = (
    '{"type":"error","message":"Reconnecting... 1/2 (exceeded retry limit, last status: 429 Too Many)"}'
)


def test_an_agent_that_would_wait_for_hours_by_itself_is_ended(tmp_path: Path) -> None:
    script = f"[ $1 = sandbox ] && exit 0; echo begun > made.txt; echo '{RECONNECTING}'; sleep 1000"
    way = Way(Access("http://127.0.0.1:9/t/x", "k"))
    outcome = done(tmp_path, Coding(agent="codex"), way, program(tmp_path, "codex", script))
    assert (failed(outcome).class_, failed(outcome).throttle) == ("rate_limit", True)
    assert written(tmp_path) == "begun"


def test_an_agent_without_the_sandbox_that_it_needs_is_not_started(tmp_path: Path) -> None:
    ours = program(tmp_path, "codex", "[ $1 = sandbox ] && echo no namespaces && exit 1; echo x > made.txt")
    failure = failed(done(tmp_path, Coding(agent="codex"), None, ours))
    assert (failure.class_, failure.passing) == ("agent_failed", False)
    assert "no namespaces" in failure.cause
    assert "--permissions all" in failure.tip


def test_a_login_that_cannot_pass_through_the_gateway_is_told_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    ours = program(tmp_path, "codex", "exit 0")
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex" / "auth.json").write_text('{"tokens": {"id_token": "x"}}', encoding="ascii")
    failure = failed(done(tmp_path, Coding(agent="codex"), Way(Access("http://127.0.0.1:9/t/x")), ours))
    assert failure.class_ == "agent_login"
    assert "chatgpt.com" in failure.cause
    assert "--gateway none" in failure.tip


def test_an_agent_that_its_server_does_not_understand_is_not_started(tmp_path: Path) -> None:
    way = Way(Access("http://127.0.0.1:9/t/x", "k", ("chat",)))
    failure = failed(done(tmp_path, Coding(agent="claude"), way, program(tmp_path, "claude", "exit 0")))
    assert failure.cause == "claude speaks messages, and the model server chat"
    failure = failed(
        done(tmp_path / "2", Coding(agent="mini"), way, program(tmp_path / "2", "mini", "exit 0"))
    )
    assert "--model" in failure.tip


def test_a_wrong_key_of_its_own_is_a_matter_of_its_login(tmp_path: Path) -> None:
    said = '{"type":"result","subtype":"success","is_error":true,"api_error_status":401,"result":"API Error: 401"}'
    failure = failed(
        done(tmp_path, Coding(agent="claude"), None, program(tmp_path, "claude", f"echo '{said}'"))
    )
    assert failure.class_ == "agent_login"
    assert "beast doctor --agent claude" in failure.tip


def test_a_cancelled_attempt_ends_its_agent_and_closes_its_way(tmp_path: Path) -> None:
    way = Way()
    work = Coding(command=("sh", "-c", "sleep 1000 & sleep 1000", "sh", "{prompt}"))

    async def play() -> None:
        supervisor = supervisor_in(tmp_path)
        started = asyncio.Event()
        async with workspaces(repository(tmp_path / "checkout"), tmp_path / "worktrees") as spaces:
            kind = AgentKind(supervisor, spaces, way, CodingSettings(), lambda _: "Do it.")
            attempt = attempt_of(Task("t", work), folder=tmp_path)
            performing = asyncio.ensure_future(kind.perform(attempt, started.set))
            await started.wait()
            performing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await performing
        await supervisor.close()

    asyncio.run(play())
    assert not belonging_to(tmp_path)
    assert not way.open_now


def test_an_agent_with_its_own_login_keeps_it(tmp_path: Path) -> None:
    ours = {"PATH": os.environ["PATH"], "OPENAI_API_KEY": "sk-of-the-user", "ANTHROPIC_MODEL": "m"}
    assert done(tmp_path, Coding(command=("sh", "-c", "env > made.txt", "sh", "{prompt}")), None, ours).ok
    text = written(tmp_path)
    assert "OPENAI_API_KEY=sk-of-the-user" in text
    assert "ANTHROPIC_MODEL=m" in text
