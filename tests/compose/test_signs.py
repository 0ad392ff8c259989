"""Signs of gateways at work: found while they live, taken away when they end, however they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from beastmode.compose.signs import Sign, shown, signs_in, url_of
from tests.processes import eventually

SIGN = Sign("http://127.0.0.1:1", "token", "serve", 1e9)
LIVES = """
import sys, time
from pathlib import Path
from beastmode.compose.signs import Sign, shown
with shown(Path(sys.argv[1]), Sign("http://127.0.0.1:2", "other", "r7", 2e9), print):
    print("up", flush=True)
    time.sleep(600)
"""


def nobody(words: str) -> None:
    raise AssertionError(words)


def test_a_sign_is_there_as_long_as_its_gateway(tmp_path: Path) -> None:
    with shown(tmp_path, SIGN, nobody):
        assert signs_in(tmp_path) == [SIGN]
        (path,) = (tmp_path / "gateways").iterdir()
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert signs_in(tmp_path) == []
    assert list((tmp_path / "gateways").iterdir()) == []


def test_the_sign_of_a_gateway_that_was_killed_is_taken_away(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", LIVES, str(tmp_path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with shown(tmp_path, SIGN, nobody):
            assert [sign.of for sign in signs_in(tmp_path)] == ["serve", "r7"]
            os.kill(other.pid, signal.SIGKILL)
            eventually(lambda: signs_in(tmp_path) == [SIGN], "only the living one is found")
            assert len(list((tmp_path / "gateways").iterdir())) == 1


def test_what_is_no_sign_is_not_followed(tmp_path: Path) -> None:
    with shown(tmp_path, SIGN, nobody):
        (path,) = (tmp_path / "gateways").iterdir()
        path.with_name("link.json").symlink_to(path)
        path.write_bytes(b'{"url": 1')
        assert signs_in(tmp_path) == []


def test_a_gateway_whose_sign_cannot_be_left_works_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "gateways").write_text("in the way", encoding="ascii")
    said: list[str] = []
    with shown(tmp_path, SIGN, said.append):
        assert signs_in(tmp_path) == []
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
