"""Health evidence from real servers and commands: well, not well and why, within its time, and nothing left."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from beastmode.errors import SettingError
from beastmode.failures.failure import Failure
from beastmode.probes.probe import probe_for
from beastmode.probes.proxies import proxy_for
from tests.processes import alive, eventually, pid_in
from tests.servers import Handler, answers, closed_port, says, serving


def asked(health: str, timeout_s: float = 20.0) -> Failure | None:
    """What one probe says; it must have told when it left, once."""
    left: list[None] = []
    failure = asyncio.run(_ask(health, timeout_s, left))
    assert len(left) == 1
    return failure


async def _ask(health: str, timeout_s: float, left: list[None]) -> Failure | None:
    return await probe_for(health, timeout_s)(lambda: left.append(None))


def class_of(health: str, timeout_s: float = 20.0) -> str:
    failure = asked(health, timeout_s)
    assert failure is None or failure.tip
    return failure.class_ if failure else "well"


@pytest.mark.parametrize(
    ("handle", "class_"),
    [
        (answers("fine"), "well"),
        (answers(status="204 No Content"), "well"),
        (answers("", "Location: /", status="302 Found"), "invalid_response"),
        (answers(status="404 Not Found"), "not_found_endpoint"),
        (answers("no " * 3_000_000, status="500 No"), "server_error"),
        (answers("", "Retry-After: 7", status="503 Busy"), "overloaded"),
        (says("nonsense\r\n\r\n"), "invalid_response"),
        (says("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"), "well"),
    ],
    ids=["200", "204", "302", "404", "long 500", "503", "nonsense", "200 without its body"],
)
def test_a_server_is_judged_by_its_status(handle: Handler, class_: str) -> None:
    with serving(handle) as server:
        assert class_of(server.url) == class_
        assert server.closed.acquire(timeout=30)
    assert len(server.requests) == 1


def test_a_server_that_says_nothing_is_not_well() -> None:
    with serving(lambda connection: None) as server:
        failure = asked(server.url, timeout_s=0.2)
    assert failure
    assert (failure.class_, failure.effect) == ("timeout", "dropped")


def test_nobody_there_no_such_name_and_no_tls() -> None:
    assert class_of(f"http://127.0.0.1:{closed_port()}/") == "connection_refused"
    assert class_of("http://no-such-host.invalid/") == "dns"
    with serving(answers()) as server:
        assert class_of(f"https://127.0.0.1:{server.port}/") == "tls"


def test_a_password_in_an_address_is_not_shown() -> None:
    failure = asked(f"http://user:hunter2@127.0.0.1:{closed_port()}/?key=hunter3")
    assert "hunter" not in repr(failure)


@contextmanager
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_tcp_is_well_where_a_connection_is_accepted() -> None:
    with listening() as port:
        assert class_of(f"tcp://127.0.0.1:{port}") == "well"
    assert class_of(f"tcp://127.0.0.1:{closed_port()}") == "connection_refused"
    assert class_of("tcp://no-such-host.invalid:80") == "dns"


@pytest.mark.parametrize(
    ("command", "class_"),
    [
        ('"exit 0"', "well"),
        ('["true"]', "well"),
        ('["test", "-n", "two words"]', "well"),
        ('"exit 3"', "exit_code"),
        ('"kill -KILL $$"', "killed"),
        ('"test -t 0 || cat"', "well"),
        ('["no-such-program"]', "other"),
        ('["a\\u0000b"]', "other"),
    ],
)
def test_a_command_is_judged_by_its_exit_code(command: str, class_: str) -> None:
    assert class_of(f"command:{command}") == class_


def test_a_command_that_takes_too_long_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert class_of("command:\"sleep 600 & echo $! > pid; trap '' TERM; wait\"", timeout_s=0.3) == "timeout"
    eventually(lambda: not alive(pid_in(tmp_path / "pid")))


def test_a_cancelled_command_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def story() -> int:
        probing = asyncio.ensure_future(
            probe_for('command:"echo $$ > pid; exec sleep 600"', 600)(lambda: None)
        )
        pid = await asyncio.to_thread(pid_in, tmp_path / "pid")
        probing.cancel()
        await asyncio.wait([probing])
        assert probing.cancelled()
        return pid

    assert not alive(asyncio.run(story()))


def test_a_command_carries_the_mark_of_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the watchdog finds it when the runner dies."""
    monkeypatch.chdir(tmp_path)
    probe = probe_for('command:"echo $BEAST_SESSION > mark"', mark={"BEAST_SESSION": "s-1"})
    assert asyncio.run(_probed(probe)) is None
    assert (tmp_path / "mark").read_text(encoding="ascii") == "s-1\n"


async def _probed(probe: object) -> object:
    assert callable(probe)
    return await probe(lambda: None)


NO_CHECKS = (
    *(
        "",
        "yes",
        "make health",
        "127.0.0.1:80",
        "udp://h:1",
        "ftp://h/",
        "command:",
        "command:{}",
        "command:make",
    ),
    *("http://", "http://:80", "http://h:99999", "http://h:0", "http://a b", "http://h\n"),
    *("tcp://h", "tcp://h:0", "tcp://:80", "tcp://h:x"),
)


@pytest.mark.parametrize("health", NO_CHECKS)
def test_what_is_no_health_check_is_refused_with_what_to_write(health: str) -> None:
    with pytest.raises(SettingError, match="health") as refused:
        probe_for(health)
    assert "tcp://host:port" in refused.value.tip


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({}, "http://h/", None),
        ({"http_proxy": "http://p:1"}, "http://h/", "http://p:1"),
        ({"http_proxy": "p:1"}, "http://h/", "http://p:1"),
        ({"http_proxy": "http://p:1"}, "https://h/", None),
        ({"https_proxy": "http://p:1"}, "https://h/", "http://p:1"),
        ({"all_proxy": "http://p:1"}, "https://h/", "http://p:1"),
        ({"http_proxy": "http://p:1", "no_proxy": "h,other"}, "http://h/", None),
        ({"http_proxy": "http://p:1", "no_proxy": ".example.com"}, "http://a.example.com/", None),
        ({"http_proxy": "http://p:1", "no_proxy": "*"}, "http://h/", None),
        ({"http_proxy": "http://p:1"}, "http://localhost:8000/", None),
        ({"http_proxy": "http://p:1"}, "http://127.8.9.1/", None),
        ({"http_proxy": "http://p:1"}, "http://[::1]:80/", None),
        ({"http_proxy": "http://p:1"}, "http://[::1/", None),
    ],
)
def test_proxies_are_those_of_the_environment_but_never_for_this_host(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: str | None
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy
