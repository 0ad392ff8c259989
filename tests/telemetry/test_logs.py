"""Log lines: one for each thing that happens, for programs and for people, never with secrets, never in the way."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from beastmode.telemetry.lines import Lines
from beastmode.telemetry.logs import Format, Level, Logs
from tests.cli.test_looking import HOSTILE
from tests.processes import eventually
from tests.store.ledgers import NOON, entry

GOOD = entry(id="1", outcome="upstream_ok", status=200, total_s=0.0125)
BAD = entry(
    id="2",
    outcome="failed",
    status=529,
    class_="overloaded",
    cause="the server said canary",
    tip="Wait.",
    tries=2,
)


def logs(lines: list[str], format_: Format = "json", level: Level = "info") -> Logs:
    hide = lambda text: text.replace("canary", "***")  # noqa: E731
    return Logs(lines.append, format_=format_, level=level, hide=hide, unix=lambda: NOON)


def told(level: Level) -> list[dict[str, Any]]:
    lines: list[str] = []
    some = logs(lines, level=level)
    some.tell("info", "started", url="http://127.0.0.1:1", nothing="")
    some.received(GOOD)
    some.ended(GOOD)
    some.ended(BAD)
    some.alarm("ledger.db: the disk is full\n  Free space.")
    some.alarm_over("the ledger can be written again")
    assert all("\n" not in line for line in lines)
    return [json.loads(line) for line in lines]


def test_a_failure_is_one_object_with_what_it_is_and_what_to_do() -> None:
    (failed,) = [one for one in told("info") if one["event"] == "request_ended"]
    assert failed.items() >= {
        "at": "2025-11-25T12:00:00.000Z", "level": "warning", "id": "2", "outcome": "failed", "status": 529,
        "class": "overloaded", "cause": "the server said ***", "tip": "Wait.", "tries": 2,
    }.items()  # fmt: skip


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("debug", ["started", "request_received", "request_ended", "request_ended", "alarm", "alarm_over"]),
        ("info", ["started", "request_ended", "alarm", "alarm_over"]),
        ("warning", ["request_ended", "alarm"]),
        ("error", ["alarm"]),
    ],
)
def test_a_level_leaves_out_what_is_below_it(level: Level, events: list[str]) -> None:
    assert [one["event"] for one in told(level)] == events


def test_an_alarm_says_why_and_what_to_do() -> None:
    (alarm,) = [one for one in told("error") if one["event"] == "alarm"]
    assert (alarm["cause"], alarm["tip"]) == ("ledger.db: the disk is full", "Free space.")


def test_people_read_a_line_that_no_terminal_obeys() -> None:
    lines: list[str] = []
    logs(lines, "text").ended(BAD)
    assert lines[0].startswith(
        "2025-11-25 12:00:00Z warning request_ended failed 529 overloaded 2 the server said ***. Wait. [method=POST"
    )
    logs(lines, "text").ended(entry(outcome="failed", cause=HOSTILE, model=HOSTILE))
    assert lines[1].isprintable()


def test_lines_come_out_in_order_and_close_writes_the_rest() -> None:
    reading, writing = os.pipe()
    lines = Lines(writing)
    for number in range(500):
        lines.put(f"line {number}")
    lines.close(30.0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read().splitlines() == [f"line {number}" for number in range(500)]
    assert lines.lost == 0


def test_a_reader_that_stands_still_keeps_nobody_waiting() -> None:
    reading, writing = os.pipe()
    lines = Lines(writing, most_waiting=100)
    for _ in range(10_000):
        lines.put("x" * 1000)
    assert lines.lost > 9000
    lines.close(0.01)
    lines.put("after its end")
    os.close(reading)  # the thread ends: its pipe has broken


def test_a_reader_that_has_gone_is_nobodys_failure() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    lines = Lines(writing)
    lines.put("lost")
    eventually(lambda: lines.lost == 1)
    lines.close()
    os.close(writing)
