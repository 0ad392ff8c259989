"""Streams whose reader has gone: what is printed is lost, and who only prints hears of it and ends."""

from __future__ import annotations

import errno
import os
import sys
from itertools import repeat

import pytest

from beastmode.cli.requests import _print_all
from beastmode.cli.streams import GONE, Forgiving
from beastmode.errors import OutputError


def forgiving(descriptor: int) -> Forgiving:
    return Forgiving(os.fdopen(descriptor, "w", encoding="utf-8"), GONE)


def test_a_list_without_end_ends_with_its_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    stdout = forgiving(writes)
    monkeypatch.setattr(sys, "stdout", stdout)
    assert _print_all(repeat("a line")) > 0
    assert stdout.lost
    stdout.close()


def test_a_disk_that_is_full_is_no_reader_that_has_gone() -> None:
    stdout = forgiving(os.open("/dev/full", os.O_WRONLY))
    stdout.write("a line\n")
    with pytest.raises(OutputError, match=os.strerror(errno.ENOSPC)):
        stdout.flush()
    assert not stdout.lost
    os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
    stdout.close()
