"""Serving: a real `beast serve` process in front of a server, ended in good order, and what it has counted."""

from __future__ import annotations

import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.test_serve import beast

FREE = ("--rate", "none", "--upstream-concurrency", "none")


@contextmanager
def serving(upstream: str, home: Path, *flags: str) -> Iterator[str]:
    """Gives the gateway's URL. Once left, every request has its record.   flags: instead of no limits at all."""
    command = beast("serve", "--upstream", upstream, "--port", "0", *(flags or FREE), home=home)
    gateway = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert gateway.stderr
        url = re.search(r"http://127\.0\.0\.1:\d+", gateway.stderr.readline())
        assert url
        yield url[0]
        gateway.terminate()
        assert gateway.wait(40) == 0
    finally:
        gateway.kill()
        gateway.communicate()


def counted(url: str) -> dict[str, int]:
    """The gateway's counts of requests; what is 0 is left out."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=20) as answer:
        said = answer.read().decode()
    pattern = r'^beast_requests_(?:total\{outcome="(\w+)"\}|(received)_total|(in_flight)) (\d+)'
    found = re.findall(pattern, said, re.MULTILINE)
    return {"".join(names): int(number) for *names, number in found if int(number)}
