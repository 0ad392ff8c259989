"""HTTP tasks against real sockets: what is sent, what is made of every kind of answer, and what it costs."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beastmode.runner.kinds.http import HttpKind
from beastmode.runner.kinds.http_answer import contains, lacks
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Http
from beastmode.testing import attempt_of
from tests.servers import CERTIFICATE, Handler, answers, closed_port, says, serving

MIB = 1 << 20


def attempt(folder: Path, work: Http, timeout_s: float = 30.0) -> Attempt:
    return replace(attempt_of(Task("t", work), folder=folder), timeout_s=timeout_s)


def sent(folder: Path, work: Http, timeout_s: float = 30.0) -> Outcome:
    """The outcome of one attempt."""

    async def send() -> Outcome:
        kind = HttpKind()
        try:
            return await kind.perform(attempt(folder, work, timeout_s), lambda: None)
        finally:
            await kind.close()

    return asyncio.run(send())


def asked(folder: Path, handle: Handler, timeout_s: float = 30.0, **work: Any) -> Outcome:
    """The outcome of one attempt at a server that does as `handle` says."""
    with serving(handle) as server:
        return sent(folder, Http(server.url, **work), timeout_s)


def class_of(outcome: Outcome) -> str:
    return outcome.failure.class_ if outcome.failure else "done"


def log_of(folder: Path) -> bytes:
    return (folder / "t.1.log").read_bytes()


# What is sent


def test_a_request_is_sent_as_it_stands_in_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "s3cret")
    with serving(answers("{}")) as server:
        work = Http(
            server.url, "PATCH", {"X-One": "1", "Authorization": "Bearer ${API_KEY}"}, {"a": [1, "ä"]}
        )
        assert sent(tmp_path, work).ok
    [request] = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"PATCH /path HTTP/1.1\r\n")
    assert b"X-One: 1" in head
    assert b"Authorization: Bearer s3cret" in head
    assert b"Content-Type: application/json" in head
    assert json.loads(body) == {"a": [1, "ä"]}
    assert b"s3cret" not in log_of(tmp_path)


def test_a_text_is_sent_as_it_is_and_its_type_is_the_users_where_given(tmp_path: Path) -> None:
    with serving(answers()) as server:
        assert sent(tmp_path, Http(server.url, "POST", {}, "grüß")).ok
        assert sent(tmp_path, Http(server.url, "POST", {"content-type": "text/csv"}, "a,b")).ok
    first, second = server.requests
    assert b"Content-Type: text/plain; charset=utf-8" in first
    assert first.endswith("grüß".encode())
    assert second.lower().count(b"content-type") == 1
    assert b"text/csv" in second


def test_a_missing_variable_is_named_and_nothing_is_sent(tmp_path: Path) -> None:
    with serving(answers()) as server:
        outcome = sent(tmp_path, Http(server.url, headers={"Authorization": "Bearer ${NO_SUCH_KEY}"}))
    assert outcome.failure
    assert (outcome.failure.class_, outcome.failure.passing) == ("bad_request", False)
    assert "NO_SUCH_KEY" in outcome.failure.tip
    assert not server.requests


@pytest.mark.parametrize(
    "work",
    [
        Http("http://127.0.0.1:9/", headers={"X": "two\nlines"}),
        Http("http://127.0.0.1:9/", body="\ud800"),
        Http("http://127.0.0.1:9/", body={"a": "\ud800"}),
        Http("http://"),
        Http("ftp://127.0.0.1/"),
        Http("http://127.0.0.1:99999/"),
        Http("http://[::1/"),
    ],
    ids=repr,
)
def test_what_cannot_be_sent_fails_at_once_and_for_good(tmp_path: Path, work: Http) -> None:
    outcome = sent(tmp_path, work)
    assert outcome.failure
    assert (outcome.failure.class_, outcome.failure.passing) == ("bad_request", False)
    assert outcome.failure.tip


def test_cookies_of_one_task_are_not_sent_by_the_next(tmp_path: Path) -> None:
    async def twice(url: str) -> None:
        kind = HttpKind()
        for _ in range(2):
            assert (await kind.perform(attempt(tmp_path, Http(url)), lambda: None)).ok
        await kind.close()

    with serving(answers("", "Set-Cookie: session=1; Path=/")) as server:
        asyncio.run(twice(f"http://localhost:{server.port}/"))
    assert len(server.requests) == 2
    assert not any(b"cookie" in request.lower() for request in server.requests)


def test_a_password_in_an_address_reaches_the_server_and_nobody_else(tmp_path: Path) -> None:
    with serving(answers(status="401 Unauthorized")) as server:
        outcome = sent(tmp_path, Http(f"http://user:hunter2@127.0.0.1:{server.port}/p?key=hunter3"))
    assert b"Authorization: Basic" in server.requests[0]
    assert b"key=hunter3" in server.requests[0]
    assert class_of(outcome) == "auth"
    assert "hunter" not in repr(outcome.failure) + log_of(tmp_path).decode()


# Which answers mean what


@pytest.mark.parametrize(
    ("status", "expect", "class_"),
    [
        ("200 OK", (), "done"),
        ("204 No Content", (), "done"),
        ("201 Created", (200,), "invalid_response"),
        ("404 Not Found", (200, 404), "done"),
        ("302 Found", (302,), "done"),
        ("400 Bad Request", (), "bad_request"),
        ("401 Unauthorized", (), "auth"),
        ("429 Too Many Requests", (), "rate_limit"),
        ("500 Internal Server Error", (), "server_error"),
        ("503 Service Unavailable", (), "overloaded"),
        ("799 What", (), "other"),
    ],
)
def test_the_status_decides(tmp_path: Path, status: str, expect: tuple[int, ...], class_: str) -> None:
    outcome = asked(tmp_path, answers("", status=status), expect_status=expect)
    assert class_of(outcome) == class_
    assert outcome.failure is None or outcome.failure.tip


def test_a_redirect_is_not_followed_and_its_target_is_named(tmp_path: Path) -> None:
    with serving(answers("", "Location: /elsewhere", status="307 Temporary Redirect")) as server:
        outcome = sent(tmp_path, Http(server.url))
    assert outcome.failure
    assert (outcome.failure.class_, outcome.failure.passing) == ("invalid_response", False)
    assert "/elsewhere" in outcome.failure.tip
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "wanted", "class_"),
    [
        ('{"object": "chat", "id": 7}', {"object": "chat"}, "done"),
        ('{"a": {"b": [1, 2], "c": 0}}', {"a": {"b": [1, 2]}}, "done"),
        ('{"a": [1, 2, 3]}', {"a": [1, 2]}, "invalid_response"),
        ('{"ok": 1}', {"ok": True}, "invalid_response"),
        ("[1]", {"ok": True}, "invalid_response"),
        ("<!doctype html><title>Login</title>", {"ok": True}, "invalid_response"),
        ("", {"ok": True}, "invalid_response"),
        (b"\xff\xfe{}", {"ok": True}, "invalid_response"),
        ("[" * 100_000, {"ok": True}, "invalid_response"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_the_json_of_an_answer_must_contain_what_is_expected(
    tmp_path: Path, body: str | bytes, wanted: Any, class_: str
) -> None:
    assert class_of(asked(tmp_path, answers(body), expect_json=wanted)) == class_


@pytest.mark.parametrize(
    ("answer", "wanted", "expected"),
    [
        ({"a": None}, {"a": None}, True),
        ({}, {"a": None}, False),
        ([True], [1], False),
        ([{"a": 1, "b": 2}], [{"a": 1}], False),
        (1, 1.0, True),
        ("1", 1, False),
    ],
)
def test_contains(answer: Any, wanted: Any, expected: bool) -> None:
    assert contains(answer, wanted) is expected


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"model": "m"}, 'usage = {"tokens":7}'),
        ({"model": "m", "usage": {"tokens": 8}}, "usage.tokens = 7"),
        ({"model": "n", "usage": {"tokens": 7}}, 'model = "m"'),
        ([], '{"model":"m","usage":{"tokens":7}}'),
    ],
)
def test_what_an_answer_lacks_first_is_named(answer: Any, said: str) -> None:
    assert lacks(answer, {"model": "m", "usage": {"tokens": 7}}) == said


# Answers that are none


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def silent(connection: socket.socket) -> None:
    """Says nothing until the client has gone."""


def stops_half_way(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


@pytest.mark.parametrize(
    "handle",
    [
        pytest.param(resets, id="reset"),
        pytest.param(says(), id="nothing"),
        pytest.param(says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), id="shorter than it says"),
        pytest.param(
            says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"), id="no last chunk"
        ),
        pytest.param(says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nwhat\r\n"), id="no chunk"),
        pytest.param(says("SSH-2.0-OpenSSH_9.2\r\n"), id="another protocol"),
        pytest.param(says(b"\x15\x03\x01\x00\x02\x02\x46"), id="an alert of TLS"),
        pytest.param(says("HTTP/1.1 200 OK\r\nX: " + "a" * 100_000 + "\r\n\r\n"), id="a long header"),
    ],
)
def test_a_broken_answer_is_a_failure_that_may_pass(tmp_path: Path, handle: Handler) -> None:
    outcome = asked(tmp_path, handle)
    assert outcome.failure
    assert outcome.failure.class_ in ("connection_reset", "truncated_stream", "invalid_response")
    assert outcome.failure.passing is True
    assert "127.0.0.1" in outcome.failure.tip


def test_bytes_that_are_no_text_break_nothing(tmp_path: Path) -> None:
    assert class_of(asked(tmp_path, says(b"HTTP/1.1 500 f\xff\xff\r\n\r\n\xff\xfe"))) == "server_error"


@pytest.mark.parametrize("handle", [silent, stops_half_way], ids=lambda handle: handle.__name__)
def test_a_server_that_takes_too_long_is_timed_out(tmp_path: Path, handle: Handler) -> None:
    outcome = asked(tmp_path, handle, timeout_s=0.2)
    assert (class_of(outcome), outcome.effect) == ("timeout", "dropped")


def test_a_slow_drip_does_not_outlast_the_timeout(tmp_path: Path) -> None:
    def drips(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"1\r\n.\r\n")

    assert class_of(asked(tmp_path, drips, timeout_s=0.3)) == "timeout"


def test_a_refusal_counts_even_if_its_text_never_ends(tmp_path: Path) -> None:
    def refuses(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 429 No\r\nRetry-After: 7\r\nContent-Length: 999\r\n\r\nslow down")

    outcome = asked(tmp_path, refuses, timeout_s=0.2)
    assert outcome.failure
    assert (outcome.failure.class_, outcome.failure.retry_after_s) == ("rate_limit", 7)
    assert "slow down" in outcome.failure.cause


def test_nobody_there_and_no_such_name(tmp_path: Path) -> None:
    assert class_of(sent(tmp_path, Http(f"http://127.0.0.1:{closed_port()}/"))) == "connection_refused"
    assert class_of(sent(tmp_path, Http("http://no-such-host.invalid/"))) == "dns"


TLS = """
import asyncio, sys
from pathlib import Path
from beastmode.runner.kinds.http import HttpKind
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Http
from beastmode.testing import attempt_of

async def ask():
    kind = HttpKind()
    for host in ("localhost", "127.0.0.1"):
        task = Task("t", Http(f"https://{host}:{sys.argv[1]}/"))
        outcome = await kind.perform(attempt_of(task, folder=Path(sys.argv[2])), lambda: None)
        print(outcome.failure.class_ if outcome.failure else "done")
    await kind.close()

asyncio.run(ask())
"""


def test_a_certificate_must_be_trusted_and_name_the_host(tmp_path: Path) -> None:
    """SSL_CERT_FILE is looked at once, at start: hence the process."""
    with serving(answers(), tls=True) as server:
        untrusted = sent(tmp_path, Http(f"https://localhost:{server.port}/"))
        command = [sys.executable, "-c", TLS, str(server.port), str(tmp_path)]
        env = {**os.environ, "SSL_CERT_FILE": str(CERTIFICATE)}
        trusted = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert untrusted.failure
    assert (untrusted.failure.class_, untrusted.failure.passing) == ("tls", False)
    assert "SSL_CERT_FILE" in untrusted.failure.tip
    assert trusted.stdout.split() == ["done", "tls"]


def test_plain_at_a_port_of_tls_and_tls_at_a_plain_one(tmp_path: Path) -> None:
    with serving(answers(), tls=True) as server:
        plain = sent(tmp_path, Http(f"http://localhost:{server.port}/"))
    with serving(answers()) as server:
        encrypted = sent(tmp_path, Http(f"https://localhost:{server.port}/"))
    assert class_of(plain) in ("connection_reset", "invalid_response", "truncated_stream")
    assert class_of(encrypted) == "tls"


# What it costs


@contextmanager
def most_memory(limit: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


def test_a_huge_answer_is_read_to_its_end_and_not_kept(tmp_path: Path) -> None:
    """Much is no failure; but JSON is looked for in its first 8 MiB only, and that is said."""

    def floods(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(100):
            connection.sendall(bytes(MIB))
        connection.shutdown(socket.SHUT_WR)

    with most_memory(40 * MIB):
        assert asked(tmp_path, floods).ok
        outcome = asked(tmp_path, floods, expect_json={"a": 1})
    assert outcome.failure
    assert "longer than the 8 MiB" in outcome.failure.cause
    assert len(log_of(tmp_path)) < MIB


def test_an_endless_answer_ends_with_the_timeout(tmp_path: Path) -> None:
    def floods(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            connection.sendall(bytes(MIB))

    with most_memory(40 * MIB):
        assert class_of(asked(tmp_path, floods, timeout_s=0.5)) == "timeout"


def test_packed_answers_are_unpacked(tmp_path: Path) -> None:
    text = json.dumps({"a": 1}).encode()
    raw = zlib.compressobj(wbits=-15)
    for encoding, packed in (
        ("gzip", _gzip(text)),
        ("deflate", zlib.compress(text)),
        ("deflate", raw.compress(text) + raw.flush()),
        ("gzip", text),
    ):
        answer = answers(packed, f"Content-Encoding: {encoding}")
        assert asked(tmp_path, answer, expect_json={"a": 1}).ok, encoding


def test_a_small_answer_cannot_become_a_large_one(tmp_path: Path) -> None:
    bomb = _gzip(bytes(400 * MIB))
    with most_memory(60 * MIB):
        outcome = asked(tmp_path, answers(bomb, "Content-Encoding: gzip"), expect_json={"a": 1})
    assert outcome.failure
    assert "longer than the 8 MiB" in outcome.failure.cause


def _gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(data) + packer.flush()


def connections_to(port: int) -> int:
    """Those of this process that are not closed."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                with socket.socket(fileno=os.dup(int(name))) as copy:
                    found += copy.getpeername()[1:2] == (port,)
    return found


@pytest.mark.parametrize(
    ("handle", "timeout_s"),
    [
        (answers("{}"), 30.0),
        (silent, 0.2),
        (stops_half_way, 0.2),
        (answers(b"no " * MIB, status="500 No"), 30.0),
    ],
    ids=["answered", "silent", "half", "refused"],
)
def test_the_connection_is_closed_when_the_attempt_has_ended(
    tmp_path: Path, handle: Handler, timeout_s: float
) -> None:
    """The slot is held by the attempt: a connection that outlives it is one too many at the server."""

    async def story(port: int, url: str) -> int:
        kind = HttpKind()
        await kind.perform(attempt(tmp_path, Http(url), timeout_s), lambda: None)
        still_open = connections_to(port)
        await kind.close()
        return still_open

    with serving(handle) as server:
        assert asyncio.run(story(server.port, server.url)) == 0
        assert server.closed.acquire(timeout=30)


# Proxies of the environment


def test_this_host_is_asked_directly_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(answers("proxy", status="502 Bad Gateway")) as proxy, serving(answers()) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert sent(tmp_path, Http(server.url)).ok
        assert sent(tmp_path, Http(f"http://localhost:{server.port}/")).ok
    assert not proxy.requests


def test_other_hosts_are_asked_through_the_proxy_unless_no_proxy_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(answers()) as proxy:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{proxy.port}")
        assert sent(tmp_path, Http("http://model.invalid/v1")).ok
        monkeypatch.setenv("no_proxy", "model.invalid")
        assert class_of(sent(tmp_path, Http("http://model.invalid/v1"))) == "dns"
    assert [request.split(b"\r\n")[0] for request in proxy.requests] == [
        b"GET http://model.invalid/v1 HTTP/1.1"
    ]


def test_a_proxy_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = closed_port()
    monkeypatch.setenv("http_proxy", f"http://user:hunter2@127.0.0.1:{port}")
    outcome = sent(tmp_path, Http("http://model.invalid/v1"))
    assert outcome.failure
    assert outcome.failure.class_ == "connection_refused"
    assert outcome.failure.cause.startswith("the proxy http://")
    assert f"127.0.0.1:{port}" in outcome.failure.tip
    assert "hunter2" not in repr(outcome.failure)
