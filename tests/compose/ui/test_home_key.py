"""The key of a home: made once, and where it cannot be had that is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from beastmode.compose.ui.home_key import home_key
from beastmode.errors import PreconditionError


def test_it_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    key = home_key(tmp_path)
    assert len(key) == 32
    assert home_key(tmp_path) == key
    assert (tmp_path / "dashboard.key").stat().st_mode & 0o777 == 0o600


def test_one_that_cannot_be_read_says_whom_to_ask(tmp_path: Path) -> None:
    (tmp_path / "dashboard.key").mkdir()  # as a file of another user it would be read by root
    with pytest.raises(PreconditionError, match=r"dashboard\.key: .* cannot be read or made") as caught:
        home_key(tmp_path)
    assert "the user whom the home belongs to" in caught.value.tip


def test_an_empty_one_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "dashboard.key").touch()
    with pytest.raises(PreconditionError, match="is empty"):
        home_key(tmp_path)
