"""`beast` as a person uses it: real processes, a real server, mistakes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.inside import beast_inside

ROOT = Path(__file__).parents[2]


def beast(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "beastmode", *arguments],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=90,
    )


def write(folder: Path, text: str, name: str = "roadmap.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def summary(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("tasks: []\n", "tasks"),
        ("tasks:\n  - {id: a, command: [x]}\n  - {id: a, command: [x]}\n", ":3"),
        ("tasks:\n  - {id: a, command: [x], needs: [b]}\n", "'b'"),
        (
            "tasks:\n  - {id: a, command: [x], needs: [b]}\n  - {id: b, command: [x], needs: [a]}\n",
            "wait for each",
        ),
        ("limits: {rate: 0/s}\ntasks:\n  - {id: a, command: [x]}\n", ":1"),
        ("tasks:\n  - {id: a, comand: [x]}\n", "comand"),
        ("tasks:\n  - {id: a, command: 'echo {id}'}\n", "BEAST_ID"),
        ("tasks:\n  - {id: a}\n", "--command"),
    ],
)
def test_a_wrong_roadmap_ends_with_2_before_anything_runs(tmp_path: Path, text: str, says: str) -> None:
    write(tmp_path, text)
    ended = beast_inside(tmp_path, "run", "roadmap.yaml")
    assert ended.returncode == 2, ended.stderr
    assert "roadmap.yaml" in ended.stderr
    assert says in ended.stderr
    assert not (tmp_path / ".beast" / "journal.db").exists()


@pytest.mark.parametrize(
    "flag", ["--rate=0", "--rate=fast", "--timeout=soon", "--max-concurrency=auto:x", "--only=zz"]
)
def test_a_wrong_flag_ends_with_2(tmp_path: Path, flag: str) -> None:
    write(tmp_path, "tasks: [{id: a, command: ['true']}]")
    ended = beast_inside(tmp_path, "run", "roadmap.yaml", flag)
    assert ended.returncode == 2
    assert flag.split("=", maxsplit=1)[0] in ended.stderr


def test_what_is_said_of_a_mistake_is_on_stderr_and_2_the_exit_code_of_the_process(tmp_path: Path) -> None:
    write(tmp_path, "tasks: []\n")
    ended = beast(tmp_path, "run", "roadmap.yaml")
    said = beast_inside(tmp_path, "run", "roadmap.yaml")
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", said.stderr)


def test_failures_are_recorded_and_what_needs_them_is_blocked(tmp_path: Path) -> None:
    write(
        tmp_path,
        "tasks:\n"
        "  - {id: good, command: ['true']}\n"
        "  - {id: bad, command: 'echo why; exit 3', retries: 1}\n"
        "  - {id: after, command: ['true'], needs: [bad]}\n"
        "  - {id: gone, command: [no-such-program]}\n",
    )
    ended = beast(tmp_path, "run", "roadmap.yaml", "--json")
    assert ended.returncode == 1
    tasks = summary(ended)["tasks"]
    assert (tasks["done"], tasks["failed"], tasks["blocked"]) == (1, 2, 1)
    assert summary(ended)["attempts"] == 4
    assert "no-such-program" in ended.stderr
    assert "why" in beast(tmp_path, "logs", "bad").stdout
    write(tmp_path, (tmp_path / "roadmap.yaml").read_text(encoding="utf-8").replace("exit 3", "exit 0"))
    again = beast(tmp_path, "run", "roadmap.yaml", "--json")
    assert summary(again)["tasks"]["done"] == 3, "a changed task runs again, with what needs it"


def test_verify_decides_and_feeds_the_next_attempt(tmp_path: Path) -> None:
    write(
        tmp_path,
        "tasks:\n  - id: t\n    command: 'echo \"$BEAST_FEEDBACK\" >> seen; echo x >> out'\n"
        "    verify: 'echo not yet; test $(wc -l < out) -ge 2'\n",
    )
    ended = beast(tmp_path, "run", "roadmap.yaml", "--json")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "seen").read_text(encoding="utf-8") == "\nnot yet\n\n"
    assert summary(ended)["attempts"] == 2


def test_what_never_ends_is_ended_with_all_its_children(tmp_path: Path) -> None:
    write(
        tmp_path,
        "tasks:\n"
        "  - {id: deaf, command: \"trap '' TERM; sleep 300 & setsid sleep 300 & while :; do sleep 1; done\"}\n"
        "  - {id: dumb, command: 'exec >&- 2>&-; sleep 300'}\n"
        "  - {id: loud, timeout: 60s, command: 'head -c 30000000 /dev/urandom'}\n",
    )
    ended = beast(tmp_path, "run", "roadmap.yaml", "--json", "--timeout", "1s", "--retries", "0")
    tasks = summary(ended)["tasks"]
    assert (tasks["failed"], tasks["done"]) == (2, 1), ended.stderr
    assert "timeout" in ended.stderr
    logs = list((tmp_path / ".beast").rglob("loud.1.log"))
    assert logs[0].stat().st_size < 11 * 1024 * 1024
    assert not processes_in(tmp_path)


def processes_in(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and (process / "cwd").resolve() == folder:
                found.append((process / "cmdline").read_bytes().decode())
        except OSError:
            continue
    return found


def test_a_second_runner_is_refused_and_a_first_ctrl_c_drains(tmp_path: Path) -> None:
    write(
        tmp_path,
        "tasks:\n  - {id: a, command: 'touch began; while test ! -e go; do sleep 0.05; done'}\n"
        "  - {id: b, command: ['true'], needs: [a]}\n",
    )
    first = subprocess.Popen(
        [sys.executable, "-m", "beastmode", "run", "roadmap.yaml", "--json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not (tmp_path / "began").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    second = beast(tmp_path, "run", "roadmap.yaml")
    assert second.returncode == 2
    assert f"process {first.pid}" in second.stderr
    first.send_signal(signal.SIGINT)
    assert first.stderr
    while "finished first" not in first.stderr.readline():
        assert first.poll() is None, "said nothing about stopping"
    (tmp_path / "go").touch()
    out, _ = first.communicate(timeout=60)
    assert first.returncode == 130
    assert json.loads(out)["tasks"]["done"] == 1
    last = beast(tmp_path, "run", "roadmap.yaml", "--json")
    assert (last.returncode, summary(last)["tasks"]["done"], summary(last)["attempts"]) == (0, 2, 2)


def test_python_tasks_and_their_faults(tmp_path: Path) -> None:
    (tmp_path / "jobs.py").write_text(
        "import asyncio\n"
        "def sync(task, attempt): print('hello', task['id'], attempt)\n"
        "async def later(): await asyncio.sleep(0)\n"
        "def breaks(): raise ValueError('what a pity')\n",
        encoding="utf-8",
    )
    calls = ("sync", "later", "breaks", "missing")
    write(tmp_path, "tasks:\n" + "".join(f"  - {{id: {c}, call: 'jobs:{c}', retries: 0}}\n" for c in calls))
    ended = beast(tmp_path, "run", "roadmap.yaml", "--json")
    tasks = summary(ended)["tasks"]
    assert (tasks["done"], tasks["failed"]) == (2, 2), ended.stderr
    assert "hello sync 1" in beast(tmp_path, "logs", "sync").stdout
    assert "what a pity" in ended.stderr


def test_a_server_that_cannot_be_reached_is_waited_for_then_the_run_is_held(tmp_path: Path) -> None:
    write(tmp_path, "health: {http: 'http://127.0.0.1:9/health'}\ntasks: [{id: a, command: [touch, ran]}]\n")
    ended = beast(tmp_path, "run", "roadmap.yaml", "--json", "--max-wait", "1s")
    assert ended.returncode == 75, ended.stderr
    assert summary(ended)["tasks"]["waiting"] == 1
    assert not (tmp_path / "ran").exists()


def test_the_twelve_month_roadmap_runs_to_its_end(tmp_path: Path) -> None:
    corpus = ROOT.parent / "shared" / "corpora" / "roadmaps" / "files"
    found = list(corpus.glob("*ML_LLM_12_MONTH_ROADMAP.md"))
    if not found and os.environ.get("CI") != "true":
        pytest.skip("shared/corpora is not beside this checkout")
    ended = beast(tmp_path, "run", str(found[0]), "--command", "true", "--rate", "none", "--json")
    assert ended.returncode == 0, ended.stderr
    assert summary(ended)["tasks"]["done"] == 72
    report = tmp_path / summary(ended)["report"] / "report.json"
    script = [
        sys.executable,
        str(ROOT / "scripts" / "check_report.py"),
        str(tmp_path / ".beast/journal.db"),
        str(report),
    ]
    checked = subprocess.run(script, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_version_help_and_schema(tmp_path: Path) -> None:
    assert beast(tmp_path, "--version").stdout.startswith("beast ")
    assert "run" in beast(tmp_path, "--help").stdout
    assert json.loads(beast(tmp_path, "schema").stdout)["type"] == "object"
