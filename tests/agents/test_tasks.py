"""Claude Code and Codex, as published, do one task each through a real gateway, and notice nothing of it."""

from __future__ import annotations

import subprocess
from collections import deque
from pathlib import Path

import pytest

from beastmode.store.ledger.entry import Entry
from beastmode.store.ledger.reading.reader import recorded
from beastmode.testing.agent_turns import runs
from beastmode.testing.chaos import Chaos
from beastmode.testing.model_server import ModelServer, Refusal, Script
from beastmode.testing.threads import in_thread
from tests.agents.agents import BOTH, CODEX, Agent, do
from tests.agents.serving import counted, serving
from tests.cli.test_serve import beast
from tests.gateway.served import records

TASK = "Write hello into made.txt."
WRITES = runs("echo hello > made.txt")
WRONG = '{"type": "error", "error": {"type": "invalid_request_error", "message": "m-small takes no tools"}}'


def writer() -> ModelServer:
    """A model that has the task done in two turns."""
    return ModelServer(Script(models=("m-small",), turn=WRITES))


@BOTH
@pytest.mark.parametrize("token", ["", "/t/token-of-task-7"], ids=["plain", "token"])
def test_a_task_is_done_and_every_request_is_one_record(agent: Agent, token: str, tmp_path: Path) -> None:
    with in_thread(writer()) as server, serving(server.url, tmp_path) as url:
        done = do(agent, TASK, url + token, tmp_path)
        counts = counted(url)
        assert {asked.path for asked in server.asked} == {f"/v1/{agent.dialect.partition('.')[2]}"}
        assert {asked.credential for asked in server.asked} == {"sk-of-a-client"}
    assert (done.code, done.complaints) == (0, []), done.said
    assert (done.folder / "made.txt").read_text(encoding="ascii") == "hello\n"
    kept = [entry for entry in records(tmp_path) if entry.method == "POST"]
    assert [told(entry) for entry in kept] == [(agent.dialect, "m-small", True, "upstream_ok", 1, 8, 8)] * 2
    assert counts == {"received": 2, "upstream_ok": 2}


@BOTH
def test_a_throttled_server_is_waited_for_and_the_agent_meets_no_error(agent: Agent, tmp_path: Path) -> None:
    refusals = deque([Refusal(429, retry_after="1"), Refusal(429, retry_after="1"), Refusal(529)])
    script = Script(models=("m-small",), turn=WRITES, refusals=refusals)
    limits = ("--rate", "2/s", "--upstream-concurrency", "1")
    with in_thread(ModelServer(script)) as server, serving(server.url, tmp_path, *limits) as url:
        done = do(agent, TASK, url, tmp_path)
        assert (server.most_in_flight, server.most_in_window(1.0) <= 2, server.paid) == (1, True, 5)
    assert (done.code, done.complaints) == (0, []), done.said
    assert (done.folder / "made.txt").exists()
    assert [(entry.outcome, entry.tries) for entry in records(tmp_path)] == [
        ("upstream_ok", 4),
        ("upstream_ok", 1),
    ]


@BOTH
def test_what_the_server_refuses_for_good_reaches_the_agent_as_it_was_said(
    agent: Agent, tmp_path: Path
) -> None:
    script = Script(models=("m-small",), answer=(400, WRONG))
    with in_thread(ModelServer(script)) as server, serving(server.url, tmp_path) as url:
        done = do(agent, TASK, url, tmp_path)
        assert server.paid == 1
    assert (done.code, bool(done.complaints)) == (1, True)
    assert "m-small takes no tools" in done.said
    (entry,) = records(tmp_path)
    assert (entry.outcome, entry.status, entry.class_) == ("failed", 400, "bad_request")
    assert entry.tip
    assert sent_again(entry, tmp_path), "all of it was kept, and it is the very same request"


@BOTH
def test_what_the_gateway_refuses_reaches_the_agent_with_what_to_do(agent: Agent, tmp_path: Path) -> None:
    with in_thread(writer()) as server, serving(server.url, tmp_path, "--max-head", "500") as url:
        done = do(agent, TASK, url, tmp_path)
        assert server.paid == 0
    assert (done.code, bool(done.complaints)) == (1, True)
    assert "Send shorter headers" in done.said, done.said
    # Codex asks six times whatever the status is, but 400.
    assert {(entry.outcome, entry.status) for entry in records(tmp_path)} == {("rejected", 431)}


def test_codex_tries_a_websocket_once_and_falls_back_at_once(tmp_path: Path) -> None:
    with (
        in_thread(writer()) as server,
        serving(server.url, tmp_path) as url,
        in_thread(Chaos(url)) as between,
    ):
        done = do(CODEX, TASK, between.url, tmp_path)
        asked = [(one.method, one.header("upgrade")) for one in between.requests]
    assert (done.code, done.complaints) == (0, []), done.said
    assert asked == [("GET", "websocket"), ("POST", ""), ("POST", "")]


def sent_again(entry: Entry, home: Path) -> bool:
    """`beast replay`, to the gateway of its home, now that the server takes it; is that asked the same?"""
    with in_thread(writer()) as server, serving(server.url, home):
        ended = subprocess.run(
            beast("replay", entry.id, "--json", home=home), capture_output=True, timeout=60
        )
        assert (ended.returncode, server.paid) == (0, 1), ended.stderr
        return server.asked[-1].body == recorded(home, entry.id).request_body


def told(entry: Entry) -> tuple[object, ...]:
    """What a record says of a good request."""
    tokens = entry.tokens_in, entry.tokens_out
    return entry.dialect, entry.model, entry.stream, entry.outcome, entry.tries, *tokens
