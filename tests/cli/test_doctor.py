"""`beast doctor` as a person uses it: one line a finding, exit codes, JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from beastmode.testing.model_server import ModelServer, Script
from beastmode.testing.threads import in_thread
from tests.cli.inside import beast_inside

KEY = "sk-test-1234567890abcdef"


def doctor(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "beastmode", "doctor", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "THE_KEY": KEY},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_healthy_machine_ends_with_0_and_nothing_is_left(tmp_path: Path) -> None:
    done = doctor(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("Nothing is missing.\n")
    assert not list(tmp_path.iterdir())


def test_a_finding_is_one_line_with_its_tip_and_ends_with_2(tmp_path: Path) -> None:
    with in_thread(ModelServer(Script(keys=frozenset({KEY})))) as server:
        given = ("--upstream", server.url, "--upstream-key-env", "THE_KEY", "--model", "m-larg")
        done = doctor(tmp_path, *given)
        assert done.returncode == 2
        line = next(line for line in done.stdout.splitlines() if line.startswith("problem"))
        assert "m-larg" in line
        assert "Did you mean m-large?" in line
        assert done.stdout.endswith("1 problem.\n")
        assert not done.stderr
        answered = json.loads(doctor(tmp_path, *given, "--json").stdout)
    assert (answered["healthy"], answered["paid_requests"]) == (False, 0)
    assert [(one["check"], one["class"]) for one in answered["findings"]] == [("model", "not_found_model")]
    assert {"endpoint", "key"} <= {one["check"] for one in answered["facts"]}


def test_a_paid_request_is_said(tmp_path: Path) -> None:
    with in_thread(ModelServer(Script(keys=frozenset({KEY}), list_is_public=True))) as server:
        given = ("--upstream", server.url, "--upstream-key-env", "THE_KEY", "--model", "m-large")
        done = doctor(tmp_path, *given)
        assert (done.returncode, server.paid) == (0, 1)
        assert "One request of one token was sent" in done.stdout
        assert "One request" not in doctor(tmp_path, *given, "--no-paid").stdout
        assert server.paid == 1


def test_wrong_options_end_with_2_and_say_what_to_write(tmp_path: Path) -> None:
    for arguments, says in (
        (("--model", "m"), "--upstream URL"),
        (("--upstream", "api.example.com"), "https://"),
        (("--timeout", "soon"), "--timeout"),
        (("gone.yaml",), "gone.yaml"),
    ):
        done = beast_inside(tmp_path, "doctor", *arguments)
        assert done.returncode == 2
        assert says in done.stdout + done.stderr
