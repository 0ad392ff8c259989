"""A home as the page of settings shows it: its files, its keys, and what holds for a run at work."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from beastmode import Roadmap, Task, run
from beastmode.compose.ui.home import Home, settings_of
from beastmode.compose.ui.keys import HomeKeys
from beastmode.compose.ui.runs.reader import JournalRuns
from beastmode.settings import parse_rates
from beastmode.store.allowance import parse_allowances
from beastmode.store.entries.file import EntriesFile, cache_path
from beastmode.store.keys.file import keys_path
from beastmode.store.keys.key import KeyLimits
from beastmode.store.keys.store import KeyStore

NOON = 1_764_072_000.0


def test_a_home_that_is_not_there_yet_is_told_and_not_made(tmp_path: Path) -> None:
    home = tmp_path / "later"
    view = Home(home, JournalRuns(home)).home()
    assert (view.path, {file.bytes for file in view.files}) == (str(home), {None})
    assert view.free_bytes
    assert (HomeKeys(home).keys(), home.exists()) == ([], False)


def test_files_are_told_with_their_size_and_format(tmp_path: Path) -> None:
    run(Roadmap([Task("a", ["true"])], title="t"), home=tmp_path)
    EntriesFile(cache_path(tmp_path), NOON).close()
    keys_path(tmp_path).write_bytes(b"garbage" * 1000)
    files = {file.name: file for file in Home(tmp_path, JournalRuns(tmp_path)).home().files}
    assert (files["journal.db"].version, files["journal.db"].ours) == (1, 1)
    assert (files["cache.db"].version, files["ledger.db"].bytes) == (2, None)
    assert (files["journal.db"].bytes or 0) >= (tmp_path / "journal.db").stat().st_size > 0
    assert (files["keys.db"].bytes, files["keys.db"].version) == (7000, None)


def test_keys_are_told_without_what_opens_them(tmp_path: Path) -> None:
    store = KeyStore(keys_path(tmp_path))
    limits = KeyLimits(
        ("gpt-*",), parse_rates("2/s"), parse_allowances("5usd/day"), frozenset(("metrics",)), NOON
    )
    _, secret = store.add("b-ci", limits, NOON)
    store.add("a-old", KeyLimits(), NOON)
    store.revoke("a-old", NOON)
    store.add("c-any", KeyLimits(), NOON)
    store.close()
    lines = HomeKeys(tmp_path).keys()
    assert [(line.name, line.state) for line in lines] == [
        ("c-any", "valid"),
        ("a-old", "revoked"),
        ("b-ci", "expired"),
    ]
    assert lines[2].limits == "models gpt-*, 2/s, 5usd/day, until 2025-11-25 12:00 UTC"
    assert secret not in repr([dataclasses.asdict(line) for line in lines])


def test_what_holds_for_a_run_is_told_with_who_said_it(tmp_path: Path) -> None:
    run(
        Roadmap([Task("a", ["true"])], title="t"),
        home=tmp_path,
        concurrency=7,
        verify="test 1 --password=hunter2",
    )
    progress = JournalRuns(tmp_path).progress_of("r1")
    assert progress is not None
    progress.changed, progress.people.limits = {"concurrency": 2}, {"concurrency": 2}
    said = {one["name"]: (one["value"], one["origin"]) for one in settings_of(progress)}
    assert said["concurrency"] == ("2", "person")
    assert said["rates"] == ("8/s", "default")
    assert said["retries"] == ("2", "default")
    assert said["verify"][1] == "flag"
    assert "hunter2" not in repr(said)


def test_only_runs_that_somebody_runs_are_shown(tmp_path: Path) -> None:
    run(Roadmap([Task("a", ["true"])], title="t"), home=tmp_path)
    assert Home(tmp_path, JournalRuns(tmp_path)).runs() == []
