"""Failures that are alike are one group; names that requests can be looked for by."""

from __future__ import annotations

import random
from pathlib import Path

from beastmode.store.ledger.entry import Entry
from beastmode.store.ledger.reading.groups import Group, groups
from beastmode.store.ledger.reading.names import names
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.ledger.writing.file import LedgerFile
from tests.store.ledgers import NOON, entry, older, sql
from tests.store.random_rows import ledger_of


def failed(at_s: float, cause: str, class_: str = "overloaded", **known: str) -> Entry:
    return entry(NOON + at_s, outcome="failed", class_=class_, cause=cause, tip="Wait.", **known)


def grouped(path: Path, entries: list[Entry], since_unix: float = NOON, most: int = 50) -> list[Group]:
    ledger_of(path / "ledger.db", entries, rolled=-1)
    reader = LedgerReader(path / "ledger.db")
    try:
        return groups(reader, since_unix, most)
    finally:
        reader.close()


def test_what_differs_in_a_number_or_an_id_is_one_group_with_the_words_of_the_newest(tmp_path: Path) -> None:
    first = failed(0, "HTTP 529 after 3 s (req_1aB)", key="a", upstream="u", model="m", run="r1", task="t1")
    last = failed(90, "HTTP 529 after 41 s (req_9zZ)", key="b", upstream="u", model="m", run="r1", task="t2")
    other = failed(50, "the connection was reset", "network")
    newest, older_one = grouped(tmp_path, [first, last, other])
    assert (older_one.class_, older_one.count, older_one.sample) == ("network", 1, other.id)
    assert newest == Group(
        "overloaded", last.cause, "Wait.", 2, NOON, NOON + 90,
        [("r1", "t2"), ("r1", "t1")], 0, ["b", "a"], ["u"], ["m"], last.id,
    )  # fmt: skip


def test_a_class_and_a_cause_are_one_group_whatever_the_tip(tmp_path: Path) -> None:
    one = failed(0, "full")
    other = entry(NOON + 5, outcome="rejected", class_="overloaded", cause="full", tip="Name a spare.")
    (group,) = grouped(tmp_path, [one, other])
    assert (group.count, group.tip, group.first_unix, group.last_unix) == (2, "Name a spare.", NOON, NOON + 5)


def test_only_what_was_seen_since_then_counts(tmp_path: Path) -> None:
    entries = [failed(n * 600, "full") for n in range(10)]
    assert [group.count for group in grouped(tmp_path, entries, NOON + 5 * 600 + 59)] == [5]
    assert not grouped(tmp_path / "other", entries, NOON + 20 * 600)


def test_groups_are_bounded_and_so_is_what_each_of_them_names(tmp_path: Path) -> None:
    entries = [failed(n, "full", run="r1", task=f"t{n}", key=f"k{n}") for n in range(300)]
    entries += [failed(400 + n, f"cause {chr(97 + n)}") for n in range(9)]
    found = grouped(tmp_path, entries, most=5)
    assert [group.cause for group in found] == [f"cause {letter}" for letter in "ihgfe"]
    full = grouped(tmp_path / "other", entries[:300])[0]
    assert (full.count, len(full.tasks), len(full.keys)) == (300, 20, 10)


def test_a_group_whose_requests_retention_has_deleted_names_no_sample(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger_of(path, [failed(0, "full after 3 s")], rolled=-1)
    sql(path, "DELETE FROM requests")
    reader = LedgerReader(path)
    (group,) = groups(reader, NOON, 5)
    reader.close()
    assert (group.cause, group.tip, group.count, group.sample) == ("full after # s", "Wait.", 1, "")


def test_names_are_those_of_requests_that_are_still_there(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger_of(
        path,
        [entry(NOON, outcome="hit", model="b", key="k"), failed(60, "full", model="a", upstream="u")],
        rolled=-1,
    )
    reader = LedgerReader(path)
    assert names(reader).models == ["a", "b"]
    assert (names(reader).classes, names(reader).upstreams, names(reader).keys) == (
        ["overloaded"],
        ["u"],
        ["k"],
    )
    sql(path, "DELETE FROM seen WHERE minute <= (SELECT min(minute) FROM seen)")
    assert names(reader).models == ["a"]
    reader.close()


def test_a_ledger_of_an_older_version_has_none_until_it_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger_of(path, [failed(0, "full")], rolled=0)
    older(path, 2)
    reader = LedgerReader(path)
    assert not groups(reader, NOON, 5)
    assert not names(reader).classes
    LedgerFile(path).close()
    assert not groups(reader, NOON, 5)
    reader.close()


def test_groups_count_every_failure_once(tmp_path: Path) -> None:
    lots = random.Random(5)
    causes = [f"cause {word} {lots.random()}" for word in ("one", "two", "three", "four")]
    entries = [failed(lots.random() * 7200, lots.choice(causes)) for _ in range(500)]
    found = grouped(tmp_path, entries)
    by_words = {group.cause.split()[1]: group for group in found}
    for word, group in by_words.items():
        mine = [one for one in entries if one.cause.split()[1] == word]
        assert group.count == len(mine)
        assert (group.first_unix, group.last_unix) == (
            min(int(one.id[:13], 16) for one in mine) / 1e6, max(int(one.id[:13], 16) for one in mine) / 1e6,
        )  # fmt: skip
