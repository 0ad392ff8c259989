"""The ways of a notice: real commands, a real server; what cannot be sent says why and ends in time."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from beastmode.compose.run import notice_ways
from beastmode.compose.run.notice_ways import way_of
from beastmode.errors import BeastError
from beastmode.runner.notices import Notice
from tests.servers import answers, closed_port, serving

NOTICE = Notice("needs_person", "r7", "r7: a needs a person", "Approve it.", "a")


def python(tmp_path: Path, program: str) -> str:
    (tmp_path / "told.py").write_text(program, encoding="utf-8")
    return f"{sys.executable} {tmp_path / 'told.py'}"


def test_a_command_gets_the_notice_as_json_and_in_words(tmp_path: Path) -> None:
    program = f"""
import json, os, sys
said = [json.load(sys.stdin), [os.environ["BEAST_" + name] for name in ("EVENT", "RUN", "TASK", "TEXT")]]
open({str(tmp_path / "said")!r}, "w").write(json.dumps(said))
"""
    assert way_of(python(tmp_path, program))(NOTICE) == ""
    said, words = json.loads((tmp_path / "said").read_text(encoding="utf-8"))
    assert said == NOTICE.as_json()
    assert words == ["needs_person", "r7", "a", "r7: a needs a person Approve it."]


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    said = way_of(python(tmp_path, "import sys; sys.exit('no such channel')"))(NOTICE)
    assert said.endswith("ended with 1: no such channel")


def test_a_command_that_hangs_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_ways, "PATIENCE_S", 0.5)
    program = "import subprocess, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"
    assert "took longer" in way_of(python(tmp_path, program))(NOTICE)


def test_a_webhook_gets_the_notice() -> None:
    with serving(answers(status="204 No Content")) as server:
        assert way_of(server.url)(NOTICE) == ""
        assert json.loads(server.requests[0].partition(b"\r\n\r\n")[2]) == NOTICE.as_json()


@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect", "404 Not Found", "500 Oops"])
def test_a_webhook_that_says_no_is_told_without_its_secret(status: str) -> None:
    with serving(answers("", "Location: /elsewhere", status=status)) as server:
        said = way_of(f"{server.url}/T0SECRET")(NOTICE)
    assert said == f"http://127.0.0.1 answered {status[:3]}"


def test_a_webhook_that_is_not_there_is_told() -> None:
    assert "could not be reached" in way_of(f"http://127.0.0.1:{closed_port()}/x")(NOTICE)


@pytest.mark.parametrize(
    "text", ["", "   ", "'", "no-such-program-here --x", "ftp://x/y", "http://", "https://:99999/"]
)
def test_what_is_no_way_is_refused(text: str) -> None:
    with pytest.raises(BeastError) as refused:
        way_of(text)
    assert refused.value.tip


def test_without_a_desktop_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BeastError, match="notify-send"):
        way_of("desktop")


def test_a_desktop_shows_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = tmp_path / "shown"
    script = tmp_path / "notify-send"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {shown}\n', encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert way_of("desktop")(NOTICE) == ""
    assert shown.read_text(encoding="utf-8").splitlines()[-1] == "r7: a needs a person Approve it."
