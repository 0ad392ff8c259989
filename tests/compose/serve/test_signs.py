"""Signs of gateways at work: found while they live, and told of where they were killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from beastmode.compose.serve.signs import LEFT_S, SERVE, Sign, killed_in, shown, signs_in, url_of
from tests.processes import eventually

SIGN = Sign("http://127.0.0.1:1", "token", "serve", 1e9)
LIVES = """
import sys, time
from pathlib import Path
from beastmode.compose.serve.signs import Sign, shown
with shown(Path(sys.argv[1]), Sign("http://127.0.0.1:2", "other", sys.argv[2], float(sys.argv[3])), print):
    print("up", flush=True)
    time.sleep(600)
"""


@contextmanager
def another(home: Path, of: str = "r7", began_unix: float = 2e9) -> Iterator[subprocess.Popen[bytes]]:
    """A gateway in another process, that leaves a sign."""
    command = [sys.executable, "-c", LIVES, str(home), of, str(began_unix)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def kill(home: Path, of: str = SERVE) -> None:
    """One that was killed."""
    with another(home, of, time.time()) as process:
        os.kill(process.pid, signal.SIGKILL)


def told(home: Path, later_s: float = 0.0) -> list[str]:
    """Of which gateways it is said that they were killed."""
    return [one.sign.url for one in killed_in(signs_in(home), time.time() + later_s)]


def nobody(words: str) -> None:
    raise AssertionError(words)


def test_a_sign_is_there_as_long_as_its_gateway(tmp_path: Path) -> None:
    with shown(tmp_path, SIGN, nobody):
        assert signs_in(tmp_path) == ([SIGN], [])
        (path,) = (tmp_path / "gateways").iterdir()
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert signs_in(tmp_path) == ([], [])
    assert list((tmp_path / "gateways").iterdir()) == []


def test_one_that_was_killed_is_known_from_those_at_work_and_nobody_who_looks_changes_that(
    tmp_path: Path,
) -> None:
    with another(tmp_path) as other, shown(tmp_path, SIGN, nobody):
        assert [sign.of for sign in signs_in(tmp_path).at_work] == ["serve", "r7"]
        os.kill(other.pid, signal.SIGKILL)
        eventually(lambda: signs_in(tmp_path).at_work == [SIGN], "only the living one is found")
        kept = sorted((tmp_path / "gateways").iterdir())
        assert [left.sign.of for left in signs_in(tmp_path).left] == ["r7"]
        assert (len(kept), sorted((tmp_path / "gateways").iterdir())) == (2, kept)


def test_it_says_when_it_was_alive_last(tmp_path: Path) -> None:
    with shown(tmp_path, SIGN, nobody) as lives:
        (path,) = (tmp_path / "gateways").iterdir()
        os.utime(path, (5.0, 5.0))
        lives()
        assert time.time() - path.stat().st_mtime < 60


def test_that_one_was_killed_is_told_for_a_day_unless_a_run_tells_it(tmp_path: Path) -> None:
    kill(tmp_path)
    kill(tmp_path, "r7")
    assert told(tmp_path) == ["http://127.0.0.1:2"]
    assert told(tmp_path, LEFT_S - 60) == ["http://127.0.0.1:2"]
    assert told(tmp_path, LEFT_S + 60) == []


def test_once_another_has_begun_nothing_of_it_is_told_or_kept(tmp_path: Path) -> None:
    for _ in range(3):
        kill(tmp_path)
        kill(tmp_path, "r7")
    assert told(tmp_path) == ["http://127.0.0.1:2"]
    with shown(tmp_path, Sign("u", "t", SERVE, time.time()), nobody):
        assert (told(tmp_path), len(list((tmp_path / "gateways").iterdir()))) == ([], 1)
    assert list((tmp_path / "gateways").iterdir()) == []


def test_the_gateway_of_a_run_does_not_stand_in_for_one_that_served(tmp_path: Path) -> None:
    kill(tmp_path)
    with shown(tmp_path, Sign("u", "t", "r8", time.time()), nobody):
        assert told(tmp_path) == ["http://127.0.0.1:2"]
    assert told(tmp_path) == ["http://127.0.0.1:2"]


def test_what_is_old_or_half_made_goes_when_the_next_one_begins(tmp_path: Path) -> None:
    kill(tmp_path)
    (tmp_path / "gateways" / "half.new").write_bytes(b"{")
    (tmp_path / "gateways" / "no.json").write_bytes(b"{")
    for path in (tmp_path / "gateways").iterdir():
        os.utime(path, (1e9, 1e9))
    with shown(tmp_path, Sign("u", "t", "r8", time.time()), nobody):
        assert len(list((tmp_path / "gateways").iterdir())) == 1


def test_a_home_that_one_may_only_read_is_looked_at(tmp_path: Path) -> None:
    kill(tmp_path)
    folder = tmp_path / "gateways"
    folder.chmod(0o500)
    assert [told(tmp_path), told(tmp_path)] == [["http://127.0.0.1:2"]] * 2
    folder.chmod(0o700)
    assert signs_in(tmp_path / "nowhere") == ([], [])


def test_what_is_no_sign_is_not_followed(tmp_path: Path) -> None:
    with shown(tmp_path, SIGN, nobody):
        (path,) = (tmp_path / "gateways").iterdir()
        path.with_name("link.json").symlink_to(path)
        path.write_bytes(b'{"url": 1')
        assert signs_in(tmp_path) == ([], [])


def test_a_gateway_whose_sign_cannot_be_left_works_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "gateways").write_text("in the way", encoding="ascii")
    said: list[str] = []
    with shown(tmp_path, SIGN, said.append):
        assert signs_in(tmp_path) == ([], [])
    assert "dashboards cannot find this gateway" in said[0]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "https://127.0.0.1:8"),
        ("0.0.0.0", "https://127.0.0.1:8"),
        ("::", "https://[::1]:8"),
        ("box.lan", "https://box.lan:8"),
    ],
)
def test_it_is_asked_where_it_listens(host: str, url: str) -> None:
    assert url_of(host, 8, tls=True) == url
