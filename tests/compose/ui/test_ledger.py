"""The ledger of a home as the dashboard reads it: requests and figures, before there is one and while it is written."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beastmode.compose.ui.requests import LedgerRequests
from beastmode.compose.ui.stats import LedgerStats
from beastmode.dashboard.sources.requests import Choices
from beastmode.dashboard.sources.stats import Figures
from beastmode.store.ledger.entry import Entry, Outcome, row_of
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.reading import figures as ledger_figures
from beastmode.store.ledger.sought import Sought
from beastmode.store.ledger.writing.backfill import roll
from beastmode.store.ledger.writing.file import LedgerFile
from tests.store.ledgers import NOON, end, entry, older, opened, upstream_call
from tests.store.random_rows import ledger_of, requests


def test_where_there_is_no_ledger_there_is_nothing_to_see(tmp_path: Path) -> None:
    requests, stats = LedgerRequests(tmp_path), LedgerStats(tmp_path)
    assert (requests.version(), stats.version()) == ("none", "none")
    assert not requests.page(Sought(), 5).rows
    assert requests.choices() == Choices()
    assert stats.over(NOON, NOON + 60) == Figures()
    assert stats.series(NOON, NOON + 120, 60) == []


def test_what_is_recorded_is_seen_at_once_also_in_a_ledger_that_was_begun_again(tmp_path: Path) -> None:
    requests, stats = LedgerRequests(tmp_path), LedgerStats(tmp_path)

    async def record() -> None:
        ledger = opened(ledger_path(tmp_path))
        before = requests.version()
        await upstream_call(ledger, entry(model="m", key="k"))
        await ledger.close()
        assert requests.version() != before

    for _ in range(2):
        asyncio.run(record())
        assert [row["model"] for row in requests.page(Sought(key="k"), 5).rows] == ["m"]
        assert requests.choices().models == ["m"]
        assert stats.over(NOON, NOON + 60).received == 1
        for file in tmp_path.glob("ledger.db*"):
            file.unlink()


def test_a_page_of_the_ledger_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    ledger_of(ledger_path(tmp_path), [entry(NOON + n, outcome="hit") for n in range(5)], rolled=-1)
    requests = LedgerRequests(tmp_path)
    first = requests.page(Sought(cache="hit"), 3)
    rest = requests.page(Sought(cache="hit", before=first.next_before), 3)
    assert [row["received_unix"] - NOON for row in [*first.rows, *rest.rows]] == [4, 3, 2, 1, 0]
    assert (rest.next_before, rest.looked_to_unix) == ("", None)


@pytest.mark.parametrize("version", [1, 2])
def test_a_ledger_that_no_gateway_has_brought_up_to_date_yet_is_read_as_it_is(
    tmp_path: Path, version: int
) -> None:
    entries = [
        entry(NOON + n, outcome="failed" if n % 2 else "hit", key=f"k{n % 3}", cause="reset")
        for n in range(9)
    ]
    ledger_of(ledger_path(tmp_path), entries, rolled=-1)
    older(ledger_path(tmp_path), version)
    requests = LedgerRequests(tmp_path)
    found = requests.page(Sought(key="k1", text="RESET"), 5).rows
    assert [row["id"] for row in found] == [entries[7].id, entries[1].id]
    assert requests.choices() == Choices([], [], [], [])
    assert LedgerStats(tmp_path).over(NOON, NOON + 60).received == 0
    LedgerFile(ledger_path(tmp_path)).close()
    assert [row["id"] for row in requests.page(Sought(cache="hit", key="k0"), 5).rows] == [
        entries[6].id,
        entries[0].id,
    ]


MISSED: dict[str, Any] = {"outcome": "upstream_ok", "cache": "miss"}


def figures_of(home: Path, since_s: float, until_s: float) -> Figures:
    return LedgerStats(home).over(NOON + since_s, NOON + until_s)


def test_how_many_had_been_asked_before_is_known_from_when_it_was_recorded(tmp_path: Path) -> None:
    path = ledger_path(tmp_path)
    ledger_of(path, [entry(NOON + n * 30, cache_why="new", **MISSED) for n in range(9)], rolled=-1)
    older(path, 2)
    file = LedgerFile(path)
    later = [
        entry(NOON + 3600, cache_why="asked before", **MISSED),
        entry(NOON + 3601, cache_why="new", **MISSED),
        entry(NOON + 3602, outcome="hit", cache_why="l1"),
    ]
    file.write([row_of(one, "someone") for one in later], [])
    while roll(file):
        pass
    file.close()
    assert figures_of(tmp_path, 0, 7200).received == 12
    assert figures_of(tmp_path, 0, 7200).repeats is None
    assert figures_of(tmp_path, 240, 300).repeats is None  # the minute of the last one
    assert figures_of(tmp_path, 3600, 7200).repeats == 2
    assert [step.repeats for _, step in LedgerStats(tmp_path).series(NOON, NOON + 7200, 3600)] == [None, 2]
    lately = LedgerStats(tmp_path).lately
    assert [lately(NOON + 3603, seconds).repeats for seconds in (60, 7200)] == [2, None]


@pytest.mark.parametrize("version", [1, 2])
def test_of_a_ledger_that_no_gateway_has_brought_up_to_date_yet_it_is_not_known(
    tmp_path: Path, version: int
) -> None:
    ledger_of(ledger_path(tmp_path), [entry(outcome="hit", cache_why="l1")], rolled=-1)
    assert figures_of(tmp_path, 0, 60).repeats == 1
    older(ledger_path(tmp_path), version)
    assert figures_of(tmp_path, 0, 60).repeats is None
    assert LedgerStats(tmp_path).lately(NOON + 1, 60).repeats is None


@given(st.lists(requests(), max_size=30, unique_by=lambda one: one.id), st.integers(2, 20))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_never_more_is_answered_from_memory_than_could_have_been(entries: list[Entry], most: int) -> None:
    with tempfile.TemporaryDirectory() as home, patch.object(ledger_figures, "MOST_ROWS", most):
        ledger_of(ledger_path(Path(home)), entries, rolled=-1)
        stats = LedgerStats(Path(home))
        steps = [step for _, step in stats.series(NOON, NOON + 4 * 3600, 300)]
        for one in (*steps, stats.lately(NOON + 3 * 3600, 3 * 3600)):  # of which that is a sample
            assert one.repeats is not None
            assert sum((one.hits or {}).values()) <= one.repeats <= one.received


def test_received_is_what_has_ended_and_what_is_in_flight(tmp_path: Path) -> None:
    async def play() -> Figures:
        ledger = opened(ledger_path(tmp_path))
        for outcome in ("upstream_ok", "failed", "failed", "hit"):
            class_ = "network" if outcome == "failed" else ""
            request = entry(
                class_=class_, total_s=2.0, tokens_in=10, cache_why="l3" if outcome == "hit" else ""
            )
            ledger.begin(request)
            end(ledger, request, outcome)
        waits = entry()
        ledger.begin(waits)
        await ledger.leaves(waits)
        async with asyncio.timeout(30):
            while sum(LedgerStats(tmp_path).over(NOON, NOON + 60).outcomes.values()) < 4:
                await asyncio.sleep(0.01)
        figures = LedgerStats(tmp_path).over(NOON, NOON + 60)
        end(ledger, waits, "cancelled")
        await ledger.close()
        return figures

    figures = asyncio.run(play())
    assert figures.received == 5
    assert figures.outcomes == {"upstream_ok": 1, "failed": 2, "hit": 1}
    assert (figures.classes, figures.hits, figures.tokens_in) == ({"network": 2}, {"l3": 1}, 30)
    assert figures.p50_s == pytest.approx(2.0, rel=0.05)
    assert LedgerStats(tmp_path).over(NOON, NOON + 60).outcomes == {
        **figures.outcomes,
        "cancelled": 1,
    }


@pytest.mark.parametrize("step_s", [60, 300, 3600, 7200])
def test_steps_are_the_whole_and_empty_ones_are_there(tmp_path: Path, step_s: int) -> None:
    entries = [entry(NOON + n * 97, outcome="hit") for n in range(100)]
    ledger_of(ledger_path(tmp_path), entries, rolled=-1)
    stats = LedgerStats(tmp_path)
    steps = stats.series(NOON, NOON + 4 * 3600, step_s)
    assert [began for began, _ in steps] == [NOON + n * step_s for n in range(4 * 3600 // step_s)]
    for began, figures in steps:
        assert figures == stats.over(began, began + step_s)
        assert figures.received == sum(began <= one.received_unix < began + step_s for one in entries)


def test_the_last_seconds_are_of_the_rows_and_a_sample_of_very_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [entry(NOON + n / 10, outcome="failed" if n % 2 else "hit", total_s=1.0) for n in range(1_000)]
    ledger_of(ledger_path(tmp_path), entries, rolled=-1)
    stats = LedgerStats(tmp_path)
    assert stats.lately(NOON + 100, 10).outcomes == {"hit": 50, "failed": 50}
    monkeypatch.setattr("beastmode.store.ledger.reading.figures.MOST_ROWS", 100)
    sampled = stats.lately(NOON + 100, 50)
    assert sampled.received == pytest.approx(500, rel=0.05)
    assert sampled.received == sum(sampled.outcomes.values())


def test_a_minute_of_long_ago_in_which_one_more_ends_is_summed_up_anew(tmp_path: Path) -> None:
    stats = LedgerStats(tmp_path)

    async def record(outcome: Outcome) -> None:
        ledger = opened(ledger_path(tmp_path))
        await upstream_call(ledger, entry(NOON, model="m"), outcome)
        await ledger.close()

    def seen() -> list[object]:
        return [figures.outcomes for _, figures in stats.series(NOON, NOON + 3600, 1800)]

    asyncio.run(record("upstream_ok"))
    assert seen() == seen() == [{"upstream_ok": 1}, {}]
    asyncio.run(record("failed"))
    assert seen() == [{"upstream_ok": 1, "failed": 1}, {}]
    assert stats.over(NOON, NOON + 3600).received == 2


def test_the_last_seconds_tell_the_same_as_the_minute_they_are(tmp_path: Path) -> None:
    outcomes = ("hit", "failed", "shared", "upstream_ok")
    entries = [
        entry(NOON + n, outcome=outcomes[n % 4], total_s=n / 7, class_="timeout" if n % 4 == 1 else "",
              cache_why="l1" if n % 4 == 0 else "")
        for n in range(60)
    ]  # fmt: skip
    ledger_of(ledger_path(tmp_path), entries, rolled=-1)
    stats = LedgerStats(tmp_path)
    lately, over = stats.lately(NOON + 60, 60), stats.over(NOON, NOON + 60)
    assert replace(lately, saved_usd=0.0) == replace(over, saved_usd=0.0, unpriced=0)
    assert lately.hits == {"l1": 15, "shared": 15}
