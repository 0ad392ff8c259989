"""The watchdog's own process: waits until the runner is gone, then ends everything the runner had started.

Run as a script by a bare interpreter (`python -I -S`, 10 ms, 7 MB), so it may import only small stdlib
modules. Arguments: the runner's process id, the file descriptors of the pipe and of the register, the lock
file, the session. The runner holds the other end of the pipe: it says `.` before it ends well, and closes it
however it ends.
"""

import contextlib
import os
import select
import signal
import sys
import time

GRACE_S = 1.0
"""Between TERM and KILL: short, for whoever resumes the run waits for it."""
MOST_S = 10.0
BYTES_A_GROUP = 8
MARK = b"BEAST_SESSION="


def main(arguments: list[str]) -> None:
    """Wait, then end what is left of the session."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    runner, pipe, register = (int(argument) for argument in arguments[:3])
    lock_path, session = arguments[3:5]
    if not ends_well(runner, pipe):
        end_session(registered(register), session)
    with contextlib.suppress(OSError):
        os.unlink(lock_path)


def ends_well(runner: int, pipe: int) -> bool:
    """Wait for the end of the runner. True: it has seen to its processes itself.

    The pipe alone is not enough where there are pidfds to be had: a child that the runner forked without an
    exec (multiprocessing) keeps the other end of it open.
    """
    watched = select.poll()
    watched.register(pipe, select.POLLIN)
    with contextlib.suppress(AttributeError, OSError):
        watched.register(os.pidfd_open(runner), select.POLLIN)
    if os.getppid() != runner:  # it was gone before this process could look
        return False
    ready = [fd for fd, _ in watched.poll()]
    return pipe in ready and os.read(pipe, 1) == b"."


def registered(register: int) -> list[int]:
    """The process groups at work when the runner ended: the register holds one number a slot, 0 for none."""
    data = os.pread(register, os.fstat(register).st_size, 0)
    slots = (data[at : at + BYTES_A_GROUP] for at in range(0, len(data), BYTES_A_GROUP))
    return [group for slot in slots if (group := int.from_bytes(slot, "little"))]


def end_session(groups: list[int], session: str) -> bool:
    """TERM, up to a second of grace, KILL, for the groups and all who carry the session. True: all are
    gone."""
    started = time.monotonic()
    signal_groups(groups, signal.SIGTERM)
    signal_all(carriers(session), signal.SIGTERM)
    while time.monotonic() - started < GRACE_S:
        groups = [group for group in groups if signal_groups([group], 0)]
        if not living(groups) and not carriers(session):
            break
        time.sleep(0.02)
    signal_groups(groups, signal.SIGKILL)  # zombies, too: one may have forked just while it was looked at
    clean = 0
    # Twice clean: a process that is just being replaced (exec) shows no environment for an instant.
    while clean < 2 and time.monotonic() - started < MOST_S:
        found = carriers(session)
        signal_all(found, signal.SIGKILL)
        clean = 0 if found else clean + 1
        time.sleep(0.01)
    return clean == 2


def living(groups: list[int]) -> bool:
    """Does anything still run in these groups, which are there? A zombie does not: whoever should fetch it may
    take long or never do it (many a container's first process), and would only hold up the run that goes on."""
    if not groups or not (pids := process_ids()):
        return bool(groups)
    running = {group for group, state in map(group_and_state, pids) if state not in "ZX"}
    return not running.isdisjoint(groups)


def process_ids() -> list[str]:
    """All processes, as /proc has them; none where there is no /proc."""
    try:
        return [name for name in os.listdir("/proc") if name.isdecimal()]
    except OSError:
        return []


def group_and_state(pid: str) -> tuple[int, str]:
    """The process group and the state (a letter) of a process; (0, "X") where it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            fields = file.read().rpartition(b")")[2].split()
        return int(fields[2]), fields[0].decode()
    except (OSError, IndexError):
        return 0, "X"


def carriers(session: str) -> list[int]:
    """The processes of this user, other than this one, whose environment names the session. Linux; else
    none."""
    wanted = b"\0" + MARK + session.encode() + b"\0"
    own = str(os.getpid())
    return [int(pid) for pid in process_ids() if pid != own and wanted in environment(pid)]


def environment(pid: int | str) -> bytes:
    """What a process was started with, each variable between two zero bytes; b"" where it cannot be seen."""
    try:
        with open(f"/proc/{pid}/environ", "rb", buffering=0) as file:
            return b"\0" + file.read()
    except OSError:
        return b""


def signal_groups(groups: list[int], number: int) -> bool:
    """Signal them; True where at least one is still there."""
    there = False
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
            there = True
    return there


def signal_all(pids: list[int], number: int) -> None:
    """Signal those that are still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


if __name__ == "__main__":
    main(sys.argv[1:])
