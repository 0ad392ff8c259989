"""Logs are tailed by seeking, and only what is a log is opened."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from beastmode.compose.ui.runs.logs import TAIL_BYTES, WatchedLogs, pieces, tails
from beastmode.dashboard.foreign_text import log_text

WORDS = ("é", "漢字", "🦀", "\x1b[31mred\x1b[0m", "plain", "\n", " ")


def tail(path: Path) -> tuple[int, str]:
    (part,) = tails([("work", path)])
    return part.size, log_text(part.data, part.cut)


def test_of_a_log_of_100_mb_the_end_is_read_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
        file.seek(0, os.SEEK_END)
        file.write(b"the end\n")
    (part,) = tails([("work", path)])
    assert (len(part.data), part.size) == (TAIL_BYTES + 64, 100 * 1024 * 1024 + 8)
    assert log_text(part.data, part.cut).endswith("the end\n")


@given(st.lists(st.sampled_from(WORDS), min_size=5, max_size=60).map("".join), st.integers(1, 9))
def test_wherever_the_cut_falls_no_character_and_no_colour_is_halved(words: str, shift: int) -> None:
    data = (words * (1 + 2 * TAIL_BYTES // len(words.encode())))[shift:].encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.log"
        path.write_bytes(data)
        size, text = tail(path)
    assert size == len(data)
    assert "\N{REPLACEMENT CHARACTER}" not in text
    assert log_text(data).endswith(text)
    assert len(data) <= TAIL_BYTES or text


def test_what_is_no_log_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "link.log").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "fifo.log")
    (tmp_path / "folder.log").mkdir()
    for name in ("link", "fifo", "folder", "missing"):
        assert tails([("work", tmp_path / f"{name}.log")]) == []
        assert pieces(tmp_path / f"{name}.log") is None


def test_all_of_a_log_comes_piece_by_piece_as_it_was(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096
    (tmp_path / "x.log").write_bytes(data)
    found = pieces(tmp_path / "x.log")
    assert found is not None
    with (tmp_path / "x.log").open("ab") as file:
        file.write(b"more")
    assert b"".join(found) == data


def test_the_version_changes_when_a_watched_log_comes_or_grows_and_only_then(tmp_path: Path) -> None:
    logs, path = WatchedLogs(), tmp_path / "x.log"
    seen = [logs.version()]
    path.write_bytes(b"unwatched")
    seen.append(logs.version())
    path.unlink()
    logs.watch([path])
    seen.append(logs.version())
    for data in (b"1", b"2"):
        with path.open("ab") as file:
            file.write(data)
        seen.append(logs.version())
    seen.append(logs.version())
    assert seen[0] == seen[1] == seen[2]
    assert len({seen[2], seen[3], seen[4]}) == 3
    assert seen[4] == seen[5]
    logs.leave([path])
    assert logs.version() == seen[0]
