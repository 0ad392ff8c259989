"""Pages of requests: page by page they are what a plain filter over all rows gives, whatever is sought."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beastmode.store.ledger.entry import GONE_WRONG, Entry
from beastmode.store.ledger.reading.pages import page
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.ledger.sought import Sought
from tests.store.ledgers import NOON, entry
from tests.store.random_rows import ledger_of, requests

_name = st.sampled_from(["", "", "", "a", "b", "'; DROP TABLE requests --", "nobody"])
_sought = st.builds(
    Sought,
    gone_wrong=st.booleans(),
    class_=st.sampled_from(["", "", "overloaded", "killed"]),
    upstream=_name,
    model=_name,
    key=_name,
    run=st.sampled_from(["", "", "r1"]),
    task=_name,
    cache=st.sampled_from(["", "", "hit", "miss"]),
    slower_than_s=st.none() | st.floats(0, 100),
    text=st.sampled_from(
        ["", "", "overloaded", "OVERLOADED 31.2", "req_7Yx", "äöü", "100%: *", "nowhere", '"']
    ),
)


@contextmanager
def reader_of(entries: list[Entry], rolled: int = -1) -> Iterator[LedgerReader]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        ledger_of(path, entries, rolled=rolled)
        reader = LedgerReader(path)
        yield reader
        reader.close()


def fits(one: Entry, sought: Sought) -> bool:
    """What `Sought` says, without any SQL."""
    named = [
        (sought.upstream, one.upstream),
        (sought.model, one.model),
        (sought.key, one.key),
        (sought.run, one.run),
    ]
    named += [(sought.task, one.task), (sought.class_, one.class_)]
    hit = one.outcome in ("hit", "shared")
    said = f"{one.class_} {one.cause} {one.tip}".casefold()
    words = sought.text.casefold().split()
    return (
        all(asked in ("", is_) for asked, is_ in named)
        and (one.outcome in GONE_WRONG or not (sought.gone_wrong or words))
        and (not sought.cache or hit == (sought.cache == "hit"))
        and (sought.slower_than_s is None or (one.total_s is not None and one.total_s > sought.slower_than_s))
        and all(word in said for word in words)
    )


@given(
    st.lists(requests(), max_size=40, unique_by=lambda one: one.id),
    _sought,
    st.integers(1, 9),
    st.integers(-1, 45),
    st.booleans(),
)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_page_by_page_is_a_filter_over_all(
    entries: list[Entry], sought: Sought, most: int, rolled: int, hurried: bool
) -> None:
    found, pages, before = list[Entry](), 0, ""
    with reader_of(entries, rolled) as reader:
        while pages == 0 or before:
            given = page(reader, replace(sought, before=before), most, within_s=0.0 if hurried else 60.0)
            assert len(given.entries) <= most
            assert (given.looked_to_unix is None) or (hurried and given.next_before)
            found, pages, before = found + given.entries, pages + 1, given.next_before
    wanted = sorted((one for one in entries if fits(one, sought)), key=lambda one: one.id, reverse=True)
    assert [one.id for one in found] == [one.id for one in wanted]


def test_the_last_full_page_has_nothing_after_it() -> None:
    with reader_of([entry(NOON + n) for n in range(4)]) as reader:
        first = page(reader, Sought(), 2)
        second = page(reader, Sought(before=first.next_before), 2)
        assert (len(first.entries), len(second.entries), second.next_before) == (2, 2, "")


def test_what_is_not_found_in_time_is_looked_for_in_the_next_page() -> None:
    rare = entry(NOON, key="rare", outcome="hit")
    others = [entry(NOON + n * 600, key="common", outcome="hit") for n in range(1, 40)]
    pages, before, found = 0, "", list[Entry]()
    with reader_of([rare, *others], rolled=0) as reader:  # nothing says where it is
        while True:
            given = page(reader, Sought(key="rare", before=before), 5, within_s=0.0)
            pages, found = pages + 1, found + given.entries
            if not given.next_before:
                break
            assert given.looked_to_unix is not None
            assert not before or given.next_before < before
            before = given.next_before
    assert [one.id for one in found] == [rare.id]
    assert pages > 1


@pytest.mark.parametrize(
    "text", ['"', "' OR 1", "* NEAR(", "a\x00b", "\ud800", "x " * 5000, "🙂", "%", "\\", "AND"]
)
def test_whatever_is_typed_is_looked_for_and_never_an_error(text: str) -> None:
    named = [Sought(class_=text), Sought(key=text), Sought(run=text), Sought(task=text), Sought(model=text)]
    sought = [Sought(text=text), Sought(upstream=text), *named]
    with reader_of([entry(NOON, outcome="failed", class_="network", cause="reset")]) as reader:
        assert [page(reader, replace(one, before=text), 5).entries for one in sought] == [[]] * len(sought)
        assert not page(reader, Sought(text=text), 5).entries
