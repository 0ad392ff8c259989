"""`beast serve` as a command: it says where it listens, drains on TERM, and refuses what cannot be."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from tests.cli.inside import beast_inside


def beast(*arguments: str, home: Path) -> list[str]:
    return [sys.executable, "-m", "beastmode", *arguments, "--home", str(home)]


def test_it_serves_until_term_and_every_request_is_listed(tmp_path: Path) -> None:
    with in_thread(ModelServer()) as server:
        command = beast("serve", "--upstream", server.url, "--port", "0", home=tmp_path)
        gateway = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            assert gateway.stderr
            line = gateway.stderr.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert url, line
            body = json.dumps({"model": "m-small", "messages": [{"role": "user", "content": "hello"}]})
            request = urllib.request.Request(f"{url[0]}/v1/chat/completions", body.encode())
            with urllib.request.urlopen(request, timeout=20) as answer:
                assert json.load(answer)["model"] == "m-small"
            gateway.send_signal(signal.SIGTERM)
            assert gateway.wait(20) == 0
        finally:
            gateway.kill()
            gateway.communicate()
    listed = subprocess.run(
        beast("requests", "--json", home=tmp_path), capture_output=True, text=True, check=True
    )
    (entry,) = map(json.loads, listed.stdout.splitlines())
    assert (entry["outcome"], entry["model"], entry["dialect"]) == ("upstream_ok", "m-small", "openai.chat")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--upstream", "nowhere"], "is no base URL"),
        (["--upstream", "http://127.0.0.1:9", "--host", "0.0.0.0"], "beast keys add NAME --home"),
        (["--upstream", "http://127.0.0.1:9", "--host", "::", "--keys", "optional"], "so a key is needed"),
        (["--upstream", "http://127.0.0.1:9", "--tls-cert", "no", "--tls-key", "no"], "no: No such file"),
        (["--upstream", "http://127.0.0.1:9", "--rate", "0/s"], "would never start anything"),
        (["--upstream", "http://127.0.0.1:9", "--upstream-concurrency", "0"], "is not a concurrency"),
        (
            ["--upstream", "http://127.0.0.1:9", "--upstream-key-env", "NO_SUCH_KEY"],
            "NO_SUCH_KEY is not set",
        ),
    ],
)
def test_what_cannot_be_served_ends_with_2_and_says_why(tmp_path: Path, flags: list[str], words: str) -> None:
    ended = beast_inside(tmp_path, "serve", *flags, "--home", str(tmp_path))
    assert ended.returncode == 2
    assert words in ended.stderr
