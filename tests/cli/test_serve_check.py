"""`beast serve --check`: what holds and where it came from, what is missing, no secret, and nothing is served."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread

KEY = "sk-only-for-this-test-1234567890"


def checked(folder: Path, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "beastmode", "serve", "--check", "--port", "0", *flags]
    env = {**os.environ, "BEAST_LIMITS_DIR": str(folder / "limits"), **environment}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder, env=env)


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_it_shows_what_holds_and_where_each_came_from(tmp_path: Path) -> None:
    with in_thread(ModelServer()) as server:
        file = f'[serve]\nretries = 5\n[upstreams.box]\nurl = "{server.url}"\n[models]\n"m-*" = ["box"]\n'
        (tmp_path / "beast.toml").write_text(file, encoding="utf-8")
        ended = checked(tmp_path, BEAST_SERVE_DRAIN="5s")
        asked = [(one.path, one.paid) for one in server.asked]
    assert ended.returncode == 0, ended.stdout
    assert ended.stderr == "Settings are read from beast.toml.\n"
    rows = [line.split() for line in ended.stdout.splitlines()]
    for row in (
        ["upstream", "of", "box", server.url, "beast.toml:4"],
        ["retries", "5", "beast.toml:2"],
        ["drain", "5s", "BEAST_SERVE_DRAIN"],
        ["port", "0", "--port"],
        ["linger", "2s", "default"],
        ["models", "m-*", "box", "beast.toml:6"],
    ):
        assert row in rows
    assert ended.stdout.endswith("Nothing is missing.\n")
    assert asked == [("/v1/models", False)]
    assert not (tmp_path / ".beast").exists()


def test_all_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file", encoding="ascii")
    (tmp_path / "key").write_text("\n", encoding="ascii")
    file = """
[upstreams.gone]
url = "http://127.0.0.1:9"
[upstreams.keyless]
url = "http://127.0.0.1:9"
key_env = "NO_SUCH_KEY"
[upstreams.empty]
url = "http://127.0.0.1:9"
key_file = "key"
[upstreams.ill]
url = "http://127.0.0.1:9"
health = "command: exit 3"
"""
    (tmp_path / "beast.toml").write_text(file, encoding="utf-8")
    with taken_port() as port:
        ended = checked(tmp_path, "--port", str(port), "--home", "home")
    assert ended.returncode == 2
    problems = [line for line in ended.stdout.splitlines() if line.startswith("problem")]
    for words in (
        "home cannot be",
        f"127.0.0.1 port {port}: nobody can listen there: Address already in use. End what listens",
        "upstream gone: ConnectionRefusedError",
        "upstream keyless: NO_SUCH_KEY is not set. Set it where beast is started",
        "upstream empty: key: this file holds no key. Write the key alone",
        "upstream ill: exit code 3",
    ):
        assert [line for line in problems if words in line], (words, problems)


def test_no_secret_is_shown_wherever_it_stands(tmp_path: Path) -> None:
    with in_thread(ModelServer()) as server:
        health = f"{server.url}/models?token={KEY}"
        flags = ("--upstream", server.url, "--upstream-key-env", "A_KEY", "--health", health)
        ended = checked(tmp_path, *flags, A_KEY=KEY)
        sent = [one.credential for one in server.asked]
    assert KEY in sent
    assert "A_KEY" in ended.stdout
    assert KEY not in ended.stdout + ended.stderr


@pytest.mark.parametrize("url", ["http://user:" + KEY + "@a:1", "user:" + KEY + "@a:1"])
def test_an_upstream_with_a_password_is_refused_without_showing_it(tmp_path: Path, url: str) -> None:
    ended = checked(tmp_path, "--upstream", url)
    assert ended.returncode == 2
    assert "a user or a password in it is not taken" in ended.stderr
    assert KEY not in ended.stdout + ended.stderr
