"""A runner that dies, however it dies, leaves nothing behind; whoever resumes waits until that is so."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from beastmode.errors import PreconditionError
from beastmode.runner.processes import watchdog, watchdog_process
from beastmode.runner.processes.output import AttemptLog
from beastmode.runner.processes.watchdog import Watchdog, end_leftovers, wait_for_old_watchdogs
from beastmode.runner.processes.watchdog_process import registered
from tests.processes import LONG_S, alive, belonging_to, eventually, pid_in, supervisor_in

ROOT = Path(__file__).parents[3]
SESSION = "a-session"
RUNNER = """
import asyncio, os, signal, sys, time
from pathlib import Path
from beastmode.runner.processes.output import AttemptLog
from tests.processes import supervisor_in

async def main(folder, lines):
    supervisor = supervisor_in(folder)
    # here
    def log(n): return AttemptLog(folder / f"{n}.log", 1000)
    await asyncio.gather(*(
        supervisor.run(["/bin/sh", "-c", line], env=os.environ, cwd=folder, log=log(n), timeout_s=600)
        for n, line in enumerate(lines)
    ))

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests with nohup has it ignored
asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
"""
FORK = """supervisor._watchdog.start()
    if os.fork() == 0:
        print(os.getpid(), file=open(folder / "fork", "w"), flush=True)
        time.sleep(600)
"""
PLAIN = "echo $$ > plain; exec sleep 600"
DEAF = "trap '' TERM HUP INT; echo $$ > deaf; while :; do sleep 1; done"
DAEMON = "setsid -f sh -c 'echo $$ > daemon; cd /; exec sleep 600'; sleep 600"


@contextmanager
def runner_at_work(folder: Path, source: str = RUNNER) -> Iterator[subprocess.Popen[bytes]]:
    """A runner of its own process, with three programs at work that do not end by themselves."""
    command = [sys.executable, "-c", source, str(folder), PLAIN, DEAF, DAEMON]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as runner:
        try:
            for name in ("plain", "deaf", "daemon"):
                pid_in(folder / name)
            yield runner
        finally:
            runner.kill()


def watchdog_of(folder: Path) -> int:
    """The process that watches: it alone knows the lock's path by its arguments."""
    [pid] = watchdogs_of(folder)
    return pid


def watchdogs_of(folder: Path) -> list[int]:
    """Also one that was killed a moment ago."""
    return [int(line.partition(":")[0]) for line in belonging_to(folder) if "watchdog_process.py" in line]


def programs(folder: Path) -> list[int]:
    return [pid_in(folder / name) for name in ("plain", "deaf", "daemon")]


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGABRT], ids=lambda number: number.name
)
def test_what_a_dead_runner_had_started_ends(tmp_path: Path, number: signal.Signals) -> None:
    with runner_at_work(tmp_path) as runner:
        runner.send_signal(number)
        runner.wait()
        eventually(lambda: not belonging_to(tmp_path), "nothing is left")
    assert not list((tmp_path / "watchdogs").iterdir())


def test_a_fork_of_the_runner_does_not_hide_its_death(tmp_path: Path) -> None:
    """multiprocessing forks without exec: the child keeps the runner's end of the pipe open."""
    with runner_at_work(tmp_path, RUNNER.replace("# here", FORK)) as runner:
        fork_pid = pid_in(tmp_path / "fork")
        runner.kill()
        runner.wait()
        eventually(lambda: not any(map(alive, programs(tmp_path))), "the programs have ended")
        os.kill(fork_pid, signal.SIGKILL)


def test_a_runner_that_is_dead_before_its_watchdog_can_look_is_not_missed(tmp_path: Path) -> None:
    """On a busy machine the watchdog may take long to start; a fork keeps the pipe open meanwhile."""
    reading, writing = os.pipe()
    with subprocess.Popen(["true"]) as runner:
        runner.wait()
    with (tmp_path / "register").open("w+b") as register:
        numbers = map(str, (runner.pid, reading, register.fileno()))
        command = [sys.executable, watchdog_process.__file__, *numbers, str(tmp_path / "lock"), "no-session"]
        ended = subprocess.run(command, pass_fds=[reading, register.fileno()], timeout=LONG_S)
    os.close(reading)
    os.close(writing)
    assert ended.returncode == 0


def test_who_resumes_waits_until_the_old_programs_are_gone(tmp_path: Path) -> None:
    with runner_at_work(tmp_path) as runner:
        runner.kill()
        runner.wait()
        asyncio.run(wait_for_old_watchdogs(tmp_path / "watchdogs"))
        assert not any(map(alive, programs(tmp_path)))


def test_runner_and_watchdog_killed_at_once_leave_their_programs_to_who_resumes(tmp_path: Path) -> None:
    with runner_at_work(tmp_path) as runner:
        os.kill(watchdog_of(tmp_path), signal.SIGKILL)
        runner.kill()
        runner.wait()
        assert all(map(alive, programs(tmp_path)))
        asyncio.run(wait_for_old_watchdogs(tmp_path / "watchdogs"))
        assert not any(map(alive, programs(tmp_path)))
    assert not list((tmp_path / "watchdogs").iterdir())


def test_leftovers_are_found_by_the_name_of_their_session_alone(tmp_path: Path) -> None:
    with runner_at_work(tmp_path) as runner:
        os.kill(watchdog_of(tmp_path), signal.SIGKILL)
        runner.kill()
        runner.wait()
        [lock] = (tmp_path / "watchdogs").iterdir()
        lock.unlink()
        asyncio.run(end_leftovers("another"))
        assert all(map(alive, programs(tmp_path)))
        asyncio.run(end_leftovers(lock.stem))
        assert not any(map(alive, programs(tmp_path)))


def test_a_watchdog_that_is_killed_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "_LEAST_LIFE_S", 0.0)

    async def story() -> None:
        supervisor = supervisor_in(tmp_path)
        log = AttemptLog(tmp_path / "log", 1000)
        env = {**os.environ, "FOLDER": str(tmp_path)}
        attempt = asyncio.create_task(
            supervisor.run(["/bin/sh", "-c", PLAIN], env=env, cwd=tmp_path, log=log, timeout_s=600)
        )
        await asyncio.to_thread(pid_in, tmp_path / "plain")
        first = watchdog_of(tmp_path)
        os.kill(first, signal.SIGKILL)
        await asyncio.to_thread(eventually, lambda: [one for one in watchdogs_of(tmp_path) if one != first])
        attempt.cancel()
        await asyncio.wait([attempt])
        await supervisor.close()

    asyncio.run(story())
    assert not belonging_to(tmp_path)


@contextmanager
def held_lock(folder: Path, holder: str) -> Iterator[Path]:
    """The lock of a session, held as a watchdog at work holds it, in the name of a runner."""
    path = folder / f"{SESSION}.lock"
    with path.open("w", encoding="ascii") as file:
        file.write(holder)
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        yield path


def test_programs_that_do_not_end_are_named_and_nothing_is_started(tmp_path: Path) -> None:
    with held_lock(tmp_path, "999999999 1") as path, pytest.raises(PreconditionError) as refused:
        asyncio.run(wait_for_old_watchdogs(tmp_path, most_s=0.1))
    assert refused.value.where == str(path)
    assert "same command" in refused.value.tip


def test_a_runner_at_work_is_not_waited_for(tmp_path: Path) -> None:
    began = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    with held_lock(tmp_path, f"{os.getpid()} {began}"):
        asyncio.run(wait_for_old_watchdogs(tmp_path, most_s=0.0))


def test_a_process_that_only_got_the_number_of_a_dead_runner_is_not_taken_for_it(tmp_path: Path) -> None:
    with held_lock(tmp_path, f"{os.getpid()} 1"), pytest.raises(PreconditionError):
        asyncio.run(wait_for_old_watchdogs(tmp_path, most_s=0.1))


def test_the_register_holds_the_groups_at_work_and_their_places_are_used_again(tmp_path: Path) -> None:
    async def story() -> None:
        dog = Watchdog(SESSION, tmp_path / "s-1.lock")
        dog.start()
        slots = [dog.add(group) for group in (11, 22, 33)]
        dog.remove(slots[1])
        assert registered(dog._register) == [11, 33]
        assert dog.add(44) == slots[1]
        for slot in slots:
            dog.remove(slot)
        assert registered(dog._register) == []
        await dog.close()
        await dog.close()

    asyncio.run(story())
    assert not list(tmp_path.iterdir())
