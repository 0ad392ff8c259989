"""Real agents as the runner starts them, one attempt each: what they do is saved, what they say is understood."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from beastmode.failures.failure import Failure
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.kinds.agent import AgentKind
from beastmode.runner.kinds.protocol import Outcome
from beastmode.runner.model_access import Access
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding
from beastmode.testing import attempt_of
from beastmode.testing.agent_turns import Turn, runs, says_only
from beastmode.testing.model_server import ModelServer, Refusal, Script
from beastmode.testing.threads import in_thread
from tests.agents.agents import LONG_S, at_hand
from tests.processes import belonging_to, supervisor_in
from tests.repositories import git, repository
from tests.runner.agents.test_containing import works
from tests.runner.kinds.test_agent import Way
from tests.runner.workplace import workspaces

TASK = "Write hello into made.txt."
WRITES = runs("echo hello > made.txt")
WRONG = '{"type": "error", "error": {"type": "invalid_request_error", "message": "m-small takes no tools"}}'
OAUTH = {
    "accessToken": "of-a-person",
    "refreshToken": "r",
    "expiresAt": 4_102_444_800_000,
    "scopes": ["user:inference", "user:profile"],
    "subscriptionType": "max",
}
every_agent = pytest.mark.parametrize("name", ["claude", "codex", "mini"])


@dataclass(slots=True)
class Tried:
    """One attempt.   printed: what is in its log.   paid: requests that asked the model.   credentials: of these."""

    outcome: Outcome
    checkout: Path
    printed: str = field(repr=False)
    paid: int
    credentials: set[str]

    @property
    def failure(self) -> Failure:
        assert self.outcome.failure is not None, self.printed
        assert self.outcome.failure.tip
        return self.outcome.failure


def tried(
    name: str,
    at: Path,
    script: Script,
    settings: CodingSettings | None = None,
    timeout_s: float = LONG_S,
    version: str = "v1",
    key: str = "key-of-the-gateway",
) -> Tried:
    """Have the agent do one task, its model being `script`.   at: an empty folder, in which all of it lies.
    version: of the dialect, in its paths.   key: that it shows; "" for its own."""
    attempt = replace(
        attempt_of(Task("t", Coding(agent=name, model="m-small")), folder=at), timeout_s=timeout_s
    )
    path = f"{at_hand(name)}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(at)}
    settings = settings or CodingSettings(permissions="all")

    async def play(url: str) -> Outcome:
        supervisor = supervisor_in(at)
        way = Way(Access(f"{url}/t/token", key))
        try:
            async with workspaces(repository(at / "checkout"), at / "worktrees") as spaces:
                kind = AgentKind(supervisor, spaces, way, settings, lambda _: TASK, environment)
                return await kind.perform(attempt, lambda: None)
        finally:
            await supervisor.close()

    script.prefix = f"/t/token/{version}"
    with in_thread(ModelServer(script)) as server:
        outcome = asyncio.run(play(server.url))
        asked = [one for one in server.asked if one.paid]
    assert not belonging_to(at)
    log = attempt.log_path
    printed = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return Tried(outcome, at / "checkout", printed, len(asked), {one.credential for one in asked})


def model(turn: Turn = WRITES, **about: object) -> Script:
    script = Script(models=("m-small",), turn=turn)
    for name, value in about.items():
        setattr(script, name, value)
    return script


@every_agent
def test_a_task_is_done(name: str, tmp_path: Path) -> None:
    done = tried(name, tmp_path, model())
    assert done.outcome.ok, done.printed
    assert git(done.checkout, "diff", "--name-only", "main", "beast/r1/task/t") == "made.txt"
    assert git(done.checkout, "show", "beast/r1/task/t:made.txt") == "hello"
    said = done.outcome.facts["agent"]
    assert said["name"] == name
    assert said["turns"] >= 1
    assert done.credentials == {"key-of-the-gateway"}
    assert name == "mini" or (said["result"], said["tokens_in"]) == ("It is done.", 16)


@every_agent
def test_an_agent_that_changed_nothing_is_not_done(name: str, tmp_path: Path) -> None:
    turn = runs("true") if name == "mini" else says_only
    assert tried(name, tmp_path, model(turn)).failure.class_ == "no_change"


@every_agent
def test_a_throttle_of_its_model_is_no_fault_of_the_task(name: str, tmp_path: Path) -> None:
    refusals = deque([Refusal(429, retry_after="1")] * 100)
    done = tried(name, tmp_path, model(refusals=refusals))
    assert (done.failure.class_, done.failure.throttle) == ("rate_limit", True), done.failure
    assert done.paid <= 9, "its own retries are turned down"


@every_agent
def test_a_wrong_key_is_told_as_such(name: str, tmp_path: Path) -> None:
    done = tried(name, tmp_path, model(keys=frozenset({"another"})))
    assert (done.failure.class_, done.failure.passing) == ("auth", False), done.failure


@every_agent
def test_what_its_model_refuses_for_good_is_told_in_its_words(name: str, tmp_path: Path) -> None:
    done = tried(name, tmp_path, model(refusals=deque([Refusal(400, body=WRONG)] * 100)))
    assert done.failure.class_ == "bad_request", done.failure
    assert "m-small takes no tools" in done.failure.cause


@every_agent
def test_an_agent_that_is_out_of_time_leaves_nothing_running(name: str, tmp_path: Path) -> None:
    done = tried(name, tmp_path, model(work_s=lambda _: 1000.0), timeout_s=20.0)
    assert done.failure.class_ == "timeout"
    assert name in done.failure.tip


def test_what_claude_was_not_allowed_needs_a_person(tmp_path: Path) -> None:
    done = tried("claude", tmp_path, model(runs("curl http://127.0.0.1:9/ > made.txt")), CodingSettings())
    assert done.failure.class_ == "agent_refused", done.failure
    assert "curl" in done.failure.cause


def test_claude_may_run_the_check_with_edits_alone(tmp_path: Path) -> None:
    check = CodingSettings(check="sh -c 'echo hello > made.txt'")
    assert tried("claude", tmp_path, model(runs("sh -c 'echo hello > made.txt'")), check).outcome.ok


def test_codex_writes_in_its_folder_and_nowhere_else_with_edits_alone(tmp_path: Path) -> None:
    outside = Path("/var/tmp") / f"outside-{uuid.uuid4()}.txt"  # in /tmp its sandbox lets it write
    turn = runs("echo hello > made.txt", f"echo hello > {outside}")
    done = tried("codex", tmp_path, model(turn), CodingSettings())
    if done.outcome.failure is not None and "has no sandbox here" in done.outcome.failure.cause:
        pytest.skip(done.outcome.failure.cause)
    assert done.outcome.ok, done.outcome.failure
    assert not outside.exists()


@every_agent
def test_a_quota_that_is_refilled_in_hours_ends_the_attempt_at_once(name: str, tmp_path: Path) -> None:
    """An agent that obeys a Retry-After of two hours would hold its place for as long as its timeout allows."""
    done = tried(name, tmp_path, model(refusals=deque([Refusal(429, retry_after="7200")] * 100)))
    assert done.failure.throttle, done.failure
    assert done.failure.class_ in ("rate_limit", "quota_exhausted")


@pytest.mark.parametrize(
    ("name", "file", "holds"),
    [
        ("claude", ".claude/.credentials.json", {"claudeAiOauth": OAUTH}),
        ("codex", ".codex/auth.json", {"OPENAI_API_KEY": "of-a-person"}),
    ],
)
def test_a_login_of_its_own_passes_through(
    name: str, file: str, holds: dict[str, object], tmp_path: Path
) -> None:
    kept = tmp_path / file
    kept.parent.mkdir()
    kept.write_text(json.dumps(holds), encoding="ascii")
    done = tried(name, tmp_path, model(), key="")
    assert done.outcome.ok, done.printed
    assert done.credentials == {"of-a-person"}
    assert json.loads(kept.read_text(encoding="ascii")) == holds, "it is still logged in"


def test_claude_without_any_login_wants_one(tmp_path: Path) -> None:
    done = tried("claude", tmp_path, model(), key="")
    assert (done.failure.class_, done.failure.passing, done.paid) == ("agent_login", False, 0)


@every_agent
def test_an_agent_that_may_do_all_does_not_reach_the_checkout(name: str, tmp_path: Path) -> None:
    if not works():
        pytest.skip("there is no bubblewrap here, or the kernel does not let it work")
    readme = tmp_path / "checkout" / "README"
    done = tried(name, tmp_path, model(runs("echo hello > made.txt", f"echo spoilt > {readme}")))
    assert done.outcome.ok, done.printed
    assert readme.read_text(encoding="ascii") == "hello\n"
