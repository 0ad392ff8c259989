"""Eleven minutes in line, a hundred times as fast: the agents wait, and each of their requests is one upstream.

Every time is a hundredth of what it is for real: the gateway's silence (30 s), its signs of life (15 s) and its queue
(15 min), the agents' own timeouts where they can be set (Codex: 5 min without an event; Claude Code: 10 min until the
head; its 5 min without an event cannot be made shorter), and the time for which somebody else holds the only slot.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from beastmode.testing.agent_turns import runs
from beastmode.testing.model_server import ModelServer, Refusal, Script
from beastmode.testing.threads import in_thread
from tests.agents.agents import BOTH, CODEX, Agent, do
from tests.agents.serving import counted, serving
from tests.gateway.served import records
from tests.processes import eventually

HELD_S = 6.6
FAST = ("--silence", "300ms", "--keepalive", "150ms", "--queue-timeout", "9s")
ONE_SLOT = ("--rate", "none", "--upstream-concurrency", "1", "--linger", "0s")
HOLDING = b'{"model": "m-large", "messages": [{"role": "user", "content": "hold the slot"}]}'
WRONG = '{"error": {"type": "invalid_request_error", "message": "m-small takes no tools", "code": null}}'


def impatient(agent: Agent) -> Agent:
    """The same with a hundredth of its patience."""
    if agent is not CODEX:
        return replace(agent, variables=lambda url: {**agent.variables(url), "API_TIMEOUT_MS": "6000"})
    provider = {
        "name": '"gateway"',
        "env_key": '"CODEX_API_KEY"',
        "wire_api": '"responses"',
        "stream_idle_timeout_ms": "3000",
    }

    def arguments(url: str, prompt: str) -> list[str]:
        told = {**provider, "base_url": f'"{url}/v1"'}
        settings = [f"model_providers.gateway.{name}={value}" for name, value in told.items()]
        settings.append('model_provider="gateway"')
        return [*agent.arguments(url, prompt), *(word for setting in settings for word in ("-c", setting))]

    return replace(agent, arguments=arguments)


@contextmanager
def held(home: Path, script: Script) -> Iterator[tuple[str, ModelServer]]:
    """A gateway whose upstream's only slot is in use, and for eleven minutes more once somebody waits for it; gives
    its URL and the upstream."""
    script.work_s = lambda asked: 1000.0 if asked["model"] == "m-large" else 0.0
    with (
        in_thread(ModelServer(script)) as server,
        serving(server.url, home, *FAST, *ONE_SLOT) as url,
    ):
        holder = HTTPConnection(urlsplit(url).netloc)
        holder.request("POST", "/v1/chat/completions", HOLDING)
        eventually(lambda: server.in_flight, "the slot is held")
        letting_go = Thread(target=let_go_later, args=(holder, url))
        letting_go.start()
        yield url, server
        letting_go.join(60)


def let_go_later(holder: HTTPConnection, url: str) -> None:
    eventually(lambda: counted(url)["in_flight"] == 2, "somebody waits")
    time.sleep(HELD_S)
    holder.close()


@BOTH
def test_an_agent_waits_and_each_of_its_requests_is_one_upstream(agent: Agent, tmp_path: Path) -> None:
    with held(tmp_path, Script(turn=runs("echo hello > made.txt"))) as (url, server):
        done = do(impatient(agent), "Write hello into made.txt.", url, tmp_path)
    assert (done.code, done.complaints, server.paid) == (0, [], 3), done.said
    assert (done.folder / "made.txt").exists()
    kept = records(tmp_path)
    assert [entry.outcome for entry in kept] == ["cancelled", "upstream_ok", "upstream_ok"]
    assert (kept[1].queue_s or 0.0) > HELD_S, "it waited longer than Codex bears"


@BOTH
def test_a_400_after_the_wait_reaches_the_agent_as_an_error(agent: Agent, tmp_path: Path) -> None:
    with held(tmp_path, Script()) as (url, server):
        server.script.refusals.extend([Refusal(400, body=WRONG)] * 10)
        done = do(impatient(agent), "Write hello into made.txt.", url, tmp_path)
    assert (done.code, bool(done.complaints)) == (1, True), done.said
    assert "m-small takes no tools" in done.said
    if agent is CODEX:
        assert "m-small takes no tools. Correct the request" in done.said
    # Claude Code asks once more without a stream when a stream ends with an error, and shows what that one says.
    assert server.paid - 1 == (1 if agent is CODEX else 2)
