"""kill -9: what a key had used when its gateway was killed, the next one knows."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beastmode.store.allowance import parse_allowances
from beastmode.store.keys.file import keys_path
from beastmode.store.keys.key import KeyLimits
from beastmode.store.keys.store import KeyStore
from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from tests.gateway.doors.test_keys_served import ask


@contextmanager
def killed(upstream: str, home: Path) -> Iterator[str]:
    """A gateway as a process of its own, killed at the end; gives its URL."""
    command = [
        sys.executable,
        "-m",
        "beastmode",
        "serve",
        "--upstream",
        upstream,
        "--port",
        "0",
        "--home",
        str(home),
    ]
    process = subprocess.Popen([*command, "--rate", "none"], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
        assert found
        yield found[0]
    finally:
        process.kill()
        process.communicate()


def test_a_budget_survives_a_kill_that_comes_at_once(tmp_path: Path) -> None:
    store = KeyStore(keys_path(tmp_path))
    limits = KeyLimits(allowances=parse_allowances("4requests/day"))
    secret = store.add("ci", limits, time.time())[1]
    store.close()
    with in_thread(ModelServer()) as server:
        statuses = []
        for _ in range(3):
            with killed(server.url, tmp_path) as url:
                statuses += [ask(url, secret)[0] for _ in range(2)]
        assert statuses == [200, 200, 200, 200, 429, 429]
        assert server.paid == 4
