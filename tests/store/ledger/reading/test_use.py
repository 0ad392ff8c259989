"""What a key has used is counted from the ledger: the day, the month, and only what left."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from beastmode.store.allowance import Use
from beastmode.store.ledger.entry import Outcome
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.reading.use import used_by, used_in_run
from tests.store.ledgers import NOON, end, entry, opened, upstream_call

DAY, MONTH = "2025-11-25", "2025-11"
YESTERDAY, LAST_MONTH = NOON - 86400, NOON - 30 * 86400


def record(home: Path, *requests: tuple[float, Outcome, dict[str, Any]]) -> None:
    asyncio.run(_record(home, requests))


async def _record(home: Path, requests: tuple[tuple[float, Outcome, dict[str, Any]], ...]) -> None:
    ledger = opened(ledger_path(home))
    for unix, outcome, known in requests:
        request = entry(unix, **{"key": "ci", "tries": 1, **known})
        if request.tries:
            await upstream_call(ledger, request, outcome)
        else:
            ledger.begin(request)
            end(ledger, request, outcome)
    await ledger.close()


PRICED = {"tokens_in": 10, "tokens_out": 5, "cost_usd": 0.25}


def test_the_day_and_the_month_are_counted_apart(tmp_path: Path) -> None:
    record(
        tmp_path,
        (NOON, "upstream_ok", PRICED),
        (YESTERDAY, "upstream_ok", {**PRICED, "cost_usd": None}),
        (LAST_MONTH, "upstream_ok", PRICED),
        (NOON, "upstream_ok", {**PRICED, "key": "other"}),
    )
    used = used_by(ledger_path(tmp_path), ["ci", "unused"], NOON)
    assert used == {("ci", DAY): Use(1, 15, 0.25, 0), ("ci", MONTH): Use(2, 30, 0.25, 1)}


def test_what_never_left_cost_nothing_and_what_was_cut_off_is_a_request(tmp_path: Path) -> None:
    record(
        tmp_path,
        (NOON, "hit", {**PRICED, "tries": 0}),
        (NOON, "shared", {**PRICED, "tries": 0}),
        (NOON, "rejected", {"tries": 0}),
        (NOON, "cancelled", {"tries": 1}),
        (NOON, "unfinished", {"tries": 0}),
    )
    assert used_by(ledger_path(tmp_path), ["ci"], NOON)["ci", DAY] == Use(2, 0, 0.0, 2)


def test_without_a_ledger_nothing_was_used(tmp_path: Path) -> None:
    assert used_by(ledger_path(tmp_path), ["ci"], NOON) == {}


def test_the_tasks_of_a_run_are_counted_apart_and_other_runs_not_at_all(tmp_path: Path) -> None:
    record(
        tmp_path,
        (LAST_MONTH, "upstream_ok", {**PRICED, "run": "r7", "task": "lru"}),
        (NOON, "upstream_ok", {**PRICED, "run": "r7", "task": "lru"}),
        (NOON, "failed", {"run": "r7", "task": "docs"}),
        (NOON, "hit", {**PRICED, "run": "r7", "task": "docs", "tries": 0}),
        (NOON, "upstream_ok", {**PRICED, "run": "r8", "task": "lru"}),
    )
    used = used_in_run(ledger_path(tmp_path), "r7")
    assert used == {"lru": Use(2, 30, 0.5, 0), "docs": Use(1, 0, 0.0, 1)}
    assert used_in_run(ledger_path(tmp_path / "nowhere"), "r7") == {}
