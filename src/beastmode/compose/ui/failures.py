"""Failures for the dashboard: those of requests, from the ledger, beside those of attempts, from the journal."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

from beastmode.compose.ui.files.journal import SENSELESS, HomeJournal, senseless
from beastmode.compose.ui.files.ledger import HomeLedger
from beastmode.dashboard.sources.failures import Change, FailureGroup, FailuresFound
from beastmode.dashboard.sources.faults import Fault, or_fault
from beastmode.runner.home import journal_path
from beastmode.runner.troubles import Alike, Troubles
from beastmode.store.journal.journal import JournalReader
from beastmode.store.ledger.reading.first import Firsts, Of, first_seen
from beastmode.store.ledger.reading.groups import Group, groups
from beastmode.store.ledger.reading.reader import LedgerReader

BEFORE_S = 600.0
MOST_TASKS, MOST_CHANGES = 10, 12


class HomeFailures:
    """A `FailureReader` of the ledger and the journal in `home`, either of which may not exist yet. Thread-safe.

    The journal is read once, and then only what has been recorded since.
    """

    def __init__(self, home: Path) -> None:
        self._ledger, self._path = HomeLedger(home), journal_path(home)
        self._journal = HomeJournal(self._path, self._begun_anew)
        self._lock = threading.Lock()
        self._troubles = Troubles()

    def found(self, since_unix: float, most: int) -> FailuresFound:
        with self._lock:
            read = {
                "requests": or_fault(self._in_ledger, since_unix, most),
                "attempts": or_fault(self._in_journal, since_unix),
            }
            faults = {of: groups for of, groups in read.items() if isinstance(groups, Fault)}
            every = [group for groups in read.values() if not isinstance(groups, Fault) for group in groups]
            latest = sorted(every, key=lambda group: -group.last_unix)[:most]
            firsts = {} if "requests" in faults else or_fault(self._firsts)
            known = {} if isinstance(firsts, Fault) else firsts
            return FailuresFound([self._with_before(group, known) for group in latest], faults)

    def _in_ledger(self, since_unix: float, most: int) -> Sequence[FailureGroup]:
        with self._ledger.reader() as ledger:
            return _all_of_requests(ledger, since_unix, most) if ledger else []

    def _firsts(self) -> Firsts:
        with self._ledger.reader() as ledger:
            return first_seen(ledger) if ledger else {}

    def _in_journal(self, since_unix: float) -> Sequence[FailureGroup]:
        try:
            with self._journal.reading() as journal:
                if journal is not None:
                    self._read_on(journal)
        except SENSELESS as error:
            self._begun_anew()  # what was read so far may be wrong as well
            raise senseless(self._path, error) from error
        return [_of_attempts(alike) for alike in self._troubles.alike(since_unix)]

    def _read_on(self, journal: JournalReader) -> None:
        until = journal.last_seq()
        self._troubles.apply_all(journal.troubles(self._troubles.last_seq))
        self._troubles.last_seq = max(self._troubles.last_seq, until)

    def _begun_anew(self) -> None:
        self._troubles = Troubles()

    def _with_before(self, group: FailureGroup, firsts: Firsts) -> FailureGroup:
        """The group with what changed before it began; as it is where that was before the time that was asked for."""
        if group.older:
            return group
        since, until = group.first_unix - BEFORE_S, group.first_unix
        changes = [*self._troubles.changes(since, until), *_new_names(group, firsts, since, until)]
        latest = sorted(changes, key=lambda change: -change[0])[:MOST_CHANGES]
        return replace(group, before=[Change(unix, words) for unix, words in latest])


def _all_of_requests(ledger: LedgerReader, since_unix: float, most: int) -> list[FailureGroup]:
    # Those seen last come first, so all that are wanted are among them.
    ever = groups(ledger, 0.0, most)
    began = {(one.class_, one.cause): one.first_unix for one in ever}
    lately = groups(ledger, since_unix, most) if since_unix else ever
    return [_of_requests(one, began.get((one.class_, one.cause), since_unix) < since_unix) for one in lately]


def _new_names(group: FailureGroup, firsts: Firsts, since: float, until: float) -> list[tuple[float, str]]:
    """The upstreams, models and keys of a group that were first seen in that time, those of a minute together."""
    named: list[tuple[Of, str]] = [
        *(("upstream", name) for name in group.upstreams),
        *(("model", name) for name in group.models),
        *(("key", name) for name in group.keys),
    ]
    new: dict[float, list[str]] = {}
    for of, name in named:
        first = firsts.get((of, name), 0.0)
        if since <= first <= until:
            new.setdefault(first, []).append(f"{of} {name}")
    return [(first, f"seen for the first time: {', '.join(names)}") for first, names in new.items()]


def _of_attempts(alike: Alike) -> FailureGroup:
    newest, tasks = alike.newest, list(alike.tasks)
    return FailureGroup(
        "attempts",
        newest.class_,
        newest.cause,
        newest.tip,
        alike.count,
        alike.first_unix,
        newest.unix,
        tasks[:MOST_TASKS],
        max(0, len(tasks) - MOST_TASKS),
        older=alike.older,
    )


def _of_requests(group: Group, older: bool) -> FailureGroup:
    known = {field.name: getattr(group, field.name) for field in fields(group)}
    return FailureGroup(of="requests", older=older, **known)
