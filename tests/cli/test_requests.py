"""`beast requests`: what went through the gateway, for people and for programs, from a ledger of any size."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from beastmode.store.ledger.entry import Entry, row_of
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.writing.file import LedgerFile
from tests.cli.test_looking import HOSTILE, Beast
from tests.store.ledgers import NOON, end, entry, opened, sql, upstream_call

FIELDS = [
    "id", "at", "outcome", "status", "class", "tip", "model", "dialect", "cache", "queue_ms", "total_ms",
    "tokens_in", "tokens_out", "cost_usd", "run", "task", "attempt",
]  # fmt: skip


@pytest.fixture
def beast(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Beast:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BEAST_HOME", raising=False)
    return Beast(monkeypatch, capsys)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Four requests: one went well, one failed, one was rejected, one is in flight."""
    home = tmp_path / ".beast"

    async def play() -> None:
        ledger = opened(ledger_path(home))
        fine = entry(
            NOON, model="small", status=200, cache="hit", queue_s=0.0, total_s=0.0125, task="T1", attempt=2
        )
        fine.tokens_in, fine.tokens_out, fine.cost_usd = 10, 20, 0.00012
        ledger.begin(fine)
        end(ledger, fine, "hit")
        failed = entry(
            NOON + 1.5, model="large", status=529, class_="overloaded", cause="too many", tip="Wait."
        )
        await upstream_call(ledger, failed, "failed")
        shed = entry(NOON + 2, model=HOSTILE, status=503, class_="rate_limit", cause=HOSTILE, tip=HOSTILE)
        ledger.begin(shed)
        end(ledger, shed, "rejected")
        at_work = entry(NOON + 3, model="large")
        ledger.begin(at_work)
        await ledger.leaves(at_work)
        await ledger.close()

    asyncio.run(play())
    return home


def listed(beast: Beast, *arguments: str) -> list[dict[str, Any]]:
    said = beast("requests", "--json", *arguments)
    assert said.code == 0, said.err
    return [json.loads(line) for line in said.out.splitlines()]


def test_one_object_a_line_newest_first(beast: Beast, home: Path) -> None:
    rows = listed(beast)
    assert [row["outcome"] for row in rows] == [None, "rejected", "failed", "hit"]
    assert all(list(row) == FIELDS for row in rows)
    fine = rows[-1]
    assert fine.pop("id")
    assert fine == {
        "at": "2025-11-25T12:00:00.000Z", "outcome": "hit", "status": 200, "class": "", "tip": "", "model": "small",
        "dialect": "openai", "cache": "hit", "queue_ms": 0.0, "total_ms": 12.5, "tokens_in": 10, "tokens_out": 20,
        "cost_usd": 0.00012, "run": "", "task": "T1", "attempt": 2,
    }  # fmt: skip
    assert datetime.fromisoformat(rows[2]["at"]).timestamp() == NOON + 1.5
    assert (rows[0]["status"], rows[0]["total_ms"], rows[0]["cost_usd"]) == (None, None, None)


@pytest.mark.parametrize(
    ("arguments", "outcomes"),
    [
        (["--failed"], ["rejected", "failed"]),
        (["--class", "overloaded"], ["failed"]),
        (["--model", "large"], [None, "failed"]),
        (["--model", "large", "--failed"], ["failed"]),
        (["--class", "dns"], []),
        (["--last", "2"], [None, "rejected"]),
        (["--last", "1", "--failed"], ["rejected"]),
    ],
)
def test_what_is_asked_for(
    beast: Beast, home: Path, arguments: list[str], outcomes: list[str | None]
) -> None:
    assert [row["outcome"] for row in listed(beast, *arguments)] == outcomes


@pytest.mark.parametrize(
    ("written", "meant"), [("ratelimit", "rate_limit"), ("Rate-Limit", "rate_limit"), ("x", "")]
)
def test_a_class_that_nothing_can_have_is_no_empty_list(
    beast: Beast, home: Path, written: str, meant: str
) -> None:
    said = beast("requests", "--class", written)
    assert (said.code, said.out) == (2, "")
    assert "is no class of failures" in said.err
    assert ("Did you mean" in said.err, f"mean {meant}?" in said.err) == (bool(meant), bool(meant))
    assert "quota_exhausted" in said.err


def test_a_table_tells_what_went_wrong_and_what_to_do(beast: Beast, home: Path) -> None:
    said = beast("requests")
    head, at_work, _, cause, tip, failed, *told, fine = said.out.splitlines()
    assert head.split()[:3] == ["RECEIVED", "(UTC)", "ID"]
    assert at_work.index("in flight") == failed.index("failed") == fine.index("hit") == head.index("OUTCOME")
    assert told == ["    overloaded: too many", "    Wait."]
    assert "T1.2" in fine
    assert cause.startswith("    rate_limit: ")
    assert tip.startswith("    ")
    assert "\x1b" not in said.out, "text of others moves the cursor"


def test_a_home_without_requests_says_how_to_get_some(beast: Beast, tmp_path: Path) -> None:
    said = beast("requests", "--home", str(tmp_path / "none"))
    assert said.code == 2
    assert "beast serve" in said.err
    assert not (tmp_path / "none").exists()
    asyncio.run(opened(ledger_path(tmp_path / "new")).close())
    said = beast("requests", "--home", str(tmp_path / "new"))
    assert (said.code, said.out) == (0, "")
    assert "No request" in said.err


def test_a_ledger_that_cannot_be_read_says_what_to_do(beast: Beast, tmp_path: Path) -> None:
    path = ledger_path(tmp_path)
    path.write_bytes(b"garbage" * 1000)
    said = beast("requests", "--home", str(tmp_path))
    assert said.code == 74
    assert "Move the file away" in said.err


def test_a_large_ledger_is_read_by_its_indexes_and_in_pages(beast: Beast, tmp_path: Path) -> None:
    """100 rows by default; a page at a time beyond; and no filter has to read all rows."""
    file = LedgerFile(ledger_path(tmp_path / ".beast"))
    many = [
        Entry(
            received_unix=NOON + n,
            model="a" if n else "first",
            outcome="upstream_ok" if n % 100 else "failed",
            class_="" if n % 100 else "dns",
        )
        for n in range(3000)
    ]
    file.write([row_of(request, "p") for request in many], [])
    file.close()
    assert len(listed(beast)) == 100
    assert [row["id"] for row in listed(beast, "--last", "2999")] == [request.id for request in many[:0:-1]]
    assert [row["id"] for row in listed(beast, "--last", "9999", "--failed")] == [
        request.id for request in many[::-1] if request.outcome == "failed"
    ]
    for condition in (
        "outcome IN ('failed', 'rejected', 'unfinished')",
        "class <> '' AND class = 'dns'",
        "model = 'first'",
    ):
        query = f"EXPLAIN QUERY PLAN SELECT * FROM requests WHERE id < 'x' AND {condition} ORDER BY id DESC LIMIT 100"
        (plan,) = sql(file.path, query)
        assert "USING INDEX requests_" in plan[3], plan
