"""`beast status`, `runs`, `logs` and `report` as a person looks at runs: ended, at work, killed, none yet."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from beastmode import Roadmap, Task, run
from beastmode.cli.app import main
from beastmode.runner.roadmap import TaskOptions
from beastmode.runner.work import Command
from tests.processes import powerless

NO_RETRIES = TaskOptions(retries=0)
HOSTILE = "\x1b[2Jred \x1b[31m\x07 \u202egnp [bold]x[/bold]"


class Said(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


class Beast:
    """`beast` in this process, in a folder of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str) -> Said:
        self._capsys.readouterr()
        self._monkeypatch.setattr(sys, "argv", ["beast", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        out, err = self._capsys.readouterr()
        return Said(code if isinstance(code, int) else 1 if code else 0, out, err)


@pytest.fixture
def beast(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> Beast:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("BEAST_HOME", raising=False)
    return Beast(monkeypatch, capsys)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs that have ended: one failed, one went well."""
    folder = tmp_path_factory.mktemp("folder")
    failing = [
        Task("good", Command(shell="printf 'line\\n\\033[31mred\\033[0m\\033[2J\\n'"), title="Goes well"),
        Task("bad", Command(shell="echo why; exit 3"), title=HOSTILE, options=NO_RETRIES),
        Task("after", Command(("true",)), title="Needs it", needs=("bad",)),
        Task("quiet", Command(("true",)), options=TaskOptions(verify=Command(shell="echo checked"))),
    ]
    run(Roadmap(failing, title="One fails"), home=folder / ".beast", rates=())
    run(Roadmap([Task("a", Command(("true",)))], title="All well"), home=folder / ".beast", rates=())
    return folder


@pytest.mark.parametrize("command", [["status"], ["runs"], ["logs", "a"], ["report"]], ids=lambda c: c[0])
def test_where_nothing_has_run_it_says_how_to_begin(command: list[str], beast: Beast) -> None:
    said = beast(*command, "--home", "elsewhere")
    assert (said.code, said.out) == (2, "")
    assert "nothing has run here yet" in said.err
    assert "beast run FILE" in said.err
    assert not Path("elsewhere").exists()


@pytest.mark.parametrize("command", [["status", "r9"], ["report", "x"], ["logs", "a", "--run", "0"]], ids=str)
def test_a_run_that_is_not_there_is_answered_with_those_that_are(command: list[str], beast: Beast) -> None:
    said = beast(*command)
    assert said.code == 2
    assert "only r1 to r2" in said.err
    assert "beast runs" in said.err


def test_status_tells_what_failed_why_and_what_to_do(beast: Beast) -> None:
    said = beast("status", "r1")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "r1 failed  One fails"
    assert lines[1] == "2 of 4 tasks done (1 failed, 1 blocked), 3 attempts"
    assert "exit_code: exit code 3: why" in said.out
    assert "Read the end of the log" in said.out
    assert re.search(r"blocked +after +Needs it  by bad", said.out)
    assert "beast logs TASK" in lines[-1]


def test_text_of_others_moves_no_cursor_and_is_no_markup(beast: Beast) -> None:
    out = beast("status", "r1").out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[bold]x[/bold]" in out


def test_status_of_the_latest_run_and_as_json(beast: Beast) -> None:
    assert beast("status").out.splitlines()[0] == "r2 done  All well"
    plain: dict[str, Any] = json.loads(beast("status", "1", "--json").out)
    assert (plain["run_id"], plain["state"], plain["tasks"]["blocked"]) == ("r1", "failed", 1)
    states = {task["id"]: task["state"] for task in plain["task_list"]}
    assert states == {"good": "done", "bad": "failed", "after": "blocked", "quiet": "done"}


def test_runs_are_a_table_oldest_first(beast: Beast) -> None:
    lines = beast("runs").out.splitlines()
    assert lines[0].split() == ["RUN", "STATE", "DONE", "FAILED", "TOOK", "BEGUN", "(UTC)", "ROADMAP"]
    assert [line.split()[:4] for line in lines[1:]] == [
        ["r1", "failed", "2/4", "1"],
        ["r2", "done", "1/1", "0"],
    ]
    assert [row["run_id"] for row in json.loads(beast("runs", "--json").out)] == ["r1", "r2"]


def test_logs_show_output_and_verification_byte_for_byte_to_a_program(beast: Beast) -> None:
    said = beast("logs", "good", "--run", "r1")
    assert (said.code, said.out) == (0, "line\n\x1b[31mred\x1b[0m\x1b[2J\n")
    assert "good.1.log" in said.err
    assert beast("logs", "quiet", "--run", "r1").out == "checked\n"


def test_logs_on_a_terminal_keep_colours_and_nothing_else_it_would_obey(
    beast: Beast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda stream: True)
    assert beast("logs", "good", "--run", "r1").out == "line\n\x1b[31mred\x1b[0m?[2J\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["godo"], "Did you mean 'good'?"),
        (["nothing-like-it"], "`beast status --json` lists them"),
        (["after"], "has not started yet: it is blocked"),
        (["good", "--attempt", "4"], "Name one from 1 to 1"),
    ],
)
def test_logs_that_are_not_there_are_answered_with_what_is(
    arguments: list[str], says: str, beast: Beast
) -> None:
    said = beast("logs", *arguments, "--run", "r1")
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_a_log_of_somebody_else_is_refused_in_words(folder: Path) -> None:
    log = folder / ".beast/runs/r1/logs/good.1.log"
    mode = log.stat().st_mode
    log.chmod(0)
    command = powerless(["logs", "good", "--run", "r1"])
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    log.chmod(mode)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "good.1.log: this user may not read the log\n  Ask as the user who ran it" in ended.stderr


@pytest.mark.parametrize("arguments", [(), ("--json",)], ids=["words", "json"])
def test_a_stream_of_few_characters_gets_all_of_a_plan(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "r.yaml").write_text("tasks: [{id: b\u00fccher, command: [x]}]", encoding="utf-8")
    command = [sys.executable, "-m", "beastmode", "plan", "r.yaml", *arguments]
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ended = subprocess.run(command, cwd=tmp_path, env=ascii_only, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    if arguments:
        assert json.loads(ended.stdout)["tasks"][0]["id"] == "b\u00fccher"
    else:
        assert "b\\xfccher" in ended.stdout


def test_a_task_that_printed_nothing_is_said_to_have(beast: Beast) -> None:
    assert "Attempt 1 of a printed nothing." in beast("logs", "a").err


def test_report_prints_markdown_and_says_where_all_three_files_are(beast: Beast, tmp_path: Path) -> None:
    said = beast("report", "r1", "--out", str(tmp_path / "out"))
    assert said.out.startswith("# One fails\n")
    assert str(tmp_path / "out") in said.err
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".md", ".html", ".json"}
    assert json.loads(beast("report", "r2", "--json").out)["run"]["title"] == "All well"


def test_a_report_that_cannot_be_written_ends_with_74_and_a_way_out(beast: Beast, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = beast("report", "--out", str(tmp_path / "file"))
    assert said.code == 74
    assert "beast report r2 --out FOLDER" in said.err


ROADMAP = """\
title: At work
limits: {rate: none}
tasks:
  - {id: first, command: ['true']}
  - id: works
    title: Works on
    needs: [first]
    command: 'echo so far; touch began; while test ! -e go; do sleep 0.02; done'
  - {id: later, command: ['true'], needs: [works]}
"""


@pytest.fixture
def at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    """A run whose task `works` is at work until a file `go` is there; this process is in its folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "roadmap.yaml").write_text(ROADMAP, encoding="utf-8")
    command = [sys.executable, "-m", "beastmode", "run", "roadmap.yaml"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not Path("began").exists() or "so far" not in "".join(
        p.read_text() for p in Path(".beast").rglob("*.log")
    ):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield process
    Path("go").touch()
    process.communicate(timeout=60)


def test_a_run_at_work_says_so_with_who_runs_it(
    at_work: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    beast = Beast(monkeypatch, capsys)
    out = beast("status").out
    assert out.startswith("r1 running  At work\n1 of 3 tasks done (2 still to do), 2 attempts\n")
    assert f"by run r1, process {at_work.pid}" in out
    assert re.search(r"running +works  Works on  attempt 1, for \d", out)
    said = beast("logs", "works")
    assert (said.out, "Attempt 1 is still at work." in said.err) == ("so far\n", True)
    report = beast("report").out
    assert "The run is still at work" in report
    assert "beast status r1" in report


def test_a_killed_run_says_so_and_how_to_go_on(
    at_work: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_work.send_signal(signal.SIGKILL)
    at_work.wait(timeout=60)
    beast = Beast(monkeypatch, capsys)
    out = beast("status").out
    assert out.startswith("r1 killed  At work\n")
    assert "was at work when its runner was killed; runs again" in out
    assert out.splitlines()[-1] == "The same `beast run` command goes on."
    assert beast("runs").out.splitlines()[1].split()[1] == "killed"
    assert "was at work when its runner was killed" in beast("logs", "works").err
    assert json.loads(beast("status", "--json").out)["state"] == "killed"
    beast("report")
    report = next(Path(".beast").rglob("report.json"))
    script = Path(__file__).parents[2] / "scripts" / "check_report.py"
    checked = subprocess.run(
        [sys.executable, str(script), ".beast/journal.db", str(report)], stdout=subprocess.PIPE
    )
    assert checked.returncode == 0, checked.stdout


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    pipe = f"{sys.executable} -m beastmode report r1 | true"
    ended = subprocess.run(["bash", "-c", pipe], cwd=folder, capture_output=True, text=True, timeout=60)
    assert ended.stderr == "" or "Written to" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Exception" not in ended.stderr
