"""A request as a curl command: what a shell hands to curl is that request, whatever bytes are in it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beastmode.gateway.as_curl import MOST_ARGUMENT_BYTES, curl_of, variable_for
from beastmode.gateway.replaying import Replay

STAND_IN = """#!{python} -IS
import base64, json, os, sys
body = sys.stdin.buffer.read() if "@-" in sys.argv else b""
code = lambda data: base64.b64encode(data).decode()
print(json.dumps([code(body), *(code(os.fsencode(one)) for one in sys.argv[1:])]))
"""
SHELLS = [shell for shell in ("sh", "bash", "zsh") if shutil.which(shell)]
KEY = "sk $(touch x) `id` 'q\""
NAMED = st.text(st.characters(codec="latin-1", exclude_characters="\x00\r\n"), max_size=20).map(str.strip)


@dataclass(frozen=True)
class Heard:
    """What curl was given."""

    url: bytes
    method: bytes
    headers: list[bytes]
    body: bytes


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("bin")
    curl = folder / "curl"
    curl.write_text(STAND_IN.format(python=sys.executable))
    curl.chmod(curl.stat().st_mode | stat.S_IXUSR)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def replay(body: bytes = b"{}", **known: Any) -> Replay:
    values: dict[str, Any] = {"id": "1", "upstream": "https://api.openai.com", "method": "POST", "query": ""}
    values |= {"path": "/v1/chat/completions", "headers": (("content-type", "application/json"),)}
    values |= {"dialect": "openai.chat", "model": "m", "streamed": False, "changed": ""}
    return Replay(body=body, **values | known)


def heard(command: str, path: str, shell: str = "sh") -> Heard:
    # From a file, as a paste is read: an argument of `-c` has the same bound as one of curl.
    environment = {"PATH": path, "OPENAI_API_KEY": KEY, "API_KEY": KEY}
    ran = subprocess.run(
        [shell], input=command.encode() + b"\n", capture_output=True, env=environment, check=True
    )
    assert ran.stderr == b""
    body, url, *words = (base64.b64decode(one) for one in json.loads(ran.stdout))
    headers, method = [], b""
    while words:
        option = words.pop(0)
        if option == b"--header":
            headers.append(words.pop(0))
        elif option == b"--request":
            method = words.pop(0)
        elif option == b"--data-raw":
            body = words.pop(0)
        elif option == b"--data-binary":
            assert words.pop(0) == b"@-"
        else:
            assert option in (b"--globoff", b"--path-as-is", b"--head")
            method = b"HEAD" if option == b"--head" else method
    return Heard(url, method, headers, body)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    body=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(str.encode) | st.binary(min_size=1)
)
def test_any_body_is_what_curl_sends(body: bytes, path: str) -> None:
    for shell in SHELLS:
        assert heard(curl_of(replay(body), "https://api.openai.com"), path, shell).body == body


@settings(max_examples=60, deadline=None)
@given(
    headers=st.lists(
        st.tuples(st.sampled_from(["accept", "anthropic-beta", "x-version"]), NAMED), max_size=4
    ),
    asked=st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), max_size=30),
    query=st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), max_size=30),
)
def test_headers_and_address_are_those_that_were_recorded(
    headers: list[tuple[str, str]], asked: str, query: str, path: str
) -> None:
    kept = (("content-type", "x"), *headers)
    one = replay(headers=kept, path=f"/v1/{asked}", query=query)
    got = heard(curl_of(one, "https://h"), path)
    assert got.url.decode() == one.url("https://h")
    told = [f"{name}: {value}" if value else f"{name};" for name, value in kept]
    assert got.headers[:-1] == [line.encode("latin-1") for line in told]
    assert got.headers[-1] == f"authorization: Bearer {KEY}".encode()


def test_an_address_beyond_ascii_is_written_as_it_is_sent(path: str) -> None:
    one = replay(path="/v1/ü [x]/../y")
    got = heard(curl_of(one, "http://h"), path)
    assert got.url.decode() == quote(one.url("http://h"), safe="/:[].")
    assert unquote(got.url.decode()) == one.url("http://h")


def test_a_body_too_large_for_an_argument_is_piped(path: str) -> None:
    body = ("ü'" * MOST_ARGUMENT_BYTES).encode()
    assert heard(curl_of(replay(body), "http://h"), path).body == body


@pytest.mark.parametrize(
    "body",
    [
        b"@/etc/passwd",
        b"-",
        b"a\r\nb\r\n",
        b"\x1b[201~;id\n",
        b"!!\x07",
        b"%s%n\t",
        b"\n",
        b"-v\x07",
        b"--\x00",
    ],
)
def test_a_body_that_a_shell_terminal_or_curl_could_take_for_something_else(body: bytes, path: str) -> None:
    command = curl_of(replay(body), "http://h")
    assert heard(command, path).body == body
    assert "\x1b" not in command
    assert "\r" not in command


def test_what_is_no_header_is_left_out(path: str) -> None:
    headers = (("accept", "a\r\nx: y"), ("@/etc/passwd", "x"), ("ok-version", "1"))
    got = heard(curl_of(replay(headers=headers), "http://h"), path)
    assert got.headers[:-1] == [b"ok-version: 1", b"content-type:"]


@pytest.mark.parametrize(
    ("dialect", "upstream", "line"),
    [
        ("openai.chat", "https://api.openai.com", '"authorization: Bearer $OPENAI_API_KEY"'),
        ("anthropic.messages", "https://api.anthropic.com", '"x-api-key: $ANTHROPIC_API_KEY"'),
        ("gemini.generate", "http://127.0.0.1:9", '"x-goog-api-key: $API_KEY"'),
    ],
)
def test_the_credential_is_a_variable(dialect: str, upstream: str, line: str) -> None:
    assert line in curl_of(replay(dialect=dialect, upstream=upstream), upstream)
    assert variable_for(upstream) in line


@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("HEAD", b""), ("POST", b""), ("GET", b"{}")])
def test_the_method_is_the_recorded_one(method: str, body: bytes, path: str) -> None:
    command = curl_of(replay(body, method=method), "http://h")
    assert heard(command, path).method == method.encode()
    assert ("--data-raw" in command) == (bool(body) or method == "POST")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_real_curl_sends_the_same_bytes(tmp_path: Path) -> None:
    from beastmode.testing.model_server import ModelServer
    from beastmode.testing.threads import in_thread

    body = json.dumps(
        {"model": "m", "messages": [{"role": "user", "content": "it's\n\x07ü!"}]}, ensure_ascii=False
    )
    with in_thread(ModelServer()) as server:
        command = curl_of(replay(body.encode(), upstream=server.url), server.url)
        environment = {"PATH": os.environ["PATH"], "API_KEY": "sk-x"}
        subprocess.run(
            ["sh", "-c", f"{command} --silent"], env=environment, cwd=tmp_path, check=True, timeout=30
        )
        (asked,) = server.asked
    assert (asked.path, asked.body, asked.credential) == ("/v1/chat/completions", body.encode(), "sk-x")
