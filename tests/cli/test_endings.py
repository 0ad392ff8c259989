"""How `beast run` ends: its exit codes, what stands on stdout, signals, and readers that go away."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.processes import LONG_S, alive, belonging_to, eventually, pid_in

BEAST = [sys.executable, "-m", "beastmode"]
DEAF = "trap '' TERM INT HUP; echo $$ > pid; while :; do sleep 1; done"
ONCE_DEAF = f"""tasks:
  - id: deaf
    command: |-
      if test -f go; then kill -0 $(cat pid) 2> /dev/null && echo still there && exit 1; exit 0; fi
      {DEAF}
"""
"""Goes well only once `go` is there and the process of the time before is gone."""


def beast(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BEAST, *arguments], cwd=folder, capture_output=True, text=True, timeout=LONG_S * 2
    )


def roadmap(folder: Path, *tasks: str, head: str = "limits: {rate: none, concurrency: 1}") -> None:
    lines = "".join(f"  - {{{task}}}\n" for task in tasks)
    (folder / "roadmap.yaml").write_text(f"{head}\ntasks:\n{lines}", encoding="utf-8")


@pytest.mark.parametrize(
    ("tasks", "flags", "code", "state"),
    [
        (["id: a, command: ['true']"], [], 0, "done"),
        (["id: a, command: ['false']"], [], 1, "failed"),
        (["id: a, command: ['false']", "id: b, command: ['true']"], ["--max-attempts", "1"], 75, "held"),
        (["id: a, command: [sleep, '600']", "id: b, command: ['true']"], ["--max-time", "0.2"], 75, "held"),
    ],
    ids=["done", "failed", "held wins over failed", "out of time"],
)
def test_the_exit_code_is_that_of_the_summary_which_alone_stands_on_stdout(
    tmp_path: Path, tasks: list[str], flags: list[str], code: int, state: str
) -> None:
    roadmap(tmp_path, *tasks)
    ended = beast(tmp_path, "run", "roadmap.yaml", "--json", "--retries", "0", "--timeout", "3s", *flags)
    assert ended.returncode == code, ended.stderr
    summary = json.loads(ended.stdout)
    assert (summary["exit_code"], summary["state"]) == (code, state)
    assert "Report:" in ended.stderr
    assert code != 75 or "same command" in ended.stderr


def test_without_json_stdout_is_empty(tmp_path: Path) -> None:
    roadmap(tmp_path, "id: a, command: [echo, hello]")
    ended = beast(tmp_path, "run", "roadmap.yaml")
    assert (ended.returncode, ended.stdout) == (0, "")


def test_a_journal_that_is_none_ends_with_74_and_is_left_as_it_was(tmp_path: Path) -> None:
    roadmap(tmp_path, "id: a, command: [touch, ran]")
    (tmp_path / ".beast").mkdir()
    journal = tmp_path / ".beast" / "journal.db"
    journal.write_bytes(b"something else" * 100)
    ended = beast(tmp_path, "run", "roadmap.yaml", "--json")
    assert ended.returncode == 74
    said = json.loads(ended.stdout)
    assert (said["state"], said["exit_code"]) == ("error", 74)
    assert "journal.db" in said["error"]["where"]
    assert "--home" in ended.stderr
    assert journal.read_bytes() == b"something else" * 100
    assert not (tmp_path / "ran").exists()


# Readers that go away


@contextmanager
def deaf_pipe() -> Iterator[int]:
    """A pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


def quiet(folder: Path, *arguments: str, **streams: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*BEAST, *arguments], cwd=folder, text=True, timeout=LONG_S * 2, **streams)


@pytest.mark.parametrize(("task", "code"), [("['true']", 0), ("['false']", 1)])
def test_a_run_whose_summary_nobody_reads_ends_as_it_would(tmp_path: Path, task: str, code: int) -> None:
    roadmap(tmp_path, f"id: a, command: {task}")
    with deaf_pipe() as pipe:
        flags = ["--json", "--retries", "0"]
        ended = quiet(tmp_path, "run", "roadmap.yaml", *flags, stdout=pipe, stderr=subprocess.PIPE)
    assert ended.returncode == code
    assert "Report:" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr


def test_a_run_whose_progress_nobody_reads_goes_on_to_its_end(tmp_path: Path) -> None:
    roadmap(tmp_path, *(f"id: t{n}, command: [touch, ran{n}]" for n in range(5)))
    with deaf_pipe() as pipe:
        ended = quiet(tmp_path, "run", "roadmap.yaml", "--json", stdout=subprocess.PIPE, stderr=pipe)
    assert (ended.returncode, json.loads(ended.stdout)["tasks"]["done"]) == (0, 5)
    assert len(list(tmp_path.glob("ran*"))) == 5


def test_a_run_whose_progress_cannot_be_written_goes_on_to_its_end(tmp_path: Path) -> None:
    roadmap(tmp_path, "id: a, command: [touch, ran]")
    with open("/dev/full", "w", encoding="ascii") as full:
        ended = quiet(tmp_path, "run", "roadmap.yaml", stdout=subprocess.PIPE, stderr=full)
    assert ended.returncode == 0
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_run_with_closed_streams_goes_on_to_its_end(tmp_path: Path, closed: str) -> None:
    roadmap(tmp_path, "id: a, command: 'echo hello; touch ran'")
    line = f'"{sys.executable}" -m beastmode run roadmap.yaml --json {closed}'
    ended = subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, timeout=LONG_S * 2, capture_output=True)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "ran").exists()
    assert beast(tmp_path, "logs", "a").stdout == "hello\n"


@pytest.mark.parametrize("arguments", [["plan", "roadmap.yaml"], ["logs", "loud"], ["schema"]])
def test_a_listing_that_nobody_reads_to_its_end_is_no_fault(tmp_path: Path, arguments: list[str]) -> None:
    roadmap(
        tmp_path,
        "id: loud, command: 'seq 100000'",
        *(f"id: {'t' * 100}{n}, command: ['true']" for n in range(500)),
    )
    assert beast(tmp_path, "run", "roadmap.yaml", "--only", "loud").returncode == 0
    with deaf_pipe() as pipe:
        ended = quiet(tmp_path, *arguments, stdout=pipe, stderr=subprocess.PIPE)
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    assert "Broken" not in ended.stderr


def test_a_summary_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    roadmap(tmp_path, "id: a, command: ['true']")
    with open("/dev/full", "w", encoding="ascii") as full:
        ended = quiet(tmp_path, "run", "roadmap.yaml", "--json", stdout=full, stderr=subprocess.PIPE)
    assert ended.returncode == 74
    assert "stdout cannot be written: No space left on device" in ended.stderr


# Signals


def obey_signals() -> None:
    """A shell starts what runs in its background with some signals ignored, and that is handed down to us."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def at_work(folder: Path, *before: str, **streams: Any) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A run whose only task does not end by itself, and that task's process.   before: what starts the run."""
    (folder / "roadmap.yaml").write_text(ONCE_DEAF, encoding="utf-8")
    (folder / "pid").unlink(missing_ok=True)
    command = [*before, *BEAST, "run", "roadmap.yaml", "--json"]
    with subprocess.Popen(
        command,
        cwd=folder,
        preexec_fn=obey_signals,  # noqa: PLW1509  this test has one thread
        **streams,
    ) as runner:
        try:
            yield runner, pid_in(folder / "pid")
        finally:
            runner.kill()


def insist(runner: subprocess.Popen[bytes], number: signal.Signals, pid: int) -> None:
    """Send a signal until a task has ended: two that come at once count as one."""
    deadline = time.monotonic() + LONG_S
    while alive(pid):
        assert time.monotonic() < deadline
        runner.send_signal(number)
        time.sleep(0.2)


def goes_on(folder: Path) -> None:
    """The same command does what is left, and only when nothing is left of the time before."""
    (folder / "go").touch()
    ended = beast(folder, "run", "roadmap.yaml", "--json", "--retries", "0")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["tasks"]["done"] == 1
    assert not belonging_to(folder)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGQUIT], ids=lambda n: n.name)
def test_a_run_that_dies_is_gone_on_with_when_nothing_of_it_is_left(
    tmp_path: Path, number: signal.Signals
) -> None:
    with at_work(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as (runner, _):
        runner.send_signal(number)
        runner.wait()
        goes_on(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_second_signal_ends_what_runs_and_the_summary_says_so(
    tmp_path: Path, number: signal.Signals
) -> None:
    with at_work(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as (runner, pid):
        insist(runner, number, pid)
        out, _ = runner.communicate(timeout=LONG_S)
        assert runner.returncode == 130
    summary = json.loads(out)
    assert (summary["state"], summary["exit_code"], summary["tasks"]["failed"]) == ("interrupted", 130, 0)
    goes_on(tmp_path)


def test_a_terminal_that_is_closed_leaves_nothing_behind(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with at_work(tmp_path, "setsid", "--ctty", **streams) as (runner, pid):
        os.close(theirs)
        os.close(ours)  # the kernel sends HUP to the session whose terminal it was
        assert runner.wait(LONG_S) == -signal.SIGHUP
        eventually(lambda: not alive(pid))
        goes_on(tmp_path)


def test_a_terminal_that_is_lost_does_not_end_a_run_that_ignores_it(tmp_path: Path) -> None:
    """As under nohup: what is printed is lost, and nothing else."""
    roadmap(tmp_path, "id: a, command: 'touch began; while ! test -f go; do sleep 0.01; done'")
    ours, theirs = pty.openpty()
    command = [*BEAST, "run", "roadmap.yaml"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=theirs, stderr=theirs, start_new_session=True
    ) as runner:
        os.close(theirs)
        eventually((tmp_path / "began").exists)
        os.close(ours)
        (tmp_path / "go").touch()
        assert runner.wait(LONG_S) == 0
