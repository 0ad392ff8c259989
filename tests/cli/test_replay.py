"""`beast replay`: what failed is sent again as it was, through a gateway or to its upstream, and never with secrets."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from beastmode.cli.replay import USUAL
from beastmode.compose.serve.seen import Seen
from beastmode.store.ledger.entry import Entry, Sent
from beastmode.store.ledger.file import ledger_path
from beastmode.testing.model_server import ModelServer, Script
from beastmode.testing.threads import in_thread
from tests.cli.inside import beast_inside
from tests.gateway.served import gateway, records
from tests.store.ledgers import entry, opened, upstream_call

OVERLOADED = (
    529,
    json.dumps({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
)
KEY = "sk-replay-4f6e8d9b1e5d7c2a"
BODY = json.dumps(
    {"model": "m-small", "messages": [{"role": "user", "content": "Grüße"}]}, ensure_ascii=False
)


def beast(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "beastmode", *arguments, "--home", str(home)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **variables},
    )


@contextmanager
def failing_once(home: Path, path: str, body: str, **script: Any) -> Iterator[tuple[ModelServer, str, Entry]]:
    """A request has failed through a gateway; gives the server, which is well now, a gateway, and the record."""
    with in_thread(ModelServer(Script(keys=frozenset({KEY}), answer=OVERLOADED, **script))) as server:
        with in_thread(gateway(server.url, home / "first")) as url:
            headers = {"Authorization": f"Bearer {KEY}", "anthropic-version": "2023-06-01"}
            with pytest.raises(urllib.error.HTTPError, match="529"):
                urllib.request.urlopen(
                    urllib.request.Request(f"{url}{path}", body.encode(), headers), timeout=30
                )
        server.script.answer = None
        server.asked.clear()
        with in_thread(gateway(server.url, home / "second")) as url:
            yield server, url, records(home / "first")[0]


def said(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def test_a_failed_request_is_sent_again_byte_for_byte_with_a_key_of_the_environment(tmp_path: Path) -> None:
    with failing_once(tmp_path, "/v1/chat/completions?beta=true", BODY) as (server, url, failed):
        ended = beast(
            tmp_path / "first", "replay", failed.id, "--to", url, "--key-env", "MINE", "--json", MINE=KEY
        )
        assert ended.returncode == 0, ended.stderr
        again = said(ended)
        assert (again["ok"], again["status"], again["class"], again["changed"]) == (True, 200, "", "")
        assert json.loads(again["answer"])["choices"]
        (asked,) = server.asked
        assert (asked.path, asked.body, asked.credential) == ("/v1/chat/completions", BODY.encode(), KEY)
    assert KEY not in ended.stdout + ended.stderr
    assert KEY.encode() not in ledger_path(tmp_path / "first").read_bytes()
    assert [one.outcome for one in records(tmp_path / "second")] == ["upstream_ok"]


def test_a_request_with_a_picture_is_sent_again_with_it(tmp_path: Path) -> None:
    picture = base64.b64encode(bytes(range(256)) * 40).decode()
    source = {"type": "base64", "media_type": "image/png", "data": picture}
    body = json.dumps({"messages": [{"role": "user", "content": [{"type": "image", "source": source}]}]})
    with failing_once(tmp_path, "/v1/messages", body) as (server, url, failed):
        ended = beast(tmp_path / "first", "replay", failed.id, "--to", url, "--key-env", "MINE", MINE=KEY)
        assert ended.returncode == 0, ended.stderr
        assert [asked.body for asked in server.asked] == [body.encode()]


SIGNED = base64.b64encode(random.Random(1).randbytes(15_000)).decode()
"""20,000 characters."""
SECOND_STEPS: list[tuple[str, dict[str, Any]]] = [
    ("/v1/messages", {"type": "thinking", "thinking": 'I "look".', "signature": SIGNED}),
    ("/v1/messages", {"type": "redacted_thinking", "data": SIGNED}),
    ("/v1/responses", {"type": "reasoning", "summary": [], "encrypted_content": SIGNED}),
    ("/v1beta/models/m:generateContent", {"functionCall": {"name": "ls"}, "thoughtSignature": SIGNED}),
    ("/v1/chat/completions", {"id": "c1", "extra_content": {"google": {"thought_signature": SIGNED}}}),
    ("/api/chat", {"role": "user", "content": "What is it?", "images": [SIGNED, SIGNED]}),
]


@pytest.mark.parametrize(("path", "part"), SECOND_STEPS, ids=[path for path, _ in SECOND_STEPS])
def test_a_second_step_is_sent_again_with_what_its_provider_has_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, part: dict[str, Any]
) -> None:
    body = json.dumps({"model": "m-small", "messages": [part]})
    monkeypatch.setenv("MINE", KEY)
    with failing_once(tmp_path, path, body) as (server, url, failed):
        named = ["--to", url, "--key-env", "MINE", "--home", "first"]
        ended = beast_inside(tmp_path, "replay", failed.id, *named)
        assert [asked.body for asked in server.asked] == [body.encode()], ended.stderr


def test_unless_told_otherwise_the_gateway_of_its_home_sends_it_wherever_that_listens(tmp_path: Path) -> None:
    with failing_once(tmp_path, "/v1/chat/completions", BODY) as (server, _, failed):
        home = tmp_path / "first"
        with in_thread(gateway(server.url, home, seen=Seen("serve"))) as url:
            ended = beast(home, "replay", failed.id, "--key-env", "MINE", "--json", MINE=KEY)
        assert (ended.returncode, said(ended)["to"]) == (0, url), ended.stderr
        ended = beast(home, "replay", failed.id, "--key-env", "MINE", MINE=KEY)
        assert (ended.returncode, USUAL in ended.stderr) == (2, True), (
            "it has ended, and nobody listens there"
        )
    assert [one.outcome for one in records(home)] == ["failed", "upstream_ok"]


def test_straight_to_its_upstream_it_keeps_the_limits_and_leaves_a_record(tmp_path: Path) -> None:
    stream = json.dumps({"model": "m-small", "stream": True, "messages": []})
    with failing_once(tmp_path, "/v1/messages", stream) as (server, _, failed):
        ended = beast(
            tmp_path / "first", "replay", failed.id, "--direct", "--key-env", "MINE", "--json", MINE=KEY
        )
        assert ended.returncode == 0, ended.stderr
        assert said(ended)["to"] == server.url
        assert "message_stop" in said(ended)["answer"]
        assert [asked.credential for asked in server.asked] == [KEY]
    assert [one.outcome for one in records(tmp_path / "first")] == ["failed", "upstream_ok"]


def test_what_fails_again_says_what_to_do_and_that_credentials_are_not_recorded(tmp_path: Path) -> None:
    with failing_once(tmp_path, "/v1/messages", BODY) as (_, url, failed):
        ended = beast(tmp_path / "first", "replay", failed.id, "--to", url)
        assert ended.returncode == 1
        assert "Class:   auth" in ended.stderr
        assert "--key-env" in ended.stderr
        assert "Incorrect API key" in ended.stdout
        ended = beast(tmp_path / "first", "replay", failed.id, "--to", url, "--json")
        assert (ended.returncode, said(ended)["class"], said(ended)["status"]) == (1, "auth", 401)


def test_with_secrets_removed_it_is_another_request_and_sent_only_anyway(tmp_path: Path) -> None:
    body = BODY.replace("Grüße", f"my key is {KEY}")
    with failing_once(tmp_path, "/v1/chat/completions", body) as (server, url, failed):
        home = tmp_path / "first"
        ended = beast(home, "replay", failed.id, "--to", url, "--key-env", "MINE", MINE=KEY)
        assert (ended.returncode, server.asked) == (2, [])
        assert "--anyway" in ended.stderr
        assert "secrets" in ended.stderr
        ended = beast(home, "replay", failed.id, "--to", url, "--key-env", "MINE", "--anyway", MINE=KEY)
        assert ended.returncode == 0, ended.stderr
        assert b"my key is ***" in server.asked[0].body


def recorded_with(home: Path, **known: Any) -> str:
    async def play() -> str:
        ledger = opened(ledger_path(home))
        request = entry(upstream="http://127.0.0.1:9", **known)
        await upstream_call(ledger, request, "failed")
        await ledger.close()
        return request.id

    return asyncio.run(play())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-id"], "there is no request 'no-such-id'"),
        (["{plain}"], "--record all"),
        (["{kept}", "--to", "http://127.0.0.1:9"], "beast serve"),
        (["{kept}", "--to", "nowhere"], "is no base URL"),
        (["{kept}", "--to", "http://[half"], "names no server"),
        (["{kept}", "--to", "http://"], "names no server"),
        (["{kept}", "--key-env", "NO_SUCH_KEY"], "no variable NO_SUCH_KEY"),
    ],
)
def test_what_cannot_be_sent_ends_with_2_and_says_why(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    ids = {
        "plain": recorded_with(tmp_path),
        "kept": recorded_with(tmp_path, request_body=BODY.encode(), sent=Sent()),
    }
    named = [one.format(**ids) for one in arguments]
    ended = beast_inside(tmp_path, "replay", *named, "--home", str(tmp_path))
    assert ended.returncode == 2, ended.stderr
    assert words in ended.stderr
    assert ended.stdout == ""


def test_a_home_without_requests_says_how_to_get_some(tmp_path: Path) -> None:
    ended = beast(tmp_path / "none", "replay", "x")
    assert (ended.returncode, "beast serve" in ended.stderr) == (2, True)
    assert not (tmp_path / "none").exists()
