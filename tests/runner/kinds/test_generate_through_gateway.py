"""Our own code generation through a real `beast serve`: paced, recorded, and a rerun answered from its cache."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from beastmode.runner.model_access import Access
from beastmode.testing.model_server import Refusal
from tests.cli.test_serve import beast
from tests.runner.kinds.test_generate import GREET, TASK, office, saying


@contextmanager
def gateway(upstream: str, home: Path) -> Iterator[str]:
    """`beast serve` as a process of its own; gives its URL."""
    command = beast("serve", "--upstream", upstream, "--port", "0", "--cache", "all", home=home)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stderr
            line = serving.stderr.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert found, line
            yield found[0]
            serving.send_signal(signal.SIGTERM)
            assert serving.wait(30) == 0
        finally:
            serving.kill()


def requests(home: Path) -> list[dict[str, Any]]:
    """The gateway's records, oldest first."""
    listed = subprocess.run(
        beast("requests", "--json", home=home), capture_output=True, text=True, check=True
    )
    return sorted(map(json.loads, listed.stdout.splitlines()), key=lambda entry: str(entry["at"]))


@pytest.mark.parametrize("dialect", ["chat", "responses", "messages"])
def test_a_rerun_asks_the_model_nothing(tmp_path: Path, dialect: str) -> None:
    """Another checkout of the same files, another run: three rounds, word for word as before."""
    script = saying("READ: README.md\n", "I am not sure.\n", GREET)

    async def story() -> None:
        async with (
            office(tmp_path / "a", script, dialect) as first,
            office(tmp_path / "b", saying("")) as again,
        ):
            first.server.script.refusals.append(
                Refusal(429, retry_after="0.1")
            )  # which the gateway waits for
            with gateway(first.server.url, tmp_path / "home") as url:
                for run, at in (("r1", first), ("r2", again)):
                    at.way.access = Access(f"{url}/t/~{run}~greet~1", "", (dialect,))
                    outcome = await at.do()
                    assert outcome.ok, outcome.failure
                    assert (outcome.facts["rounds"], outcome.facts["files"]) == (3, ["src/app.py"])
                    assert first.server.paid == 4
            assert again.server.paid == 0

    asyncio.run(story())
    entries = requests(tmp_path / "home")
    assert [entry["outcome"] for entry in entries] == ["upstream_ok"] * 3 + ["hit"] * 3
    assert {entry["task"] for entry in entries} == {TASK.id}
