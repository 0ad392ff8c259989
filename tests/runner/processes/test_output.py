"""The log of an attempt: bounded, whole where it fits, honest where it does not, and never in the way."""

from __future__ import annotations

import re
import stat
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beastmode.runner.processes.output import TAIL_BYTES, AttemptLog

GAP = re.compile(rb"\n\[beast: (\d+) bytes left out here\]\n")


def logged(path: Path, limit: int, *pieces: bytes) -> AttemptLog:
    log = AttemptLog(path, limit)
    for piece in pieces:
        log.write(piece)
    log.close()
    return log


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.binary(max_size=60)), st.integers(min_value=0, max_value=200))
def test_beginning_and_end_are_kept_and_what_is_missing_is_counted(
    tmp_path: Path, pieces: list[bytes], limit: int
) -> None:
    path = tmp_path / "log"
    path.unlink(missing_ok=True)
    written = b"".join(pieces)
    log = logged(path, limit, *pieces)
    kept = path.read_bytes() if path.exists() else b""
    assert log.tail == written[-TAIL_BYTES:]
    if len(written) <= limit:
        assert kept == written
        return
    [(at, left_out)] = [(gap.start(), int(gap[1])) for gap in GAP.finditer(kept)][-1:]
    head, end = kept[:at], GAP.split(kept[at:])[2]
    assert len(head) + len(end) == limit
    assert (head, end) == (written[: len(head)], written[len(written) - len(end) :])
    assert left_out == len(written) - limit


def test_no_output_makes_no_file_and_the_folder_is_made_when_needed(tmp_path: Path) -> None:
    logged(tmp_path / "logs" / "none", 100)
    assert not (tmp_path / "logs").exists()
    logged(tmp_path / "logs" / "some", 100, b"x")
    assert (tmp_path / "logs" / "some").read_bytes() == b"x"


def test_what_is_written_is_there_at_once(tmp_path: Path) -> None:
    """`beast logs` shows a task that is still at work."""
    log = AttemptLog(tmp_path / "log", 100)
    log.write(b"first\n")
    assert (tmp_path / "log").read_bytes() == b"first\n"
    log.close()
    log.close()


def test_others_cannot_read_it(tmp_path: Path) -> None:
    logged(tmp_path / "log", 100, b"a secret of the environment")
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


def test_the_tail_is_bounded_whatever_comes(tmp_path: Path) -> None:
    log = logged(tmp_path / "log", 10, b"a" * 10_000, b"b" * 10, b"c" * TAIL_BYTES)
    assert log.tail == b"c" * TAIL_BYTES


def test_a_gigabyte_costs_no_memory(tmp_path: Path) -> None:
    piece = bytes(1 << 20)
    log = AttemptLog(tmp_path / "log", 1 << 20)
    tracemalloc.start()
    for _ in range(1024):
        log.write(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    log.close()
    assert peak < 4 << 20
    assert (tmp_path / "log").stat().st_size < (1 << 20) + 100


def test_a_disk_that_is_full_ends_the_log_and_says_so(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    log = logged(full, 100, b"one", b"two" * 100)
    assert log.error == "the log ends early: No space left on device"
    assert log.tail.endswith(b"two")


def test_a_place_that_is_none_ends_the_log_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert "Not a directory" in logged(tmp_path / "file" / "log", 100, b"x").error
