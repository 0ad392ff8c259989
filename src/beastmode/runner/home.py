"""Home: what lies where in the folder that holds the journal, the logs and the reports of its runs."""

from __future__ import annotations

import errno
import re
import uuid
from pathlib import Path

from beastmode.errors import PreconditionError

HOME = ".beast"
LOG_PARTS = ("setup", "check", "verify", "merge.check", "merge")
"""What writes a log of its own beside that of an attempt."""

_UNSAFE = re.compile(r"[^\w.-]")

_LONGEST_NAME_BYTES = 160
"""Of an id in the name of a log; with what is added to it, most disks take 255."""


def prepare_home(home: Path) -> None:
    """Make the folder of the journal; it keeps itself out of git."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        ignore = home / ".gitignore"
        if not ignore.exists() or not ignore.stat().st_size:  # a kill or a full disk may have left it empty
            ignore.write_text("*\n", encoding="ascii")
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        tip = "Free space on that disk" if full else "Name a folder that can be written with --home"
        raise PreconditionError(
            f"the home cannot be written: {error.strerror}", where=str(home), tip=f"{tip}, then run it again."
        ) from None


def journal_path(home: Path) -> Path:
    """The journal of all runs of a home."""
    return home / "journal.db"


def watchdog_folder(home: Path) -> Path:
    """Where each session's watchdog holds its lock."""
    return home / "watchdogs"


def run_folder(home: Path, run: int) -> Path:
    """Where the logs and reports of a run are."""
    return home / "runs" / f"r{run}"


def log_path(folder: Path, task: str, number: int) -> Path:
    """Where the output of an attempt goes. Ids are made safe; those that change get a hash to stay apart."""
    safe = _UNSAFE.sub("_", task).lstrip(".")
    safe = safe.encode()[:_LONGEST_NAME_BYTES].decode(errors="ignore")
    if safe != task:
        safe = f"{safe}-{uuid.uuid5(uuid.NAMESPACE_OID, task).hex[:8]}"
    return folder / f"logs/{safe}.{number}.log"


def log_beside(log: Path, part: str) -> Path:
    """Where what runs before or after an attempt writes.   log: of the attempt.   part: of LOG_PARTS; on the base
    also `before.verify`."""
    return log.with_suffix(f".{part}.log")


def logs_of(log: Path) -> list[Path]:
    """Where an attempt and all that runs around it may have written, in the order in which it does."""
    setup, *after = (log_beside(log, part) for part in LOG_PARTS)
    return [setup, log, *after]
