"""The board: what is written there is read by others, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from beastmode.safeguards.host.board import _ROW, Board, Shown, ask, read_board
from beastmode.safeguards.host.queue import Amount

ROOM = 100


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "one.alive"


@pytest.fixture
def board(path: Path) -> Iterator[Board]:
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    yield Board(fd, ROOM)
    os.close(fd)


def shown(path: Path) -> Shown:
    found = read_board(path)
    assert found is not None
    return found


def test_what_is_held_is_read_by_others(board: Board, path: Path) -> None:
    assert shown(path).held == (0, 0, 0)
    board.show(Amount(3, 2, 10**15))
    assert shown(path).held == (3, 2, 10**15)


def test_rows_are_read_from_where_the_reader_was(board: Board, path: Path) -> None:
    for number in range(5):
        board.write("spent", 1000.0 + number, 7 + number)
    board.write("starts", 1000.0, 1)
    rows = shown(path).rows_after("spent", 3)
    assert (rows.rows, rows.last, rows.whole) == ([(1003.0, 10), (1004.0, 11)], 5, True)
    assert shown(path).rows_after("spent", 5).rows == []


def test_who_comes_too_late_for_the_first_rows_is_told(board: Board, path: Path) -> None:
    for number in range(1, ROOM + 3):
        board.write("starts", float(number), 1)
    rows = shown(path).rows_after("starts", 1)
    assert (len(rows.rows), rows.rows[0], rows.last, rows.whole) == (ROOM, (3.0, 1), ROOM + 2, False)
    assert shown(path).rows_after("starts", 2).whole


@pytest.mark.parametrize("cut", range(1, _ROW.size))
def test_a_row_that_was_cut_off_half_way_is_none(board: Board, path: Path, cut: int) -> None:
    board.write("starts", 1000.0, 1)
    with path.open("r+b") as file:
        file.seek(board._at["starts"] + 2 * _ROW.size)
        file.write(_ROW.pack(1001.3, 2, 1, 1001.3)[:cut])
    rows = shown(path).rows_after("starts", 0)
    assert rows.last == 1 or rows.rows == [(1000.0, 1), (1001.3, 1)]


def test_it_hears_that_somebody_has_come(board: Board, path: Path) -> None:
    assert not board.asked()
    ask(path)
    assert board.asked()
    board.forget_asked()
    assert not board.asked()


def test_what_is_no_board_says_nothing(path: Path) -> None:
    assert read_board(path) is None
    for content in (b"", b"       3        0\n", b"\0" * 600_000):
        path.write_bytes(content)
        assert read_board(path) is None


def test_a_full_disk_is_met_at_the_beginning(board: Board, path: Path) -> None:
    """All blocks are there from the start, so that what is written later finds its place."""
    assert path.stat().st_blocks * 512 >= path.stat().st_size


def test_a_closed_board_writes_into_no_other_file(board: Board) -> None:
    board.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        board.show(Amount(1, 1, 1))
