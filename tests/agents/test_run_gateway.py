"""Real agents through the gateway of a run: the same list again asks nothing upstream, what led nowhere is asked anew,
and a quota that comes back tomorrow keeps no agent waiting."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections import deque
from dataclasses import replace
from pathlib import Path

from beastmode.runner.model_access import Usage
from beastmode.testing.agent_turns import runs
from beastmode.testing.model_server import ModelServer, Refusal, Script
from tests.agents.agents import BOTH, Agent, do
from tests.compose.coding.gateways import attempt, played, run_gateway


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=beast", "-c", "user.email=beast@localhost")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def worktree(project: Path, run: str, merged: tuple[str, ...], place: Path) -> None:
    """Where the task's agent works in a run: at the same path each time, on a branch of that run, on top of what was
    merged before."""
    shutil.rmtree(project, ignore_errors=True)
    shutil.rmtree(place, ignore_errors=True)
    project.mkdir()
    git(project, "init", "--quiet", "--initial-branch", "main")
    for task in merged:
        (project / f"{task}.txt").write_text("done\n")
        git(project, "add", "--all")
        git(project, "commit", "--quiet", "--message", f"Do {task}")
    git(project, "worktree", "add", "--quiet", "-b", f"beast/{run}/task/lru", str(place / "repository"))


async def perform(agent: Agent, server: ModelServer, at: Path, run: str, verified: bool) -> Usage:
    """The task in one run, whose other tasks were merged in an order of their own."""
    merged = ("docs", "tests") if run == "r1" else ("tests", "docs")
    worktree(at / "project", run, merged, at / "lru")
    async with run_gateway(server.url, at / "home", run=run) as gateway:
        one = attempt("lru", run=run)
        access = await gateway.open(one)
        done = await asyncio.to_thread(do, agent, "Make the file made.txt.", access.url, at / "lru")
        used = await gateway.close(one)
        await gateway.judged(one, verified)
    assert done.code == 0, done.said
    assert (done.folder / "made.txt").read_text() == "hello\n"
    return used


@BOTH
def test_a_list_again_asks_nothing_upstream_but_what_had_failed(agent: Agent, tmp_path: Path) -> None:
    @played
    async def story() -> None:
        async with ModelServer(Script(turn=runs("echo hello > made.txt", "cat made.txt"))) as server:
            first = await perform(agent, server, tmp_path, "r1", verified=True)
            assert (first.failure, first.hits, first.requests) == (None, 0, server.paid)
            again = await perform(agent, server, tmp_path, "r2", verified=False)
            assert (again.hits, again.requests) == (first.requests, first.requests)
            anew = await perform(agent, server, tmp_path, "r3", verified=True)
            assert (anew.hits, server.paid) == (0, 2 * first.requests)

    story()


@BOTH
def test_an_agent_ends_by_itself_where_the_quota_comes_back_tomorrow(agent: Agent, tmp_path: Path) -> None:
    """The run waits, or ends with the time; an agent that obeyed the `retry-after` would keep it from both."""

    @played
    async def story() -> None:
        spent = Script(refusals=deque([Refusal(429, "72000")]))
        async with ModelServer(spent) as server, run_gateway(server.url, tmp_path / "home") as gateway:
            one = attempt("lru")
            access = await gateway.open(one)
            quick = replace(
                agent, variables=lambda url: {**agent.variables(url), "CLAUDE_CODE_MAX_RETRIES": "1"}
            )
            done = await asyncio.to_thread(do, quick, "Make it.", access.url, tmp_path / "lru")
            used = await gateway.close(one)
        assert done.code != 0
        assert server.paid == 1
        assert used.failure is not None
        assert used.failure.throttle
        assert (used.failure.retry_after_s or 0.0) > 70_000

    story()
