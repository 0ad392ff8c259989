"""Homes of which a part cannot be read: every page says which file it is and what to do, shows all else, and the rest
comes back by itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from beastmode import Roadmap, Task, run
from beastmode.compose.ui.door import HomeDoor
from beastmode.compose.ui.serving import sources_of
from beastmode.dashboard.app import dashboard
from beastmode.store.entries.file import EntriesFile, EntryRow, cache_path
from beastmode.store.keys.key import KeyLimits
from beastmode.store.keys.store import KeyStore
from beastmode.store.ledger.file import ledger_path
from tests.processes import eventually
from tests.store.ledgers import end, entry, opened

WHOLE = "This page cannot be shown"
TASK, BAD = "/runs/r1/tasks/bad", "/failures?since=all"
SHOWN = {
    "/": "requests a second",
    "/runs": "Month 1",
    "/runs/r1": "exit code",
    TASK: "exit code",
    "/requests": "slow down",
    BAD: "slow down",
    "/cache": "m-small",
    "/settings": "Where all is kept",
}
"""Every page, and something that it shows."""
MISSES = {
    "journal.db": {
        "/": ("Runs cannot be read", "requests a second"),
        "/runs": (WHOLE, ""),
        "/runs/r1": (WHOLE, ""),
        TASK: (WHOLE, ""),
        BAD: ("Failures of attempts cannot be read", "slow down"),
        "/settings": ("Runs cannot be read", "Where all is kept"),
    },
    "ledger.db": {
        "/": ("Requests cannot be read", "r1 (Month 1) ended failed"),
        TASK: ("What it asked its model cannot be read", "exit code"),
        "/requests": (WHOLE, ""),
        BAD: ("Failures of requests cannot be read", "exit code"),
        "/cache": ("Why requests were not answered from it cannot be read", "m-small"),
    },
    "cache.db": {"/cache": ("The cache cannot be read", "The last day")},
}
"""The pages that miss something without a file: what they say, and what they show all the same."""
PAGE_BYTES = 4096
NOBODY = 65534
HOLDS = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA locking_mode = EXCLUSIVE")
db.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


async def fill_ledger(home: Path) -> None:
    ledger = opened(ledger_path(home))
    told = {"class_": "rate_limit", "cause": "slow down", "tip": "Ask less."}
    for number in range(300):
        request = entry(time.time() - number, **(told if number % 2 else {}), run="r1", task="bad")
        ledger.begin(request)
        await ledger.leaves(request)
        end(ledger, request, "failed" if number % 2 else "upstream_ok")
    await ledger.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a run, requests and answers; nobody is at work there."""
    home = tmp_path_factory.mktemp("made") / "home"
    tasks = [Task("bad", ["false"]), *(Task(f"t{number}", ["true"]) for number in range(20))]
    run(Roadmap(tasks, title="Month 1"), home=home, retries=0, durability="process")
    asyncio.run(fill_ledger(home))
    now = time.time()
    with closing(EntriesFile(cache_path(home), now)) as cache:
        row = EntryRow(b"k", cache.moment().generation, now, now + 9e4, "m-small", 9, b"an answer")
        cache.write([row._replace(key=b"%d" % number) for number in range(200)])
    for path in home.glob("*.db"):
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "home", ignore=shutil.ignore_patterns("*-wal", "*-shm")))


def browser(home: Path) -> TestClient:
    app = dashboard(sources_of(home), HomeDoor("secret"))
    return TestClient(app, base_url="http://127.0.0.1:8090")  # what it raises is no fault of the app


def see(here: TestClient, home: Path, file: str = "") -> None:
    """Every page says what it misses, where and what to do, and shows what is well.   file: "" where all is."""
    for path, usual in SHOWN.items():
        answer = here.get(path)
        text = unescape(answer.text)
        says, shows = MISSES.get(file, {}).get(path, ("", usual))
        assert answer.status_code == (503 if says == WHOLE else 200), path
        assert (says in text, shows in text) == (True, True), path
        assert f"{home / file}: " in text or not says, path
        assert ("cannot be read</h" in text) == bool(says and says != WHOLE), path
    if file:
        eventually(lambda: f"<strong>{home / file}: " in unescape(here.get("/").text), "the banner")


def garbage(path: Path) -> None:
    path.write_bytes(b"garbage!" * 5000)


def middle(path: Path) -> None:
    """All pages but the first."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(PAGE_BYTES)
        file.write(b"\xa5" * (size - PAGE_BYTES))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // PAGE_BYTES // 3 * PAGE_BYTES)


def stump(path: Path) -> None:
    os.truncate(path, 1000)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        if path.name == "journal.db":
            db.execute("PRAGMA user_version = 99")
        else:
            db.execute(f"UPDATE {path.stem}_format SET version = 99")
        db.commit()


@pytest.mark.parametrize("damage", [garbage, middle, cut, stump, folder, newer])
@pytest.mark.parametrize("file", MISSES)
def test_a_file_that_cannot_be_read_takes_its_own_parts_away_and_no_others_until_it_is_put_right(
    home: Path, file: str, damage: Callable[[Path], None]
) -> None:
    path = home / file
    well = path.read_bytes()
    damage(path)
    here = browser(home)
    see(here, home, file)
    shutil.rmtree(path, ignore_errors=True)
    path.write_bytes(well)  # where it lies: the same file, for SQLite
    see_well(here, home)


def test_a_run_whose_events_are_damaged_takes_no_other_run_away(home: Path) -> None:
    other = Roadmap([Task("b", ["true"])], title="Month 2")
    run(other, home=home, durability="process")
    with closing(sqlite3.connect(home / "journal.db")) as db:
        db.execute("UPDATE events SET data = replace(data, '\"median\"', '\"nonsense\"') WHERE run = 1")
        db.execute("UPDATE events SET data = '[' WHERE run = 1 AND kind = 'session_ended'")
        db.commit()
    here = browser(home)
    shown = unescape(here.get("/runs").text)
    assert ("Month 1" in shown, "Month 2" in shown, "cannot be read: " in shown) == (True, True, True)
    assert [here.get(path).status_code for path in ("/runs/r1", "/runs/r2")] == [503, 200]
    assert f"<strong>{home}/journal.db: " in unescape(here.get("/").text)


def test_an_event_that_says_what_no_runner_writes_is_damage_and_no_fault_of_the_page(home: Path) -> None:
    with closing(sqlite3.connect(home / "journal.db")) as db:
        db.execute("UPDATE events SET data = '{\"failure\": 5}' WHERE kind = 'attempt_ended'")
        db.commit()
    here = browser(home)
    for path, status in (("/runs/r1", 503), ("/runs/r1", 503), (BAD, 200), (BAD, 200), ("/runs", 200)):
        answer = here.get(path)
        assert (answer.status_code, "the events make no sense" in unescape(answer.text)) == (status, True), (
            path
        )


@pytest.mark.parametrize("column", ["total_s", "cause", "tokens_in"])
def test_a_row_with_a_value_that_is_none_is_damage_and_no_fault_of_the_page(home: Path, column: str) -> None:
    with closing(sqlite3.connect(home / "ledger.db")) as db:
        db.execute(f"UPDATE requests SET {column} = x'ff00'")
        db.commit()
    here = browser(home)
    for path, status in (("/requests", 503), (TASK, 200)):
        answer = here.get(path)
        said = f"has no sensible {column}: it is damaged" in unescape(answer.text)
        assert (answer.status_code, said) == (status, True), path


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process keeps the file for itself."""
    command = [sys.executable, "-c", HOLDS, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        yield
        process.communicate()


@pytest.mark.parametrize("file", MISSES)
def test_a_file_that_another_process_keeps_for_itself_is_waited_for_a_moment_and_said(
    home: Path, file: str
) -> None:
    with held(home / file):
        see(here := browser(home), home, file)
    see_well(here, home)


@contextmanager
def another_user() -> Iterator[None]:
    """Rights hold for this process, too."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if was == 0:
            os.seteuid(was)


@pytest.mark.parametrize("file", MISSES)
def test_a_file_that_one_may_not_read_says_so_until_one_may(made: Path, file: str) -> None:
    with tempfile.TemporaryDirectory() as around:  # the folders of pytest are its user's alone
        home = Path(around) / "home"
        shutil.copytree(made, home, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
        browser(home).get("/")  # loads all that is needed
        for path in (Path(around), home, *home.rglob("*")):
            if os.geteuid() == 0:
                os.chown(path, NOBODY, NOBODY)
        with another_user():
            os.chmod(home / file, 0)
            here = browser(home)
            see(here, home, file)
            os.chmod(home / file, 0o600)
            see_well(here, home)


def no_text(path: Path) -> None:
    with closing(KeyStore(path)) as store:
        store.add("ci", KeyLimits(), 1e9)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE keys SET name = CAST(x'ff' AS TEXT)")
        db.commit()


@pytest.mark.parametrize("damage", [garbage, no_text, Path.mkdir])
def test_keys_that_cannot_be_read_are_said_in_their_place(home: Path, damage: Callable[[Path], None]) -> None:
    damage(home / "keys.db")
    answer = browser(home).get("/settings")
    text = unescape(answer.text)
    assert (answer.status_code, "They cannot be read" in text, "Where all is kept" in text) == (
        200,
        True,
        True,
    )
    assert f"{home}/keys.db: " in text


def test_a_home_that_one_may_not_look_into_says_so_on_every_page() -> None:
    with tempfile.TemporaryDirectory() as around:
        home = Path(around) / "home"
        home.mkdir()
        browser(home).get("/settings")
        for path in (Path(around), home):
            if os.geteuid() == 0:
                os.chown(path, NOBODY, NOBODY)
        with another_user():
            home.chmod(0)
            here = browser(home)
            for page in SHOWN:
                answer = here.get(page)
                assert answer.status_code in (200, 503), page
                assert "Permission denied" in answer.text, page
            home.chmod(0o700)
            assert "cannot be" not in here.get("/settings").text


@pytest.mark.parametrize("file", MISSES)
def test_pages_are_told_that_a_file_is_damaged_or_put_right_and_of_what_is_well_meanwhile(
    home: Path, file: str
) -> None:
    path, sources = home / file, sources_of(home)
    well, version = path.read_bytes(), sources.version()
    garbage(path)
    damaged = sources.version()
    assert damaged != version
    for other in {"journal.db", "ledger.db"} - {file}:
        with closing(sqlite3.connect(home / other)) as db:
            db.execute("CREATE TABLE something_is_written (x)")
        before, damaged = damaged, sources.version()
        assert damaged != before, other
    path.write_bytes(well)
    assert sources.version() != damaged


def see_well(here: TestClient, home: Path) -> None:
    eventually(lambda: "cannot be read" not in here.get("/").text, "the banner goes")
    see(here, home)
