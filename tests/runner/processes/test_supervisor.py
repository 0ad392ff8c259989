"""Containment: whatever a program does, it ends, it is recorded, and nothing of it is left."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from beastmode.runner.processes import strangers
from beastmode.runner.processes.output import AttemptLog
from beastmode.runner.processes.supervisor import Exit, Supervisor
from tests.processes import alive, belonging_to, eventually, pid_in, supervisor_in

T = TypeVar("T")
LIMIT = 100_000


def supervised(folder: Path, story: Callable[[Supervisor], Awaitable[T]], grace_s: float = 0.3) -> T:
    """Play a story with a supervisor of its own; nothing that it started may be left when it has closed."""

    async def play() -> T:
        supervisor = supervisor_in(folder, grace_s)
        try:
            return await story(supervisor)
        finally:
            await supervisor.close()

    result = asyncio.run(play())
    eventually(lambda: not belonging_to(folder))  # without subreapers nobody waits until the kernel is done
    assert not list((folder / "watchdogs").glob("*"))
    return result


async def run(
    supervisor: Supervisor,
    folder: Path,
    argv: Sequence[str],
    timeout_s: float = 20.0,
    *,
    name: str = "log",
    on_started: Callable[[], None] = lambda: None,
    stdin: Path | None = None,
) -> Exit:
    log = AttemptLog(folder / name, LIMIT)
    env = {"PATH": os.environ["PATH"], "FOLDER": str(folder)}
    return await supervisor.run(
        argv, env=env, cwd=folder, log=log, timeout_s=timeout_s, on_started=on_started, stdin=stdin
    )


def one(folder: Path, argv: Sequence[str], timeout_s: float = 20.0) -> Exit:
    """How one program ends."""
    return supervised(folder, lambda supervisor: run(supervisor, folder, argv, timeout_s))


def shell(line: str) -> list[str]:
    return ["/bin/sh", "-c", line]


def python(source: str) -> list[str]:
    return [sys.executable, "-c", source]


DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.chdir("/")
        print(os.getpid(), file=open(os.environ["FOLDER"] + "/pid", "w"), flush=True)
        time.sleep(600)
    os._exit(0)
os.wait()
while not os.path.exists("pid"):
    time.sleep(0.01)
"""
OWN_GROUP = """
import os, time
if os.fork() == 0:
    os.setpgid(0, 0)
    print(os.getpid(), file=open("pid", "w"), flush=True)
    time.sleep(600)
while not os.path.exists("pid"):
    time.sleep(0.01)
"""


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(shell("sleep 600 & echo $! > pid"), id="a child in the background"),
        pytest.param(
            shell("(sleep 600 & echo $! > pid) &\nwhile ! test -s pid; do :; done"), id="a grandchild"
        ),
        pytest.param(shell("nohup sleep 600 > /dev/null 2>&1 & echo $! > pid"), id="nohup"),
        pytest.param(python(DAEMON), id="a daemon: two forks, setsid, chdir"),
        pytest.param(python(OWN_GROUP), id="a process group of its own"),
    ],
)
def test_what_a_program_leaves_behind_is_ended(tmp_path: Path, argv: list[str]) -> None:
    assert one(tmp_path, argv).code == 0
    assert not alive(pid_in(tmp_path / "pid"))


def test_a_system_without_subreapers_still_ends_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strangers, "_be_subreaper", lambda wanted: None)
    assert one(tmp_path, shell("sleep 600 & echo $! > pid")).code == 0
    pid = pid_in(tmp_path / "pid")
    eventually(lambda: not alive(pid))  # nobody fetches it here, so nobody waits until the kernel is done


def test_the_exit_counts_and_not_the_end_of_the_output(tmp_path: Path) -> None:
    """A grandchild holds the pipe open: it is ended, and nobody waits for it."""
    ended = one(tmp_path, shell("echo early; (sleep 600; echo late) &"), timeout_s=600)
    assert (ended.code, ended.timed_out, ended.tail) == (0, False, "early\n")


def test_a_closed_stdout_is_no_end(tmp_path: Path) -> None:
    ended = one(tmp_path, shell("exec >&- 2>&-; sleep 0.2; touch went-on; exit 7"))
    assert ended.code == 7
    assert (tmp_path / "went-on").exists()


def test_stdin_is_empty(tmp_path: Path) -> None:
    assert one(tmp_path, shell("test -t 0 || wc -c")).tail.strip() == "0"


def test_stdin_is_a_file_where_one_is_named(tmp_path: Path) -> None:
    told = tmp_path / "told.txt"
    told.write_text("what to do\n", encoding="ascii")
    ended = supervised(tmp_path, lambda supervisor: run(supervisor, tmp_path, ["cat"], stdin=told))
    assert ended.tail == "what to do\n"
    with pytest.raises(FileNotFoundError):
        supervised(tmp_path, lambda supervisor: run(supervisor, tmp_path, ["cat"], stdin=tmp_path / "none"))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("sleep 600", id="never ends"),
        pytest.param("trap '' TERM; while :; do sleep 600; done", id="ignores TERM"),
        pytest.param("kill -STOP $$", id="stops itself"),
        pytest.param("exec >&- 2>&-; sleep 600", id="never ends without output"),
        pytest.param("while :; do sleep 0.01 & done", id="forks again and again"),
    ],
)
def test_what_takes_too_long_is_ended(tmp_path: Path, line: str) -> None:
    assert one(tmp_path, shell(f"ulimit -u 2000; {line}"), timeout_s=0.3).timed_out


def test_term_lets_a_program_tidy_up(tmp_path: Path) -> None:
    ended = one(
        tmp_path, shell("trap 'touch tidy; exit 3' TERM; while :; do sleep 0.05; done"), timeout_s=0.3
    )
    assert (ended.code, ended.timed_out) == (3, True)
    assert (tmp_path / "tidy").exists()


def test_the_grace_is_for_the_whole_group(tmp_path: Path) -> None:
    """`sh -c 'a; b'` obeys TERM at once; `b`, which tidies up, must not be killed with it."""
    child = "trap 'sleep 0.2; touch tidy; exit' TERM; while :; do sleep 0.05; done"
    line = f'/bin/sh -c "{child}"; true'
    ended = supervised(tmp_path, lambda s: run(s, tmp_path, shell(line), 0.3), grace_s=20)
    assert (ended.code, ended.timed_out) == (-signal.SIGTERM, True)
    assert (tmp_path / "tidy").exists()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("exit 126", 126),
        ("exit 130", 130),
        ("exit 255", 255),
        ("kill -SEGV $$", -signal.SIGSEGV),
        ("kill -KILL 0", -signal.SIGKILL),
        ("mkdir gone; cd gone; rmdir ../gone; echo x > file", 2),
    ],
)
def test_the_code_says_how_it_ended(tmp_path: Path, line: str, code: int) -> None:
    assert one(tmp_path, shell(line)).code == code


@pytest.mark.parametrize(
    "argv", [["no-such-program"], ["."], ["./plain"], ["./no-interpreter"], ["x" * 3_000_000], ["a\0b"]]
)
def test_what_cannot_be_started_raises_and_leaves_nothing(tmp_path: Path, argv: list[str]) -> None:
    (tmp_path / "plain").write_text("not executable", encoding="ascii")
    (tmp_path / "no-interpreter").write_text("#!/no/such/interpreter\n", encoding="ascii")
    (tmp_path / "no-interpreter").chmod(0o755)
    open_before = len(os.listdir("/proc/self/fd"))
    with pytest.raises((OSError, ValueError)):
        one(tmp_path, argv)
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_time_and_memory_of_a_program_are_its_own(tmp_path: Path) -> None:
    ours_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # a smaller peak than that cannot be told
    ended = one(tmp_path, python(f"x = bytearray({ours_kib * 1024 + 100_000_000}); sum(range(3_000_000))"))
    assert ended.cpu_s > 0
    assert ended.max_rss_kib > ours_kib + 90_000


def test_a_flood_fills_neither_disk_nor_memory_and_says_what_it_left_out(tmp_path: Path) -> None:
    line = "echo first; head -c 200000000 /dev/zero; echo last"
    ended = one(tmp_path, shell(line), timeout_s=60)
    assert ended.code == 0
    written = (tmp_path / "log").read_bytes()
    assert written.startswith(b"first\n")
    assert written.endswith(b"last\n")
    left_out = 200_000_000 + len("first\nlast\n") - LIMIT
    assert b"[beast: %d bytes left out here]" % left_out in written
    assert len(written) < LIMIT + 100


def test_others_go_on_beside_a_flood(tmp_path: Path) -> None:
    async def story(supervisor: Supervisor) -> list[Exit]:
        flood = asyncio.create_task(run(supervisor, tmp_path, ["yes"], timeout_s=600, name="flood"))
        ended = [await run(supervisor, tmp_path, shell("echo quiet"), name=f"q{i}") for i in range(5)]
        flood.cancel()
        await asyncio.wait([flood])
        return ended

    assert [ended.tail for ended in supervised(tmp_path, story)] == ["quiet\n"] * 5


def test_a_cancelled_attempt_ends_before_its_cancellation_does(tmp_path: Path) -> None:
    async def story(supervisor: Supervisor) -> None:
        attempt = asyncio.create_task(
            run(supervisor, tmp_path, shell("sleep 600 & echo $! > pid; wait"), timeout_s=600)
        )
        pid = await asyncio.to_thread(pid_in, tmp_path / "pid")
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        assert not alive(pid)

    supervised(tmp_path, story)


def test_a_second_cancellation_does_not_wait_for_the_grace(tmp_path: Path) -> None:
    line = "trap 'touch asked' TERM; echo $$ > pid; while :; do sleep 0.05; done"

    async def story(supervisor: Supervisor) -> float:
        attempt = asyncio.create_task(run(supervisor, tmp_path, shell(line), timeout_s=600))
        await asyncio.to_thread(pid_in, tmp_path / "pid")
        attempt.cancel()
        await asyncio.to_thread(eventually, (tmp_path / "asked").exists)
        began = time.monotonic()
        attempt.cancel()
        await asyncio.wait([attempt])
        assert attempt.cancelled()
        return time.monotonic() - began

    assert supervised(tmp_path, story, grace_s=60) < 30


def test_a_callback_that_raises_does_not_leave_its_program_running(tmp_path: Path) -> None:
    def breaks() -> None:
        raise RuntimeError("what a pity")

    with pytest.raises(RuntimeError, match="what a pity"):
        supervised(tmp_path, lambda s: run(s, tmp_path, ["sleep", "600"], timeout_s=600, on_started=breaks))


def test_the_orphans_of_one_attempt_are_not_those_of_another(tmp_path: Path) -> None:
    """The end of a short attempt must not take the daemon of one that still runs."""

    async def story(supervisor: Supervisor) -> bool:
        long = asyncio.create_task(
            run(supervisor, tmp_path, python(DAEMON + "\ntime.sleep(600)"), timeout_s=600)
        )
        daemon = await asyncio.to_thread(pid_in, tmp_path / "pid")
        await run(supervisor, tmp_path, ["true"], name="short")
        survived = alive(daemon)
        long.cancel()
        await asyncio.wait([long])
        assert not alive(daemon)
        return survived

    assert supervised(tmp_path, story)


def test_processes_that_others_started_are_left_alone(tmp_path: Path) -> None:
    """A library in this process may have children of its own, and wants their exit status itself."""

    async def story(supervisor: Supervisor) -> int | None:
        foreign = await asyncio.create_subprocess_exec("sleep", "0.2", start_new_session=True)
        await run(supervisor, tmp_path, ["true"])
        await foreign.wait()
        await run(supervisor, tmp_path, ["true"], name="log2")
        return foreign.returncode

    assert supervised(tmp_path, story) == 0


def test_the_orphans_of_others_are_no_longer_collected_afterwards(tmp_path: Path) -> None:
    """A program that has run a roadmap does not reap what its own children leave behind."""
    one(tmp_path, ["true"])
    line = "sleep 600 > /dev/null 2>&1 & echo $!"
    orphan = int(subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True).stdout)
    parent = Path(f"/proc/{orphan}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1]
    os.kill(orphan, signal.SIGKILL)
    assert int(parent) != os.getpid()
