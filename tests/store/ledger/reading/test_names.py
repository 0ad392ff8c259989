"""Names to choose from are there as soon as they are in the ledger, and go a little after their last request."""

from __future__ import annotations

from pathlib import Path

from beastmode.store.ledger.entry import row_of
from beastmode.store.ledger.reading.names import LOOK_ANEW_S, KnownNames, names
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.ledger.writing.file import LedgerFile
from tests.store.ledgers import NOON, entry, sql
from tests.store.random_rows import ledger_of


def test_a_new_name_is_known_at_once_and_one_that_is_gone_after_a_while(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger_of(path, [entry(NOON, outcome="hit", model="b", key="k")], rolled=-1)
    reader = LedgerReader(path)
    known = KnownNames(reader)
    assert known.names(100.0).models == ["b"]
    file = LedgerFile(path)
    file.write([row_of(entry(NOON + 7200, outcome="hit", model="a"), "someone")], [])
    assert known.names(101.0) == names(reader)
    assert known.names(101.0).models == ["a", "b"]
    file.close()
    sql(path, "DELETE FROM seen WHERE minute <= (SELECT min(minute) FROM seen)")
    assert names(reader).models == ["a"]
    assert known.names(100.0 + LOOK_ANEW_S).models == ["a"]
    assert known.names(100.0 + LOOK_ANEW_S).keys == []
    reader.close()
