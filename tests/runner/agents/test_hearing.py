"""Hearing: the end of an output, whatever comes before it, and the JSON in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from beastmode.runner.agents import hearing
from beastmode.runner.agents.environment import environment_for
from beastmode.runner.agents.hearing import HeardLog, last_object_in, objects_in


def test_the_end_is_heard_however_much_comes_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "MOST_BYTES", 1000)
    log = HeardLog(tmp_path / "log", 500)
    for number in range(1000):
        log.write(b"line %d\n" % number)
    log.close()
    assert len(log.heard) == 1000
    assert log.heard.endswith("line 998\nline 999\n")


def test_the_end_is_heard_where_the_disk_takes_nothing(tmp_path: Path) -> None:
    log = HeardLog(tmp_path, 500)  # a folder
    log.write(b"done\n")
    assert log.heard == "done\n"
    assert log.error


def test_a_line_is_met_once_also_in_pieces(tmp_path: Path) -> None:
    met: list[int] = []
    log = HeardLog(tmp_path / "log", 500, re.compile(rb"^over$", re.MULTILINE))
    log.on_over = lambda: met.append(1)
    for piece in (b"not over\nov", b"er\n", b"over\n"):
        log.write(piece)
    assert (met, log.is_over) == ([1], True)


def test_objects_are_found_between_other_lines() -> None:
    output = 'cut off"}\nWarning: x\n{"a": 1}\n[2]\n{"b": \n{"c": {"d": 2}}\n'
    assert objects_in(output) == [{"a": 1}, {"c": {"d": 2}}]


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ('Warning\n{\n  "a": {\n"b": 1\n}\n}\n', {"a": {"b": 1}}),
        ('{"a": 1}\n{"b": 2}', {"b": 2}),
        ('{"a": 1}\nand more', {}),
        ("", {}),
        ("{" * 10_000, {}),
    ],
)
def test_the_object_at_the_end_is_found(output: str, found: dict[str, object]) -> None:
    assert last_object_in(output) == found


def test_loopback_is_asked_directly_whatever_proxies_there_are() -> None:
    ours = {"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "*", "SECRET_OF_OURS": "x", "LC_TIME": "C"}
    env = environment_for(ours, (), {}, ())
    assert env["HTTPS_PROXY"] == "http://proxy:3128"
    assert env["NO_PROXY"] == "127.0.0.1,localhost,::1"
    assert env["no_proxy"] == "*"
    assert env["LC_TIME"] == "C"
    assert "SECRET_OF_OURS" not in env
