"""Commands: what they get, what their exits mean, and what is said of those that cannot be started."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beastmode.failures.failure import Failure
from beastmode.runner.fields import fill
from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.kinds.environment import environment_of, field_values, last_bytes
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.roadmap import Task, TaskOptions
from beastmode.runner.work import Command
from beastmode.testing import attempt_of
from tests.processes import belonging_to, supervisor_in

EVERYTHING = [
    f"{{{name}}}" for name in ("id", "title", "phase", "category", "attempt", "line", "feedback", "run")
]


def attempt(folder: Path, work: Command, **about: Any) -> Attempt:
    task = Task(about.pop("id", "t-1"), work, title=about.pop("title", "Two words"), line=7)
    task.options = TaskOptions(about.pop("category", "docs"))
    given = attempt_of(task, 2, folder=folder, feedback=about.pop("feedback", ""))
    return replace(given, phases=("Month 1", "Week 2"), run="r9", **about)


def ran(folder: Path, work: Command, **about: Any) -> Outcome:
    """The outcome of one attempt; nothing of it may be left."""

    async def play() -> Outcome:
        supervisor = supervisor_in(folder)
        try:
            return await CommandKind(supervisor).perform(attempt(folder, work, **about), lambda: None)
        finally:
            await supervisor.close()

    outcome = asyncio.run(play())
    assert not belonging_to(folder)
    return outcome


def failed(folder: Path, work: Command, **about: Any) -> Failure:
    failure = ran(folder, work, **about).failure
    assert failure is not None
    assert failure.tip
    return failure


def log_of(folder: Path) -> str:
    return (folder / "t-1.2.log").read_text(encoding="utf-8", errors="replace")


def test_arguments_are_filled_each_within_itself(tmp_path: Path) -> None:
    assert ran(tmp_path, Command(("printf", "<%s>", *EVERYTHING)), feedback="no").ok
    assert log_of(tmp_path) == "<t-1><Two words><Week 2><docs><2><7><no><r9>"


def test_a_shell_line_gets_its_fields_as_variables(tmp_path: Path) -> None:
    line = 'echo "$BEAST_ID|$BEAST_TITLE|$BEAST_PHASE|$BEAST_CATEGORY|$BEAST_ATTEMPT|$BEAST_LINE|$BEAST_RUN"'
    assert ran(tmp_path, Command(shell=line)).ok
    assert log_of(tmp_path) == "t-1|Two words|Week 2|docs|2|7|r9\n"


def test_feedback_comes_whole_in_a_file_and_its_end_in_a_variable(tmp_path: Path) -> None:
    feedback = "ä" * 100_000 + "end"
    line = 'cat "$BEAST_FEEDBACK_FILE" | wc -c; printf %s "$BEAST_FEEDBACK"'
    assert ran(tmp_path, Command(shell=line), feedback=feedback).ok
    whole, end = log_of(tmp_path).split()
    assert int(whole) == 200_003
    assert feedback.endswith(end)
    assert 8_000 < len(end.encode()) <= 8_192


def test_without_feedback_there_is_no_file_of_it_not_even_that_of_a_run_around_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEAST_FEEDBACK_FILE", "/of/another/run")
    assert "BEAST_FEEDBACK_FILE" not in environment_of(attempt(tmp_path, Command(("true",))))


def test_variables_and_folder_of_the_task(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    work = Command(shell='echo "$LEVEL"; pwd', env={"LEVEL": "debug"}, cwd="below")
    assert ran(tmp_path, work).ok
    assert log_of(tmp_path) == f"debug\n{tmp_path}/below\n"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(min_value=1, max_value=200))
def test_the_end_of_a_text_is_cut_between_characters(text: str, most: int) -> None:
    end = last_bytes(text, most)
    assert text.endswith(end)
    assert len(end.encode()) <= most
    assert end == text or len(end.encode()) > most - 4


PIECES = (
    *("'", '"', "`", "$(touch HACKED)", "`touch HACKED`", ";touch HACKED;", "\n", "\0", "\r", " ", "\\"),
    *("--", "-rf ", "*", "${IFS}", "|", "&", "&&", ">HACKED", "{id}", "{{id}}", "~", "#", "!", "%s", "é"),
)
HOSTILE = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HOSTILE, HOSTILE)
def test_nothing_in_an_id_or_a_title_is_ever_code_or_a_second_argument(
    tmp_path: Path, id_: str, title: str
) -> None:
    """A real shell counts and prints what it was given, both as arguments and as variables."""
    about = attempt(tmp_path, Command(("x",)), id=id_, title=title)
    show = 'printf "%s\\0" "$#" "$1" "$2" "$BEAST_ID" "$BEAST_TITLE"'
    filled = fill(["/bin/sh", "-c", show, "sh", "{id}", "{title}"], field_values(about))
    shown = subprocess.run(filled, env=environment_of(about), cwd=tmp_path, capture_output=True, check=True)
    expected = [text.replace("\0", "") for text in ("2", id_, title or id_, id_, title or id_)]
    assert shown.stdout.decode().split("\0")[:-1] == expected
    assert not (tmp_path / "HACKED").exists()


@pytest.mark.parametrize("title", ["$(touch HACKED)", "'; touch HACKED; '", "a\0b\ntouch HACKED", "--help"])
def test_a_hostile_title_goes_the_whole_way_as_one_argument(tmp_path: Path, title: str) -> None:
    assert ran(tmp_path, Command(("printf", "<%s>", "{title}")), title=title).ok
    assert log_of(tmp_path) == f"<{title.replace(chr(0), '')}>"
    assert ran(tmp_path, Command(shell='test -n "$BEAST_TITLE"'), title=title).ok
    assert not (tmp_path / "HACKED").exists()


@pytest.mark.parametrize(
    ("line", "class_", "cause", "passing"),
    [
        ("echo why; exit 3", "exit_code", "exit code 3: why", True),
        ("exit 126", "exit_code", "exit code 126", False),
        ("no-such-program", "exit_code", "exit code 127: ", False),
        ("exit 130", "exit_code", "exit code 130", True),
        ("kill -SEGV $$", "killed", "SIGSEGV", True),
        ("kill -KILL $$", "killed", "SIGKILL", True),
        ("printf 'caf\\351\\377'; exit 1", "exit_code", "caf\ufffd\ufffd", True),
        ("printf 'a\\033[31mred\\033[0m\\007'; exit 1", "exit_code", "ared", True),
    ],
)
def test_an_exit_becomes_a_failure(tmp_path: Path, line: str, class_: str, cause: str, passing: bool) -> None:
    failure = failed(tmp_path, Command(shell=line))
    assert (failure.class_, failure.passing) == (class_, passing)
    assert cause in failure.cause


def test_a_timeout_is_one_whatever_the_exit_code(tmp_path: Path) -> None:
    failure = failed(
        tmp_path, Command(shell="trap 'exit 0' TERM; while :; do sleep 0.05; done"), timeout_s=0.3
    )
    assert failure.class_ == "timeout"
    assert "0.3 s" in failure.cause


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("no-such-program",), 127, "no-such-program: No such file or directory"),
        (("./no-such-script",), 127, "./no-such-script: No such file or directory"),
        (("./folder",), 126, "./folder: is a folder"),
        (("./not-executable",), 126, "Permission denied"),
        (("./no-first-line",), 126, "Exec format error"),
        (("./no-interpreter",), 127, "names no interpreter of this machine: '#!/no/such/interpreter\\r'"),
        (("",), 126, "names no program"),
        ((), 126, "names no program"),
        (("echo", "x" * 3_000_000), 126, "too long for this system"),
        (("echo", "\ud800"), 126, "cannot be run"),
    ],
)
def test_what_cannot_be_started_is_one_more_exit_code(
    tmp_path: Path, arguments: tuple[str, ...], code: int, why: str
) -> None:
    (tmp_path / "folder").mkdir()
    for name, first, mode in (
        ("not-executable", "echo", 0o644),
        ("no-first-line", "echo", 0o755),
        ("no-interpreter", "#!/no/such/interpreter\r\n", 0o755),
    ):
        (tmp_path / name).write_text(first, encoding="ascii", newline="")
        (tmp_path / name).chmod(mode)
    failure = failed(tmp_path, Command(arguments))
    assert (failure.class_, failure.passing) == ("exit_code", False)
    assert f"exit code {code}" in failure.cause
    assert why in failure.cause
    assert why in log_of(tmp_path)


def test_a_folder_to_run_in_that_is_none_is_named(tmp_path: Path) -> None:
    failure = failed(tmp_path, Command(("true",), cwd="nowhere"))
    assert f"the folder to run in, {tmp_path}/nowhere: No such file or directory" in failure.cause


def test_a_machine_without_descriptors_left_is_waited_for(tmp_path: Path) -> None:
    """Not the command's fault: the same attempt may go well later."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def play() -> Outcome:
        supervisor = supervisor_in(tmp_path)
        kind = CommandKind(supervisor)
        assert (await kind.perform(attempt(tmp_path, Command(("true",))), lambda: None)).ok
        lowest_free = os.dup(0)
        os.close(lowest_free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
        try:
            return await kind.perform(attempt(tmp_path, Command(("true",))), lambda: None)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            await supervisor.close()

    failure = asyncio.run(play()).failure
    assert failure
    assert (failure.class_, failure.passing) == ("exit_code", True)
    assert "exit code 71: this machine could not start true: Too many open files" in failure.cause


def test_a_log_that_cannot_be_kept_is_said_and_ends_nothing(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    failure = failed(tmp_path, Command(shell="echo why; exit 3"), log_path=full)
    assert "exit code 3: why (the log ends early: No space left on device)" in failure.cause
    assert ran(tmp_path, Command(shell="echo fine"), log_path=full).ok


def test_the_signal_that_ended_it_is_named(tmp_path: Path) -> None:
    for name in ("SIGSEGV", "SIGABRT", "SIGTERM"):
        assert name in failed(tmp_path, Command(shell=f"kill -{int(signal.Signals[name])} $$")).cause
