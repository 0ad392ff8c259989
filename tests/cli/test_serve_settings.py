"""Settings of a real `beast serve` do what they say, from wherever they come."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from beastmode.testing.chaos import Chaos, Trouble
from beastmode.testing.model_server import ModelServer, Script
from beastmode.testing.threads import in_thread

KEY = "sk-only-for-this-test-1234567890"


@contextmanager
def served(folder: Path, *flags: str, file: str | None = None, **environment: str) -> Iterator[str]:
    """A `beast serve` in a folder, with a beast.toml; gives its URL."""
    if file is not None:
        (folder / "beast.toml").write_text(file, encoding="utf-8")
    command = [sys.executable, "-m", "beastmode", "serve", "--port", "0", *flags]
    env = {**os.environ, **environment}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder, env=env)
    try:
        assert process.stderr
        url = None
        for line in process.stderr:
            url = re.search(r"Serving (http://\S+:\d+)", line)
            if url:
                break
        assert url
        yield url[1]
    finally:
        process.kill()
        process.communicate()


def ask(url: str, model: str = "m-small", **more: Any) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}], **more})
    request = urllib.request.Request(f"{url}/v1/chat/completions", body.encode())
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


class _ServerAtV6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


@contextmanager
def answering_at_v6(hosts: list[str]) -> Iterator[int]:
    """A model server at ::1; gives its port. hosts: gets the Host of each request."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hosts.append(self.headers["host"])
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "15")
            self.end_headers()
            self.wfile.write(b'{"choices": []}')

    with _ServerAtV6(("::1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def asked_in_vain(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "beastmode", "serve", "--port", "0", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("[::1]", "[::1]"),
        ("::1", "[::1]"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("127.0.0.2", "127.0.0.2"),
    ],
)
def test_each_address_of_this_machine_is_served_without_a_key_and_its_url_is_good(
    tmp_path: Path, host: str, shown: str
) -> None:
    with (
        in_thread(ModelServer()) as server,
        served(tmp_path, "--upstream", server.url, "--host", host) as url,
    ):
        assert url.startswith(f"http://{shown}:")
        assert ask(url)[0] == 200


def test_an_upstream_at_an_address_with_colons_is_asked_by_it(tmp_path: Path) -> None:
    hosts: list[str] = []
    with answering_at_v6(hosts) as port:
        flags = ("--upstream", f"http://[::1]:{port}/v1", "--health", f"tcp://[::1]:{port}")
        with served(tmp_path, *flags) as url:
            assert ask(url)[0] == 200
    assert hosts == [f"[::1]:{port}"]


def test_models_go_to_their_upstreams_each_with_its_own_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n", encoding="ascii")
    with ExitStack() as stack:
        script = Script(models=("local-1", "local-2", "other"))
        main, box = (stack.enter_context(in_thread(ModelServer(script))) for _ in range(2))
        file = f"""
[upstreams.main]
url = "{main.url}"
key_file = "key"
[upstreams.box]
url = "{box.url}/v1"
key_env = "BOX_KEY"
[models]
"local-*" = ["box", "main"]
"""
        url = stack.enter_context(served(tmp_path, file=file, BOX_KEY="box-key"))
        for model in ("local-1", "other", "local-2"):
            ask(url, model)
        seen = [[(json.loads(one.body)["model"], one.credential) for one in up.asked] for up in (main, box)]
    assert seen == [[("other", KEY)], [("local-1", "box-key"), ("local-2", "box-key")]]


def test_the_second_upstream_answers_where_the_first_does_not(tmp_path: Path) -> None:
    with (
        in_thread(ModelServer()) as spare,
        served(tmp_path, "--upstream", "http://127.0.0.1:9", "--upstream", spare.url) as url,
    ):
        assert ask(url)[0] == 200


def test_a_variable_sets_what_no_flag_does(tmp_path: Path) -> None:
    with in_thread(ModelServer()) as server:
        environment = {"BEAST_SERVE_UPSTREAM": server.url, "BEAST_SERVE_MAX_BODY": "200"}
        with served(tmp_path, **environment) as url:
            assert ask(url)[0] == 200
            status, told = ask(url, user="u" * 200)
    assert status == 413
    assert "larger than the 0.0002 MB" in told["error"]["message"]


def test_an_upstream_that_is_silent_for_too_long_is_a_failure(tmp_path: Path) -> None:
    hanging = Chaos(plan=lambda request: Trouble(fault="hang_before_headers"))
    flags = ("--idle-timeout", "200ms", "--retries", "0")
    with in_thread(hanging) as chaos, served(tmp_path, "--upstream", chaos.url, *flags) as url:
        assert ask(url)[0] == 504


def test_retries_are_as_many_as_asked_for(tmp_path: Path) -> None:
    ill = Chaos(plan=lambda request: Trouble(status=503))
    with in_thread(ill) as chaos, served(tmp_path, "--upstream", chaos.url, "--retries", "1") as url:
        assert ask(url)[0] == 503
        assert len(chaos.requests) == 2


def test_nothing_is_sent_to_an_upstream_that_is_ill(tmp_path: Path) -> None:
    with in_thread(ModelServer()) as server:
        flags = ("--upstream", server.url, "--health", "command: test -e well", "--queue-timeout", "1s")
        with served(tmp_path, *flags) as url:
            status, told = ask(url)
            assert status == 503, told
            assert server.asked == []
            (tmp_path / "well").touch()
            answered = [ask(url)[0] for _ in range(5)]
    assert 200 in answered


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        ended = asked_in_vain(tmp_path, "--upstream", "http://127.0.0.1:9", "--port", port)
    assert ended.returncode == 2
    assert "nobody can listen there: Address already in use" in ended.stderr


def test_a_file_that_is_named_must_be_there_and_one_that_is_not_need_not(tmp_path: Path) -> None:
    ended = asked_in_vain(tmp_path, "--config", "none.toml")
    assert (ended.returncode, "none.toml: it cannot be read: No such file" in ended.stderr) == (2, True)
    ended = asked_in_vain(tmp_path, "--config", "")
    assert (ended.returncode, "--config: nothing was given" in ended.stderr) == (2, True)
    ended = asked_in_vain(tmp_path)
    assert (ended.returncode, "no model server is named" in ended.stderr) == (2, True)


def test_mistakes_of_flags_and_of_the_file_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "beast.toml").write_text("[serve]\nprot = 1\n", encoding="utf-8")
    ended = asked_in_vain(tmp_path, "--upstream", "nowhere", "--rate", "x")
    assert ended.returncode == 2
    for words in ("'nowhere' is no base URL", "beast.toml:2: prot is not known in [serve]"):
        assert words in ended.stderr
    assert not (tmp_path / ".beast").exists()
