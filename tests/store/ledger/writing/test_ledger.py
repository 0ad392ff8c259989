"""The ledger: every request is one row and one count, before it leaves and after it ends, whatever happens."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from beastmode.errors import PreconditionError
from beastmode.store.ledger.entry import OUTCOMES, Entry, Outcome, Sent, first_id, new_id
from beastmode.store.ledger.reading.figures import over
from beastmode.store.ledger.reading.names import names
from beastmode.store.ledger.reading.pages import page
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.ledger.schema import REQUESTS
from beastmode.store.ledger.sought import Sought
from beastmode.store.ledger.writing.ledger import Counts, Ledger
from tests.store.ledgers import NOON, end, entry, older, opened, recorded, sql, upstream_call


def test_what_is_known_of_a_request_comes_back(tmp_path: Path) -> None:
    known: dict[str, Any] = {
        "key": "team", "run": "r7", "task": "T1", "attempt": 2, "upstream": "https://u/v1", "model": "mödel",
        "stream": True, "status": 529, "class_": "overloaded", "cause": "too many", "tip": "Wait.", "tries": 3,
        "queue_s": 0.5, "first_byte_s": 1.25, "total_s": 2.5, "tokens_in": 10, "tokens_out": 20, "tokens_cached": 5,
        "tokens_reasoning": 7, "cost_usd": 0.25, "priced": True, "cache": "miss", "cache_why": "not there",
    }  # fmt: skip
    whole = entry(**known)

    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        await upstream_call(ledger, whole, "failed")
        await ledger.close()

    asyncio.run(play())
    assert recorded(tmp_path / "ledger.db") == [whole]


def test_columns_are_the_fields_of_an_entry_in_order() -> None:
    fields = [name.removesuffix("_") for name in Entry.__struct_fields__]
    assert [*fields[: len(REQUESTS.c) - 1], "process"] == REQUESTS.c.keys()
    assert fields[len(REQUESTS.c) - 1 :] == ["request_body", "answer_body", "sent", "traceparent", "stage"]


def test_whoever_may_leave_has_a_row_without_an_outcome(tmp_path: Path) -> None:
    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        requests = [entry(NOON + n) for n in range(200)]
        for request in requests:
            ledger.begin(request)
        await asyncio.gather(*map(ledger.leaves, requests))
        assert [row.outcome for row in recorded(ledger.path)] == [None] * 200
        assert [row.id for row in recorded(ledger.path)] == [request.id for request in reversed(requests)]
        await ledger.close()

    asyncio.run(play())


def test_an_end_is_written_soon_without_anybody_waiting(tmp_path: Path) -> None:
    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        request = entry()
        ledger.begin(request)
        end(ledger, request, "hit")
        async with asyncio.timeout(30):
            while not recorded(ledger.path):  # by itself: nothing else asks the writer to write
                await asyncio.sleep(0.01)
        assert recorded(ledger.path)[0].outcome == "hit"
        await ledger.close()

    asyncio.run(play())


def test_bodies_are_kept_apart_and_only_where_they_are_given(tmp_path: Path) -> None:
    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        await upstream_call(ledger, entry())
        await upstream_call(ledger, entry(request_body=b"\x00ask", answer_body=None), "failed")
        await ledger.close()

    asyncio.run(play())
    assert [tuple(row) for row in sql(tmp_path / "ledger.db", "SELECT request, answer FROM bodies")] == [
        (b"\x00ask", None)
    ]


def test_what_was_sent_comes_back_with_its_body(tmp_path: Path) -> None:
    sent = Sent("alt=sse", (("content-type", "application/json"),), "was cut")

    async def play() -> str:
        ledger = opened(tmp_path / "ledger.db")
        request = entry(request_body=b"{}", sent=sent)
        await upstream_call(ledger, request, "failed")
        await ledger.close()
        return request.id

    found = find(tmp_path / "ledger.db", asyncio.run(play()))
    assert (found.request_body, found.answer_body, found.sent) == (b"{}", None, sent)


def test_a_ledger_of_the_first_version_is_read_as_it_is_and_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    request = entry(request_body=b"old")

    async def play() -> None:
        await opened(path).close()
        older(path, 1)
        file = sqlite3.connect(path)
        file.execute("INSERT INTO bodies VALUES (?, ?, NULL)", (request.id, b"old"))
        file.commit()
        file.close()

    asyncio.run(play())
    with pytest.raises(PreconditionError, match="no request"):
        find(path, request.id)
    asyncio.run(write(path, request))
    found = find(path, request.id)
    assert (found.request_body, found.sent) == (b"old", None)
    assert sql(path, "SELECT version FROM ledger_format") == [(3,)]


async def write(path: Path, request: Entry) -> None:
    ledger = opened(path)
    await upstream_call(ledger, request, "failed")
    await ledger.close()


def test_listeners_hear_of_each_request_twice_and_harm_none(tmp_path: Path) -> None:
    heard: list[tuple[str, Outcome | None]] = []

    def breaks(request: Entry) -> None:
        raise RuntimeError(request.id)

    async def play() -> Counts:
        ledger = opened(
            tmp_path / "ledger.db",
            on_begin=[breaks, lambda request: heard.append(("begin", request.outcome))],
            on_end=[breaks, lambda request: heard.append(("end", request.outcome))],
        )
        await upstream_call(ledger, entry(), "failed")
        await ledger.close()
        return ledger.counts

    assert asyncio.run(play()).by_outcome["failed"] == 1
    assert heard == [("begin", None), ("end", "failed")]


def test_known_secrets_are_hidden_in_all_words_and_bodies(tmp_path: Path) -> None:
    path, heard = tmp_path / "ledger.db", list[str]()
    said: dict[str, Any] = {"cause": "no canary", "tip": "change canary", "path": "/canary", "class_": "auth"}
    request = entry(**said, request_body=b"canary \xff", answer_body=b"a canary", sent=Sent("a=canary"))

    async def play() -> None:
        hide = lambda text: text.replace("canary", "***")  # noqa: E731
        ledger = opened(path, hide=hide, on_end=[lambda request: heard.append(request.cause)])
        await upstream_call(ledger, request, "failed")
        await ledger.close()

    asyncio.run(play())
    found = find(path, request.id)
    assert found.sent
    assert "secrets" in found.sent.flaw
    assert found.sent.query == "a=***"
    assert (found.request_body, found.answer_body) == (b"*** \xff", b"a ***")
    assert b"canary" not in path.read_bytes()
    assert heard == ["no ***"]


def find(path: Path, name: str) -> Entry:
    reader = LedgerReader(path)
    try:
        return reader.find(name)
    finally:
        reader.close()


def test_each_request_has_one_outcome(tmp_path: Path) -> None:
    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        request = entry()
        with pytest.raises(ValueError, match="is new"):
            end(ledger, request, "hit")
        ledger.begin(request)
        with pytest.raises(ValueError, match="is received"):
            ledger.begin(request)
        request.outcome = None
        with pytest.raises(ValueError, match="without an outcome"):
            ledger.end(request)
        end(ledger, request, "hit")
        with pytest.raises(ValueError, match="is ended"):
            end(ledger, request, "failed")
        assert ledger.counts.by_outcome["hit"] == ledger.counts.received == 1
        await ledger.close()
        await ledger.close()

    asyncio.run(play())
    assert [row.outcome for row in recorded(tmp_path / "ledger.db")] == ["hit"]


def test_whoever_is_cancelled_while_it_waits_to_leave_has_its_row_and_outcome(tmp_path: Path) -> None:
    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        requests = [entry(NOON + n) for n in range(20)]
        leaving = []
        for request in requests:
            ledger.begin(request)
            leaving.append(asyncio.ensure_future(ledger.leaves(request)))
        await asyncio.sleep(0)
        for number, (request, task) in enumerate(zip(requests, leaving, strict=True)):
            if number % 2:
                task.cancel()
                end(ledger, request, "cancelled")
        await asyncio.gather(*leaving, return_exceptions=True)
        await ledger.close()

    asyncio.run(play())
    assert [row.outcome for row in recorded(tmp_path / "ledger.db")] == ["cancelled", None] * 10


@pytest.mark.parametrize("requests", [5_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_of_many_requests_none_is_unaccounted(tmp_path: Path, requests: int) -> None:
    lots = random.Random(7)
    kept: dict[str, Outcome] = {}

    async def worker(ledger: Ledger) -> None:
        for _ in range(requests // 200):
            request = entry(NOON + lots.random())
            ledger.begin(request)
            kept[request.id] = outcome = lots.choice(OUTCOMES)
            if outcome not in ("hit", "shared", "rejected"):
                await ledger.leaves(request)
            elif lots.random() < 0.5:
                await asyncio.sleep(0)
            counts = ledger.counts
            assert counts.received == counts.in_flight + sum(counts.by_outcome.values())
            end(ledger, request, outcome)

    async def play() -> Ledger:
        ledger = opened(tmp_path / "ledger.db")
        await asyncio.gather(*(worker(ledger) for _ in range(200)))
        await ledger.close()
        return ledger

    ledger = asyncio.run(play())
    counted = {outcome: list(kept.values()).count(outcome) for outcome in OUTCOMES}
    assert ledger.counts == Counts(requests, 0, counted)
    assert (ledger.alarm, ledger.unwritten) == ("", 0)
    assert {row.id: row.outcome for row in recorded(ledger.path)} == kept


def test_ids_sort_by_time_and_are_names_of_a_microsecond() -> None:
    ids = [new_id(NOON + n / 1e6) for n in range(1000)]
    assert ids == sorted(set(ids))
    assert first_id(NOON) <= ids[0] < first_id(NOON + 1) < new_id(NOON + 2)
    assert len({new_id(NOON) for _ in range(1000)}) == 1000


def test_the_outcomes_are_those_of_the_design() -> None:
    assert get_args(Outcome) == OUTCOMES
    assert {field.name for field in dataclasses.fields(Counts)} == {"received", "in_flight", "by_outcome"}


_KILLED = """
import asyncio, sys, time
from pathlib import Path
from beastmode.store.ledger.entry import Entry
from beastmode.store.ledger.writing.ledger import Ledger

async def worker(ledger):
    while True:
        request = Entry(received_unix=time.time())
        ledger.begin(request)
        await ledger.leaves(request)
        sys.stdout.write(request.id + "\\n")   # it leaves
        sys.stdout.flush()
        request.outcome = "upstream_ok"
        ledger.end(request)

async def play():
    ledger = Ledger(Path(sys.argv[1]))
    await asyncio.gather(*(worker(ledger) for _ in range(20)))

asyncio.run(play())
"""


@pytest.mark.parametrize("after_lines", [1, 50, 1999])
def test_after_kill_9_whatever_left_has_its_row_and_an_outcome(tmp_path: Path, after_lines: int) -> None:
    path = tmp_path / "ledger.db"
    process = subprocess.Popen([sys.executable, "-c", _KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    left = [process.stdout.readline().strip() for _ in range(after_lines)]
    process.kill()
    left += [line.strip() for line in process.stdout if line.endswith("\n")]
    process.wait()
    process.stdout.close()

    before = {row.id: row.outcome for row in recorded(path)}
    assert set(left) <= set(before), "it had left, and there is no row"
    assert None in before.values(), "nothing was in flight at the kill: this proves nothing"
    asyncio.run(Ledger(path).close())
    after = {row.id: row for row in recorded(path)}
    assert {row.outcome for row in after.values()} <= {"upstream_ok", "unfinished"}
    killed = [after[name] for name, outcome in before.items() if outcome is None]
    assert {(row.outcome, row.class_) for row in killed} == {("unfinished", "killed")}
    assert not list((tmp_path / "ledger-processes").iterdir()), "the dead leave something behind"
    assert all(row.cause and row.tip for row in killed)


def test_what_a_living_process_has_in_flight_stays_open(tmp_path: Path) -> None:
    async def play() -> None:
        one = opened(tmp_path / "ledger.db")
        request = entry()
        one.begin(request)
        await one.leaves(request)
        other = opened(tmp_path / "ledger.db")
        assert [row.outcome for row in recorded(one.path)] == [None]
        end(one, request, "upstream_ok")
        await one.close()
        await other.close()

    asyncio.run(play())
    assert [row.outcome for row in recorded(tmp_path / "ledger.db")] == ["upstream_ok"]
    assert not list((tmp_path / "ledger-processes").iterdir())


def test_importing_the_command_loads_no_prices_and_no_database() -> None:
    script = "import sys, beastmode.cli.app; print([m for m in ('sqlalchemy', 'genai_prices') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_whoever_leaves_waits_for_no_ends_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beastmode.store.ledger.writing.writer.GATHER_S", 3600.0)

    async def play() -> None:
        ledger = opened(tmp_path / "ledger.db")
        ended, leaving = entry(NOON), entry(NOON + 1)
        ledger.begin(ended)
        end(ledger, ended, "hit")
        ledger.begin(leaving)
        await ledger.leaves(leaving)
        assert [row.id for row in recorded(ledger.path)] == [leaving.id]
        await ledger.close()
        assert [row.outcome for row in recorded(ledger.path)] == [None, "hit"]

    asyncio.run(play())


def test_who_opened_the_file_in_the_instant_it_was_made_reads_what_comes(tmp_path: Path) -> None:
    path, only = tmp_path / "ledger.db", entry()
    path.touch()
    reader = LedgerReader(path)
    assert (list(reader.requests(9)), page(reader, Sought(), 9).entries, names(reader).models) == ([], [], [])
    with pytest.raises(PreconditionError):
        reader.find(only.id)

    async def play() -> None:
        ledger = opened(path)
        await upstream_call(ledger, only)
        await ledger.close()

    asyncio.run(play())
    assert reader.find(only.id) == page(reader, Sought(), 9).entries[0] == only
    assert (over(reader, NOON - 60, NOON + 60).received, names(reader).models) == (1, ["m"])
    reader.close()
