"""Random requests, and ledgers that hold them in every way in which a ledger can."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from beastmode.store.ledger.entry import GONE_WRONG, OUTCOMES, Entry, first_id, row_of
from beastmode.store.ledger.writing.backfill import roll
from beastmode.store.ledger.writing.file import LedgerFile
from tests.store.ledgers import NOON, entry, older

HOURS = 3
_name = st.sampled_from(["a", "b", "ünique", "'; DROP TABLE requests --", '%_*"\x00…'])
_failure = st.sampled_from(
    [
        ("overloaded", "HTTP 529 after 31.2 s: the model is overloaded (req_7Yx)", "Wait for it."),
        ("overloaded", "HTTP 529 after 0.5 s: the model is overloaded (req_9Zz)", "Wait for it."),
        ("rate_limit", 'Limit "tokens" of org-12 is 100%: wait * 🙂', ""),
        ("network", "the connection\x00 was reset", "See whether ÄÖÜ reaches it."),
    ]
)


_why = st.sampled_from(["", "new", "asked before", "asked before; not kept: status 500", "no-cache"])


@st.composite
def requests(draw: st.DrawFn) -> Entry:
    """One request within the first hours after noon; in flight, or ended in any way."""
    outcome = draw(st.none() | st.sampled_from(OUTCOMES))
    class_, cause, tip = draw(_failure) if outcome in (*GONE_WRONG, "cancelled") else ("", "", "")
    run = draw(st.sampled_from(["", "", "r1", "r2"]))
    total_s = None if outcome is None else draw(st.none() | st.floats(0, 100))
    received_unix = NOON + draw(st.floats(0, HOURS * 3600))
    return entry(
        received_unix,
        id=first_id(received_unix)[:13] + f"{draw(st.integers(0, 1 << 40)):011x}",
        key=draw(_name), upstream=draw(_name), model=draw(_name), run=run, task=draw(_name) if run else "",
        outcome=outcome, class_=class_, cause=cause, tip=tip, total_s=total_s,
        tokens_in=draw(st.none() | st.integers(0, 9)), tokens_out=draw(st.none() | st.integers(0, 9)),
        cost_usd=draw(st.none() | st.floats(0, 1)), cache_why="l1" if outcome == "hit" else draw(_why),
    )  # fmt: skip


def ledger_of(path: Path, entries: Sequence[Entry], *, rolled: int) -> None:
    """A ledger with these.   rolled: those that its rollups have, the newest first, as after an upgrade; -1 for all."""
    file = LedgerFile(path)
    rows = [row_of(one, "someone") for one in entries]
    for at in range(0, len(rows), 7):
        file.write(rows[at : at + 7], [])
    file.close()
    if rolled >= 0:
        older(path, 2)
        file = LedgerFile(path)
        while rolled > 0 and roll(file, min(rolled, 3)):
            rolled -= 3
        file.close()
