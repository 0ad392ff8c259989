"""What is made of rows as they end is what a recount of the rows gives, whatever has happened meanwhile."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beastmode.store.ledger.entry import OUTCOMES, Entry, row_of
from beastmode.store.ledger.reading.figures import over, series
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.ledger.rollups.latencies import packed, quantile
from beastmode.store.ledger.rollups.tally import Tally
from beastmode.store.ledger.writing.backfill import roll
from beastmode.store.ledger.writing.file import LedgerFile
from beastmode.store.ledger.writing.upkeep import Retention, finish_killed, make_room
from tests.store.ledgers import NOON, end, entry, older, opened, recorded, sql, upstream_call
from tests.store.random_rows import ledger_of, requests

_SUMS = "requests, tokens_in, tokens_out, round(cost_usd, 9), round(saved_usd, 9), repeats, unpriced, lengths"
_REPEATED = "outcome IN ('hit', 'shared') OR (outcome NOT NULL AND cache_why LIKE 'asked before%')"
"""Once more, in other words than the program's."""

Figures = dict[tuple[Any, ...], tuple[Any, ...]]


def kept(path: Path, span: int) -> Figures:
    """Figures as the ledger has them."""
    query = f"SELECT began, outcome, class, tier, {_SUMS} FROM figures WHERE span = {span} AND requests <> 0"
    return {row[:4]: row[4:] for row in sql(path, query)}


def recounted(path: Path, span: int) -> Figures:
    """Figures as the rows have them."""
    tally, sums = Tally(), Tally()
    tally.add(sql(path, "SELECT * FROM requests WHERE outcome IS NOT NULL"))
    for cell, one in tally.cells.items():
        sums._sums(cell._replace(minute=cell.minute * 60 // span * span)).plus(one)
    return {
        tuple(cell): (
            one.requests, one.tokens_in, one.tokens_out, round(one.cost_usd, 9), round(one.saved_usd, 9),
            one.repeats, one.unpriced, packed(one.lengths),
        )
        for cell, one in sums.cells.items()
    }  # fmt: skip


def must_agree(path: Path) -> None:
    for span in (60, 3600):
        assert kept(path, span) == recounted(path, span)
    failed = sql(path, "SELECT count(*) FROM requests WHERE outcome IN ('failed', 'rejected', 'unfinished')")
    assert sql(path, "SELECT coalesce(sum(requests), 0) FROM failures") == failed
    received, ended = sql(path, "SELECT count(*), count(outcome) FROM requests")[0]
    reader = LedgerReader(path)
    came = over(reader, NOON, NOON + 5 * 3600)
    reader.close()
    if came.repeats_known:
        assert came.sums.repeats == sql(path, f"SELECT count(*) FROM requests WHERE {_REPEATED}")[0][0]
    assert came.sums.repeats >= came.outcomes.get("hit", 0) + came.outcomes.get("shared", 0)
    assert came.received == received == sum(came.outcomes.values()) + came.in_flight
    assert sum(came.outcomes.values()) == ended


_acts = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.lists(requests(), min_size=1, max_size=20)),
        st.tuples(st.just("end again"), st.sampled_from(OUTCOMES)),
        st.tuples(st.just("kill"), st.just(None)),
        st.tuples(st.just("upgrade"), st.integers(0, 30)),
        st.tuples(st.just("open"), st.just(None)),
    ),
    max_size=6,
)


@given(_acts)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_happens_the_figures_are_those_of_the_rows(acts: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        file, known = LedgerFile(path), dict[str, Entry]()
        for act, given in acts:
            if act == "write":
                new = {one.id: one for one in given if one.id not in known}
                known |= new
                file.write([row_of(one, "dead") for one in new.values()], [])
            elif act == "end again":
                for one in list(known.values())[::3]:
                    one.outcome, one.tries = given, 1
                    file.write([row_of(one, "dead")], [])
            elif act == "kill":
                finish_killed(file)
            else:
                file.close()
                if act == "upgrade":
                    older(path, 2)
                file = LedgerFile(path)
                roll(file, given or 1)
        while roll(file, 7):
            pass
        must_agree(path)
        file.close()


@given(st.lists(requests(), max_size=30, unique_by=lambda one: one.id), st.data())
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_span_has_what_was_received_in_it_to_the_minute(entries: list[Entry], data: st.DataObject) -> None:
    def minute(unix: float) -> int:
        return int(unix // 60)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        ledger_of(path, entries, rolled=-1)
        reader = LedgerReader(path)
        for _ in range(10):
            since, until = sorted(NOON + data.draw(st.integers(-9_000, 20_000)) for _ in range(2))
            fits = [
                one
                for one in entries
                if minute(since) <= int(one.id[:13], 16) // 60_000_000 < minute(until + 59.9)
            ]
            came = over(reader, since, until)
            assert came.received == len(fits)
            steps = series(reader, since, until, data.draw(st.sampled_from([60, 300, 4_200])))
            assert sum(step.received for _, step in steps) == len(fits)
        reader.close()


_WRITES = """
import asyncio, sys, random
from pathlib import Path
from beastmode.store.ledger.entry import OUTCOMES
from tests.store.ledgers import NOON, end, entry, opened

async def worker(ledger):
    while True:
        request = entry(NOON + 7200 * random.random(), class_="network", cause=f"reset {random.random()}")
        ledger.begin(request)
        await ledger.leaves(request)
        print(request.id, flush=True)
        end(ledger, request, random.choice(OUTCOMES))

async def play():
    ledger = opened(Path(sys.argv[1]))
    await asyncio.gather(*(worker(ledger) for _ in range(20)))

asyncio.run(play())
"""


@pytest.mark.parametrize("after_lines", [1, 50, 1999])
def test_after_kill_9_the_figures_are_those_of_the_rows(tmp_path: Path, after_lines: int) -> None:
    path = tmp_path / "ledger.db"
    process = subprocess.Popen([sys.executable, "-c", _WRITES, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(after_lines):
        process.stdout.readline()
    process.kill()
    process.communicate()
    recorded(path)  # whoever reads takes in what was noted
    must_agree(path)
    before = sql(path, "SELECT count(*) FROM requests WHERE outcome IS NULL")[0][0]
    assert before, "nothing was in flight at the kill: this proves nothing"
    asyncio.run(opened(path).close())
    must_agree(path)
    assert sql(path, "SELECT count(*) FROM requests WHERE outcome IS NULL") == [(0,)]
    assert sql(path, "SELECT sum(requests) FROM figures WHERE span = 60 AND class = 'killed'") >= [(before,)]


def test_another_process_that_is_thought_dead_is_counted_once(tmp_path: Path) -> None:
    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        request = entry()
        ledger.begin(request)
        await ledger.leaves(request)
        assert len(recorded(ledger.path)) == 1
        for lock in (tmp_path / "ledger-processes").iterdir():
            lock.unlink()  # somebody has tidied up
        await opened(ledger.path).close()
        assert [row.outcome for row in recorded(ledger.path)] == ["unfinished"]
        end(ledger, request, "upstream_ok")
        await ledger.close()

    asyncio.run(play())
    assert [row.outcome for row in recorded(tmp_path / "ledger.db")] == ["upstream_ok"]
    must_agree(tmp_path / "ledger.db")


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_ledger_is_counted_while_it_is_at_work(tmp_path: Path, version: int) -> None:
    path = tmp_path / "ledger.db"
    ledger_of(path, [entry(NOON + n, outcome="upstream_ok") for n in range(2_000)], rolled=-1)
    older(path, version)

    async def play() -> None:
        ledger = opened(path)
        for n in range(50):
            await upstream_call(ledger, entry(NOON + 3_000 + n), "failed")
        async with asyncio.timeout(60):
            while sql(path, "SELECT from_id FROM ledger_rolled") != [("",)]:
                await asyncio.sleep(0.01)
        await ledger.close()

    asyncio.run(play())
    must_agree(path)


def test_figures_stay_when_the_rows_go_and_what_names_a_request_does_not(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    failed = [
        entry(NOON + n * 60, outcome="failed", class_="network", run="r1", total_s=1.0) for n in range(300)
    ]
    ledger_of(path, failed, rolled=-1)
    file = LedgerFile(path)
    while make_room(file, Retention(age_s=3_600), NOON + 300 * 60):
        pass
    file.close()
    left = len(recorded(path))
    assert 55 < left < 65
    assert sql(path, "SELECT sum(requests) FROM figures WHERE span = 60") == [(300,)]
    for table in ("requests_of_runs", "failure_texts"):
        assert sql(path, f"SELECT count(*) FROM {table}") == [(left,)]
    assert sql(path, "SELECT count(*) FROM seen")[0][0] <= left + 1
    reader = LedgerReader(path)
    assert over(reader, NOON, NOON + 300 * 60).outcomes == {"failed": 300}
    reader.close()


def test_old_figures_go_by_the_minute_first(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger_of(path, [entry(NOON + n * 60, outcome="hit") for n in range(90)], rolled=-1)
    file = LedgerFile(path)
    while make_room(file, Retention(), NOON + 100 * 86_400):
        pass
    file.close()
    reader = LedgerReader(path)
    assert sql(path, "SELECT count(*) FROM figures WHERE span = 60") == [(0,)]
    assert over(reader, NOON, NOON + 5_400).received == 90
    reader.close()


def test_a_ledger_that_is_too_large_does_not_keep_figures_instead_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger_of(path, [entry(NOON + n * 60, outcome="hit", tip="x" * 500) for n in range(3_000)], rolled=-1)
    file = LedgerFile(path)
    while make_room(file, Retention(size_bytes=1_000_000), NOON + 3_000 * 60):
        pass
    file.close()
    left = len(recorded(path))
    assert 500 < left < 2_500
    assert sql(path, "SELECT count(*) FROM figures WHERE span = 60")[0][0] < left + 10
    assert sql(path, "SELECT sum(requests) FROM figures WHERE span = 3600") == [(3_000,)]


def test_what_the_hits_would_have_cost_is_what_the_answer_cost(tmp_path: Path) -> None:
    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        paid: dict[str, Any] = {"model": "gpt-4o-mini", "tokens_in": 1_000_000, "tokens_out": 0}
        for outcome in ("hit", "shared", "upstream_ok"):
            request = entry(**paid, cost_usd=0.15 if outcome == "upstream_ok" else 0.0, cache_why="l1")
            ledger.begin(request)
            end(ledger, request, outcome)
        await ledger.close()

    asyncio.run(play())
    reader = LedgerReader(tmp_path / "ledger.db")
    came = over(reader, NOON, NOON + 60)
    reader.close()
    assert came.hits == {"l1": 1, "shared": 1}
    assert came.sums.saved_usd == pytest.approx(0.30)
    assert came.sums.cost_usd == pytest.approx(0.15)
    assert came.sums.tokens_in == 1_000_000


def test_many_kinds_and_shapes_do_not_make_the_ledger_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beastmode.store.ledger.rollups.rollup.MOST_KINDS", 10)
    monkeypatch.setattr("beastmode.store.ledger.rollups.rollup.MOST_SHAPES", 5)
    words = ["".join(chr(97 + n // 26**at % 26) for at in range(3)) for n in range(100)]
    entries = [
        entry(NOON + n, model=word, cause=word, class_="network", outcome="failed")
        for n, word in enumerate(words)
    ]
    ledger_of(tmp_path / "ledger.db", entries, rolled=-1)
    assert sql(tmp_path / "ledger.db", "SELECT count(*) FROM kinds") == [(11,)]
    assert sql(tmp_path / "ledger.db", "SELECT count(*) FROM failure_shapes") == [(6,)]
    must_agree(tmp_path / "ledger.db")


@given(st.lists(st.floats(1e-5, 1e5), min_size=1, max_size=200), st.floats(0.01, 1))
def test_quantiles_are_at_most_5_percent_off(lengths: list[float], share: float) -> None:
    tally = Tally()
    tally.add([row_of(entry(outcome="hit", total_s=one), "x") for one in lengths])
    (sums,) = tally.cells.values()
    found = quantile(sums.lengths, share)
    place = max(1, -(-int(share * len(lengths) * 1e9) // 10**9))
    exact = sorted(lengths)[min(len(lengths), place) - 1]
    assert found == pytest.approx(exact, rel=0.05)
