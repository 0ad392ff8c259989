"""An agent in its bounds: it writes where it works, and not where others do. With bubblewrap, where it works."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from beastmode.runner.agents.containing import PROBE, Bounds, contained


def bounds(at: Path, *, hides: bool = True) -> Bounds:
    """A whole world below a folder."""
    for name in ("home/.ssh", "home/checkout/.git", "home/worktrees/t", "home/worktrees/other", "home/agent"):
        (at / name).mkdir(parents=True)
    (at / "home/.ssh/id").write_text("secret", encoding="ascii")
    home = at / "home"
    checkout, worktrees = home / "checkout", home / "worktrees"
    return Bounds(checkout, checkout / ".git", worktrees, worktrees / "t", [home / "agent"], home, hides)


def works() -> bool:
    try:
        return subprocess.run(PROBE, capture_output=True, timeout=20).returncode == 0
    except FileNotFoundError:
        return False


def test_what_lies_on_top_comes_last(tmp_path: Path) -> None:
    given = bounds(tmp_path)
    words = contained(("agent", "--do"), given)
    assert words[-3:] == ("--", "agent", "--do")
    order = [words.index(str(path)) for path in (given.home, given.checkout, given.git, given.worktree)]
    assert order == sorted(order)
    assert str(tmp_path / "home/.ssh") in words
    assert str(tmp_path / "home/.ssh") not in contained(("agent",), bounds(tmp_path / "2", hides=False))


@pytest.mark.skipif(not works(), reason="there is no bubblewrap here, or the kernel does not let it work")
@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("worktrees/t/made", True),
        ("checkout/.git/made", True),
        ("agent/made", True),
        (".cache-of-a-tool", True),
        ("checkout/made", False),
        ("worktrees/other/made", False),
        ("worktrees/made", False),
    ],
)
def test_an_agent_writes_where_it_works_and_not_where_others_do(path: str, may: bool, tmp_path: Path) -> None:
    given = bounds(tmp_path)
    subprocess.run(contained(("touch", str(given.home / path)), given), capture_output=True, timeout=20)
    assert (given.home / path).exists() == may


@pytest.mark.skipif(not works(), reason="there is no bubblewrap here, or the kernel does not let it work")
def test_keys_that_it_does_not_need_are_not_seen(tmp_path: Path) -> None:
    given = bounds(tmp_path)
    seen = subprocess.run(contained(("ls", str(given.home / ".ssh")), given), capture_output=True, timeout=20)
    assert (seen.returncode, seen.stdout) == (0, b"")
    assert subprocess.run(contained(("sh", "-c", "exit 7"), given), timeout=20).returncode == 7
