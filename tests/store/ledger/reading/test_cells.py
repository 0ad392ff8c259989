"""A reader that keeps what minutes came to tells what one that has just begun tells, whatever is recorded meanwhile."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beastmode.store.ledger.entry import Entry, row_of
from beastmode.store.ledger.reading import cells as ledger_cells
from beastmode.store.ledger.reading.cells import Came
from beastmode.store.ledger.reading.figures import over, series
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.ledger.writing.file import LedgerFile
from tests.store.ledgers import NOON, entry
from tests.store.random_rows import ledger_of, requests

HOUR = 3600


def told(reader: LedgerReader) -> list[object]:
    """What it says, step by step and as a whole."""
    steps = [came for step_s in (60, HOUR) for _, came in series(reader, NOON, NOON + 4 * HOUR, step_s)]
    return [_plain(came) for came in (*steps, over(reader, NOON, NOON + 4 * HOUR))]


def _plain(came: Came) -> list[object]:
    sums = [getattr(came.sums, name) for name in came.sums.__slots__]
    return [came.outcomes, came.classes, came.hits, came.in_flight, came.repeats_known, *sums]


def write(path: Path, entries: Sequence[Entry]) -> None:
    file = LedgerFile(path)
    file.write([row_of(one, "someone") for one in entries], [])
    file.close()


def revived(one: Entry) -> Entry:
    """The same request, where its process had been thought dead."""
    return msgspec.structs.replace(one, outcome="upstream_ok" if one.outcome == "unfinished" else one.outcome)


def is_each_request_one(batches: list[list[Entry]]) -> bool:
    """No two have the same id: once it has ended, a request stays as it was recorded."""
    ids = [one.id for batch in batches for one in batch]
    return len(ids) == len(set(ids))


@given(
    st.lists(st.lists(requests(), min_size=1, max_size=9), min_size=2, max_size=4).filter(is_each_request_one)
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_kept_is_what_is_there(batches: list[list[Entry]]) -> None:
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "ledger.db"
        ledger_of(path, batches[0], rolled=-1)
        reader = LedgerReader(path)
        for before, batch in pairwise(batches):
            told(reader)
            write(path, [*batch, *map(revived, before)])
            fresh = LedgerReader(path)
            assert told(reader) == told(fresh)
            fresh.close()
        reader.close()


def test_a_minute_that_nothing_was_added_to_is_not_summed_up_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger_of(path, [entry(NOON + 60 * n, outcome="hit") for n in range(3)], rolled=-1)
    reader = LedgerReader(path)
    before = [came for _, came in series(reader, NOON, NOON + 180, 60)]
    write(path, [entry(NOON + 61, outcome="hit")])
    after = [came for _, came in series(reader, NOON, NOON + 180, 60)]
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, False, True]
    assert [came.received for came in after] == [1, 2, 1]
    reader.close()


def test_few_minutes_are_kept_and_a_closed_ledger_keeps_none(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger_of(path, [entry(NOON + 60 * n, outcome="hit") for n in range(50)], rolled=-1)
    reader = LedgerReader(path)
    series(reader, NOON, NOON + HOUR, 60)
    assert len(ledger_cells._kept[reader]) == 50
    number = len(ledger_cells._kept)
    reader.close()
    del reader
    assert len(ledger_cells._kept) == number - 1
