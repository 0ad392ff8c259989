"""Mistakes end with 2 before anything runs, and the text says what happened, where, and what to write instead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from beastmode.cli.app import answer
from beastmode.cli.flags import SETTINGS
from beastmode.compose.opening.run import settings_for
from beastmode.errors import RoadmapError, SettingError
from beastmode.runner.formats.reading import read_roadmap
from beastmode.runner.roadmap import Roadmap
from beastmode.settings import parse_count, parse_timeout
from tests.processes import powerless

ROADMAP = """
title: A list
phases:
  - title: Month 1
    tasks: [{id: build, command: [touch, ran]}]
  - title: Month 2
    tasks: [{id: test, command: [touch, ran], needs: [build]}]
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BEAST_HOME", raising=False)
    (tmp_path / "roadmap.yaml").write_text(ROADMAP, encoding="utf-8")
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What `beast` says of a mistake; it must end with 2, and nothing may have run or been made."""
    before = sorted(Path().rglob("*"))
    assert answer(list(arguments)) == 2
    assert sorted(Path().rglob("*")) == before
    out, err = capsys.readouterr()
    assert out == ""
    return err


WRONG = {
    "--max-concurrency": ["0", "-1", "auto:0", "automatic", "x", "1.5", "", " "],
    "--rate": [
        "0",
        "0/s",
        "-1/s",
        "8",
        "fast",
        "8.5/s",
        "8/fortnight",
        "8/s,",
        "none,8/s",
        "9" * 400 + "/s",
        "",
    ],
    "--timeout": ["0", "0s", "-5", "soon", "nan", "inf", "10 minutes", "9" * 400 + "s", ""],
    "--retries": ["-1", "x", "1.5", "9999999999", "²", ""],
    "--health": ["nonsense", "localhost:80", "http://", "tcp://host", "ftp://host/", ""],
    "--verify": ["", "  ", "pytest {id} | tee log", "pytest {ide}", "pytest '{id}"],
    "--server": ["::", "http://", "http://host:99999", ""],
    "--order": ["random", "Needs", ""],
    "--max-wait": ["-1", "soon", ""],
    "--max-attempts": ["0", "-3", "x", ""],
    "--max-time": ["0", "-1h", "soon", ""],
    "--durability": ["x", "FULL", ""],
    "--gates": ["x", "PASS", ""],
    "--command": ["", "make '{id}", "make {ide}", "sh -c 'make {id}'", "''"],
    "--only": ["", ","],
    "--phase": [""],
    "--home": ["", "roadmap.yaml", "roadmap.yaml/below", "/proc/beast"],
    "--report": ["", "roadmap.yaml", "/proc/beast/report"],
}


@pytest.mark.parametrize(
    ("flag", "value"), [(flag, value) for flag, values in WRONG.items() for value in values], ids=repr
)
def test_a_wrong_flag_is_named_with_what_to_write_instead(
    capsys: pytest.CaptureFixture[str], flag: str, value: str
) -> None:
    what, *tips = refused(capsys, "run", "roadmap.yaml", flag, value).splitlines()
    assert what.startswith(f"beast: {flag}: ")
    assert tips
    assert all(tip.startswith("  ") for tip in tips)


def test_every_flag_that_takes_a_value_is_tried_with_wrong_ones() -> None:
    assert {one.flag for one in SETTINGS} < set(WRONG)


@pytest.mark.parametrize(
    ("flag", "value", "says"),
    [
        ("--only", "buidl", "--only: there is no task 'buidl'\n  Did you mean 'build'?"),
        ("--only", "zzz", "--only: there is no task 'zzz'\n  See `beast plan FILE`"),
        ("--phase", "Month 3", "--phase: no phase is called 'Month 3'\n  There is 'Month"),
        (
            "--only",
            "test",
            "--only: 'test' needs 'build', which is neither done nor selected\n  Run it first,",
        ),
        ("--phase", "Month 2", "--phase: 'test' needs 'build', which is neither done nor selected\n  Run it"),
    ],
)
def test_a_wrong_selection_gets_a_guess(
    capsys: pytest.CaptureFixture[str], flag: str, value: str, says: str
) -> None:
    assert answer(["run", "roadmap.yaml", flag, value]) == 2
    assert says in capsys.readouterr().err
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["run", "roadmap.yaml", "--fresh", "--failed"],
            "--fresh and --retry-failed: they contradict each other",
        ),
        (["run", "roadmap.yaml", "--jsno"], "--json"),
        (["run", "roadmap.yaml", "more.yaml"], "more.yaml"),
        (["run", "roadmap.yaml", "--rate"], "--rate"),
        (["run"], "file"),
        (["rnu", "roadmap.yaml"], "Did you mean run?"),
        (["roadmap.yaml"], "beast run roadmap.yaml"),
        (["xyzzy"], "There are: run, plan"),
        (["run", "missing.yaml"], "missing.yaml: there is no such file"),
        (["run", str(Path(__file__).parent)], "no list of tasks was found in this folder"),
        (["run", "binary.md"], "not UTF-8"),
        (["run", "/proc/self/mem"], "cannot be read"),
        (["plan", "missing.yaml"], "missing.yaml: there is no such file"),
        (["plan", "roadmap.yaml", "--order", "random"], "Write one of: needs, sequence, phases"),
        (["status"], "nothing has run here yet"),
        (["status", "r1", "--home", "nowhere"], "nowhere: nothing has run here yet"),
        (["logs", "build"], "nothing has run here yet"),
        (["logs"], "task"),
        (["runs"], "beast run FILE"),
        (["report"], "beast run FILE"),
        (["schema", "more"], "more"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_named(capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    Path("binary.md").write_bytes(b"\xff\xfe\x00")
    assert says in refused(capsys, *arguments)


@pytest.mark.parametrize(
    ("task", "says"),
    [
        ("command: 'echo {title}'", '"$BEAST_TITLE"'),
        ("command: [sh, -c, 'echo {title}']", "would be run as code"),
        ("command: ['{ide}']", "there is no field {ide}"),
        ("command: {id}", "found a mapping instead of a command"),
        ("command: []", "the list is empty"),
        ("command: ''", "instead of a command"),
        ("call: jobs.f", "package.module:function"),
        ("url: localhost:80", "http or https address"),
        ("url: 'http://h/', expect: {status: 2000}", "from 100 to 599"),
        ("command: [make], verify: 'pytest {id}'", '"$BEAST_ID"'),
    ],
)
def test_a_wrong_task_is_named_with_its_line(
    capsys: pytest.CaptureFixture[str], task: str, says: str
) -> None:
    Path("wrong.yaml").write_text(f"tasks:\n  - {{id: t, {task}}}\n", encoding="utf-8")
    text = refused(capsys, "run", "wrong.yaml")
    assert text.startswith("beast: wrong.yaml:2: tasks[0].")
    assert says in text


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["run", "missing.yaml", "--json"], "there is no such file"),
        (["run", "roadmap.yaml", "--json", "--rate", "0"], "'0' is not a rate"),
        (["run", "--json", "--nope"], "No such option: --nope"),
        (["plan", "missing.yaml", "--json"], "there is no such file"),
        (["status", "--json"], "nothing has run here yet"),
    ],
)
def test_with_json_a_mistake_is_an_object_on_stdout_and_words_on_stderr(
    capsys: pytest.CaptureFixture[str], arguments: list[str], what: str
) -> None:
    assert answer(arguments) == 2
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert (said["state"], said["exit_code"]) == ("error", 2)
    assert what in said["error"]["what"]
    assert said["error"]["tip"]
    assert what in err


def test_tasks_in_a_circle_are_named_with_both_ways_out(capsys: pytest.CaptureFixture[str]) -> None:
    tasks = "[{id: a, command: [x], needs: [b]}, {id: b, command: [x]}]"
    Path("circle.yaml").write_text(f"order: sequence\ntasks: {tasks}\n", encoding="utf-8")
    said = refused(capsys, "plan", "circle.yaml")
    assert "circle.yaml:2: tasks wait for each other: b -> a -> b" in said
    assert "Remove one of these needs, or the `order`" in said


@pytest.mark.parametrize("command", [["plan", "roadmap.yaml"], ["run", "roadmap.yaml"]], ids=lambda c: c[0])
def test_a_roadmap_of_somebody_else_is_refused_with_a_way_out(command: list[str]) -> None:
    Path("roadmap.yaml").chmod(0)
    ended = subprocess.run(powerless(command), capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert "roadmap.yaml: this user may not read the file\n  Give this user the right" in ended.stderr


@pytest.mark.parametrize(
    "command",
    [
        "run roadmap.yaml",
        "status",
        "requests",
        "keys list",
        "cache stats",
        "serve --check --upstream http://a",
    ],
)
def test_a_home_with_a_name_that_no_file_can_have_is_refused(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    said = refused(capsys, *command.split(), "--home", "x" * 300)
    assert said.startswith("beast: a path is longer than any can be\n  Write one")


@pytest.mark.parametrize("command", ["run roadmap.yaml", "status", "requests", "serve --upstream http://a"])
def test_a_home_below_a_folder_of_somebody_else_is_refused(here: Path, command: str) -> None:
    (here / "locked").mkdir(mode=0)
    ended = subprocess.run(
        powerless([*command.split(), "--home", "locked/home"]), capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-2].startswith("beast: locked/home")
    assert "Traceback" not in ended.stderr


def test_a_home_whose_name_is_no_utf8_has_a_report() -> None:
    home = os.fsdecode(b"h\xff")
    command = [sys.executable, "-m", "beastmode", "run", "roadmap.yaml", "--home", home]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    report = json.loads((Path(home) / "runs/r1/report/report.json").read_bytes())
    assert "h\ufffd" in json.dumps(report, ensure_ascii=False)


def test_a_folder_that_was_deleted_below_us_is_named(here: Path) -> None:
    (here / "gone").mkdir()
    line = f"cd gone && rmdir ../gone && {sys.executable} -m beastmode run {here / 'roadmap.yaml'}"
    ended = subprocess.run(["sh", "-c", line], cwd=here, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "beast: the folder that this is run in was deleted",
        "  Go to a folder that is there, then run it again.",
    ]


def test_with_json_all_problems_of_a_roadmap_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("wrong.yaml").write_text(
        "tasks:\n  - {id: a, comand: x}\n  - {id: b, timeout: 0}\n", encoding="utf-8"
    )
    assert answer(["run", "wrong.yaml", "--json"]) == 2
    problems = json.loads(capsys.readouterr().out)["error"]["problems"]
    assert [problem["line"] for problem in problems] == [2, 3]
    assert all(problem["what"] and problem["tip"] for problem in problems)


@pytest.mark.parametrize("value", ["0", "-5", "soon", "1:30", "9" * 400 + "h"])
def test_a_timeout_is_judged_alike_in_a_flag_and_in_a_roadmap(value: str) -> None:
    with pytest.raises(SettingError) as flag:
        parse_timeout(value)
    Path("t.yaml").write_text(f"tasks: [{{id: a, command: [x], timeout: {value}}}]", encoding="utf-8")
    with pytest.raises(RoadmapError) as listed:
        read_roadmap(Path("t.yaml"))
    words = flag.value.what.partition(value)[2]
    assert words in str(listed.value)
    assert flag.value.tip in str(listed.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("-1", "not a whole number from 0"),
        ("x", "not a whole number from 0"),
        ("1.5", "not a whole number from 0"),
        ("9999999999", "too large"),
    ],
)
def test_retries_are_judged_alike_in_a_flag_and_in_a_roadmap(value: str, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        parse_count(value, 0)
    Path("t.yaml").write_text(f"tasks: [{{id: a, command: [x], retries: {value}}}]", encoding="utf-8")
    with pytest.raises(RoadmapError, match=words):
        read_roadmap(Path("t.yaml"))


def test_a_flag_wins_over_the_roadmap_which_wins_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    listed = Roadmap([], concurrency=5, rate="60/min", server="http://listed", health="http://listed/h")
    assert settings_for(Roadmap([]), {}).concurrency == 3
    assert str(*settings_for(Roadmap([]), {}).rates) == "8/s"
    of_list = settings_for(listed, {})
    assert (of_list.concurrency, str(*of_list.rates), of_list.server) == (5, "60/min", "http://listed")
    of_flags = settings_for(listed, {"concurrency": None, "rates": (), "server": "x", "health": "tcp://h:1"})
    assert (of_flags.concurrency, of_flags.rates) == (None, ())
    assert (of_flags.server, of_flags.health) == ("x", "tcp://h:1")


def test_ci_is_a_default_and_a_flag_wins_over_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert settings_for(Roadmap([]), {}).max_wait_s == 120
    assert settings_for(Roadmap([]), {"max_wait_s": 5.0}).max_wait_s == 5
