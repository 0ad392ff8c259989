"""Replaying from the dashboard: real gateways and servers; what was sent, and which record is shown next."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from beastmode.compose.ui.replaying import MOST_AT_ONCE, LedgerReplays
from beastmode.compose.ui.requests import LedgerRequests
from beastmode.dashboard.app import dashboard
from beastmode.dashboard.sources.live import GatewayNow, UpstreamNow
from beastmode.errors import PreconditionError
from beastmode.store.ledger.entry import SECRETS_REMOVED, Sent
from beastmode.store.ledger.file import ledger_path
from beastmode.testing.model_server import ModelServer, Script
from beastmode.testing.threads import in_thread
from tests.dashboard.reading import Keeper, Live, sources
from tests.gateway.served import records
from tests.store.ledgers import entry, opened, upstream_call

BODY = json.dumps({"model": "m-small", "messages": [{"role": "user", "content": "Grüße"}]}).encode()
KEY = "sk-replay-4f6e8d9b1e5d7c2a"


def record(home: Path, upstream: str, **known: Any) -> str:
    """A request that failed; its id."""

    async def play() -> str:
        ledger = opened(ledger_path(home))
        kept = {"model": "m-small", "request_body": BODY, "sent": Sent()}
        request = entry(time.time(), upstream=upstream, **{**kept, **known})  # not too old to be kept
        await upstream_call(ledger, request, "failed")
        await ledger.close()
        return request.id

    return asyncio.run(play())


def keyed(upstream: str, variable: str) -> GatewayNow:
    """A gateway at work that takes the key of an upstream from a variable."""
    setting = {"name": "upstream_key_env", "value": variable, "upstream": "u"}
    one = UpstreamNow("u", "well", "", None, 0, [], url=upstream)
    return GatewayNow("", "serve", 0.0, 0, 0, [one], [], [], [setting])


def test_it_goes_to_its_upstream_with_the_key_of_a_variable_and_its_record_is_told(tmp_path: Path) -> None:
    with in_thread(ModelServer(Script(keys=frozenset({KEY})))) as server:
        name = record(tmp_path, server.url)
        replays = LedgerReplays(tmp_path, Live(keyed(server.url, "MINE")), environment={"MINE": KEY})
        words, new = replays.replay(name, key_env="MINE")
        (asked,) = server.asked
    assert words.startswith("It went well: status 200")
    assert (asked.body, asked.credential) == (BODY, KEY)
    again = next(one for one in records(tmp_path) if one.id == new)
    assert (again.outcome, again.id != name) == ("upstream_ok", True)


def test_what_fails_again_says_what_to_do(tmp_path: Path) -> None:
    with in_thread(ModelServer(Script(keys=frozenset({KEY})))) as server:
        name = record(tmp_path, server.url)
        words, new = LedgerReplays(tmp_path, Live(), environment={}).replay(name)
    assert "It failed after" in words
    assert "name the variable that holds the key" in words
    assert new


def test_what_cannot_be_sent_says_why_before_one_tries(tmp_path: Path) -> None:
    replays = LedgerReplays(tmp_path, Live())
    assert "--record all" in replays.repeatable(record(tmp_path, "http://h", request_body=None)).why_not
    assert "no upstream was asked" in replays.repeatable(record(tmp_path, "")).why_not
    with pytest.raises(PreconditionError, match="no upstream was asked"):
        replays.replay(record(tmp_path, ""))
    replays = LedgerReplays(tmp_path, Live(keyed("http://h", "NO_SUCH")), environment={})
    with pytest.raises(PreconditionError, match="NO_SUCH is not set"):
        replays.replay(record(tmp_path, "http://h"), key_env="NO_SUCH")


def test_only_a_variable_that_belongs_to_its_upstream_can_be_named(tmp_path: Path) -> None:
    with in_thread(ModelServer()) as server:
        name = record(tmp_path, server.url)
        environment = {
            "MINE": KEY,
            "OTHERS": "sk-of-another-server",
            "API_KEY": "sk-of-anything",
            "HOME": "/x",
        }
        live = Live(keyed(server.url, "MINE"), keyed("https://other.example", "OTHERS"))
        replays = LedgerReplays(tmp_path, live, environment=environment)
        assert (replays.repeatable(name).key_envs, replays.repeatable(name).unset) == (["MINE"], [])
        for other in ("OTHERS", "API_KEY", "HOME"):
            with pytest.raises(
                PreconditionError, match=f"{other} is no variable for the key of {server.url}"
            ):
                replays.replay(name, key_env=other)
        assert server.asked == []


def test_the_variable_of_a_known_provider_is_offered_where_no_gateway_is_at_work(tmp_path: Path) -> None:
    name = record(tmp_path, "https://api.openai.com/v1")
    bare = LedgerReplays(tmp_path, Live(), environment={})
    with_key = LedgerReplays(tmp_path, Live(), environment={"OPENAI_API_KEY": KEY})
    assert bare.repeatable(name).unset == ["OPENAI_API_KEY"]
    assert with_key.repeatable(name).key_envs == ["OPENAI_API_KEY"]


def test_another_request_than_the_recorded_one_is_sent_only_anyway(tmp_path: Path) -> None:
    with in_thread(ModelServer()) as server:
        name = record(tmp_path, server.url, sent=Sent(flaw=SECRETS_REMOVED))
        replays = LedgerReplays(tmp_path, Live())
        assert replays.repeatable(name).changed == SECRETS_REMOVED
        with pytest.raises(PreconditionError, match="not be the same request"):
            replays.replay(name)
        assert server.asked == []
        replays.replay(name, anyway=True)
        assert len(server.asked) == 1


def test_who_waits_gives_up_and_the_request_goes_on_and_few_are_under_way(tmp_path: Path) -> None:
    answers = threading.Event()
    script = Script(work_s=lambda asked: float(not answers.wait(60)))
    with in_thread(ModelServer(script)) as server:
        names = [record(tmp_path, server.url) for _ in range(MOST_AT_ONCE + 1)]
        replays = LedgerReplays(tmp_path, Live(), patience_s=0.01)
        for name in names[:-1]:
            words, new = replays.replay(name)
            assert "it goes on" in words
            assert new == ""
        with pytest.raises(PreconditionError, match="sent again already"):
            replays.replay(names[-1])
        answers.set()
        for thread in threading.enumerate():
            if thread.name.startswith("replay "):
                thread.join(30)
    assert sum(one.outcome == "upstream_ok" for one in records(tmp_path)) == MOST_AT_ONCE


def test_from_the_page_the_new_record_is_shown_next(tmp_path: Path) -> None:
    with in_thread(ModelServer()) as server:
        name = record(tmp_path, server.url, sent=Sent(headers=(("user-agent", "an-agent/1"),)))
        requests, replays = LedgerRequests(tmp_path), LedgerReplays(tmp_path, Live())
        app = dashboard(sources(requests=requests, request_control=replays), Keeper())
        browser = TestClient(app, base_url="http://127.0.0.1:8090")
        browser.get("/enter?key=key")
        before = browser.get(f"/requests/{name}").text
        assert "Send it again" in before
        assert "an-agent/1" in before
        here = {"sec-fetch-site": "same-origin"}
        page = browser.post(f"/requests/{name}/replay", headers=here)
    assert page.status_code == 200
    assert not page.url.path.endswith(name)
    assert "It went well" in page.text
    assert 'class="badge upstream_ok"' in page.text
