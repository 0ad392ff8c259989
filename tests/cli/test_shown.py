"""`beast run --ui` and `beast serve`: a link that works, and what is said when it does no more."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

from tests.cli.test_serve import beast
from tests.processes import belonging_to

LINK = re.compile(r"Dashboard: (http://127\.0\.0\.1:\d+/enter\?key=\S+)")
ROADMAP = "tasks: [{id: a, title: Looked at, command: [sh, -c, 'until test -e seen; do sleep 0.05; done']}]\n"


def opened(link: str) -> str:
    """The page that a browser ends at."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with browser.open(link, timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def test_a_run_is_shown_while_it_is_at_work_and_says_at_its_end_where_it_is_shown_further(
    tmp_path: Path,
) -> None:
    (tmp_path / "roadmap.yaml").write_text(ROADMAP, encoding="utf-8")
    command = [sys.executable, "-m", "beastmode", "run", "roadmap.yaml", "--ui", "--ui-port", "0"]
    running = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert running.stderr
    link = LINK.search(running.stderr.readline())
    assert link
    running.stderr.readline()  # the run has begun
    page = opened(link[1])
    (tmp_path / "seen").touch()
    _, said = running.communicate(timeout=60)
    assert "r1" in page
    assert running.returncode == 0
    assert said.splitlines()[-1] == ("The dashboard has ended with the run. It is shown further by: beast ui")
    assert belonging_to(tmp_path) == []


def test_a_port_that_is_none_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "roadmap.yaml").write_text(ROADMAP, encoding="utf-8")
    command = [sys.executable, "-m", "beastmode", "run", "roadmap.yaml", "--ui-port", "99999"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert "--ui-port: '99999' is no port" in ended.stderr


def served(home: Path, *flags: str) -> subprocess.Popen[str]:
    nowhere = ("--upstream", "http://127.0.0.1:9", "--port", "0")
    command = beast("serve", *nowhere, "--ui", "on", "--ui-port", "0", *flags, home=home)
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_a_gateway_prints_a_link_that_works(tmp_path: Path) -> None:
    gateway = served(tmp_path)
    try:
        assert gateway.stderr
        assert gateway.stderr.readline().startswith("Serving http")
        link = LINK.search(gateway.stderr.readline())
        assert link
        assert "BEAST MODE" in opened(link[1])
    finally:
        gateway.terminate()
        gateway.communicate(timeout=60)
    assert gateway.returncode == 0
    assert belonging_to(tmp_path) == []


def test_log_lines_for_programs_have_its_address_and_never_its_key(tmp_path: Path) -> None:
    gateway = served(tmp_path, "--log-format", "json")
    try:
        assert gateway.stderr
        started = gateway.stderr.readline()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", json.loads(started)["dashboard"])
        assert (tmp_path / "dashboard.key").read_text() not in started
    finally:
        gateway.kill()
        gateway.communicate()
