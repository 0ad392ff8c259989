"""Serving a home's dashboard: a home that nobody has is named, and not made."""

from __future__ import annotations

from pathlib import Path

import pytest

from beastmode.compose.ui.serving import serve_ui
from beastmode.errors import PreconditionError


def test_a_home_that_was_mistyped_is_told_and_not_made(tmp_path: Path) -> None:
    home = tmp_path / "projcet" / ".beast"
    with pytest.raises(PreconditionError, match="there is no such home"):
        serve_ui(home, 0, print)
    assert not home.parent.exists()
