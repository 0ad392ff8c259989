"""The ledger of a real `beast serve`: what happens where it cannot be written, and how it makes room."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from beastmode.store.entries.file import cache_path
from beastmode.store.ledger.entry import Entry
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.writing.ledger import Ledger
from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from tests.cli.test_serve import beast
from tests.gateway.served import records
from tests.processes import eventually

ASKED = json.dumps({"model": "m-small", "messages": [{"role": "user", "content": "hello"}]}).encode()
FREE = ("--rate", "none", "--upstream-concurrency", "none")


@dataclass(slots=True)
class Served:
    """A `beast serve`.   said: the lines of its stderr."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        (line,) = [line for line in self.said if line.startswith("Serving http")]
        return line.split()[1]

    @property
    def alarms(self) -> list[str]:
        return [line for line in self.said if line.startswith("beast: alarm:")]

    def ask(self) -> tuple[int, dict[str, Any]]:
        return asked(urllib.request.Request(f"{self.url}/v1/chat/completions", ASKED))

    def ready(self) -> tuple[int, dict[str, Any]]:
        return asked(urllib.request.Request(f"{self.url}/readyz"))


def asked(request: urllib.request.Request) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@contextmanager
def served(home: Path, *flags: str) -> Iterator[Served]:
    with in_thread(ModelServer()) as server:
        command = beast("serve", "--upstream", server.url, "--port", "0", *FREE, *flags, home=home)
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        one = Served(process)
        stderr = process.stderr
        assert stderr is not None
        reading = Thread(target=lambda: one.said.extend(iter(stderr.readline, "")), daemon=True)
        reading.start()
        try:
            eventually(lambda: [line for line in one.said if line.startswith("Serving http")])
            yield one
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()
            reading.join(10)
            stderr.close()


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process than the gateway holds a file of its."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB, where this may be had."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("a tmpfs cannot be mounted here; run CI as root")
        pytest.skip("needs root to mount a small tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_ledger_that_another_process_holds_is_an_alarm_and_traffic_passes(tmp_path: Path) -> None:
    with served(tmp_path) as gateway:
        assert gateway.ready() == (200, {"ready": True, "reason": ""})
        with held(ledger_path(tmp_path)):
            for _ in range(5):
                assert gateway.ask()[0] == 200
            eventually(lambda: gateway.alarms)
            status, told = gateway.ready()
            assert (status, told["ready"]) == (503, False)
            assert "Another process holds it" in told["reason"]
        eventually(lambda: gateway.ready()[0] == 200, "the ledger goes on by itself")
        eventually(lambda: "beast: the ledger can be written again; no record is lost\n" in gateway.said)
        assert len(gateway.alarms) == len(set(gateway.alarms))
    assert [entry.outcome for entry in records(tmp_path)] == ["upstream_ok"] * 5


def test_a_full_disk_is_an_alarm_and_traffic_passes(disk: Path) -> None:
    with served(disk) as gateway:
        with (disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4096))
        sent = 0
        while not gateway.alarms:
            assert gateway.ask()[0] == 200
            sent += 1
        assert "full" in gateway.alarms[0]
        assert "Free space on the disk that holds the ledger" in gateway.ready()[1]["reason"]
        (disk / "filler").unlink()
        eventually(lambda: gateway.ready()[0] == 200, "the ledger goes on by itself")
    assert [entry.outcome for entry in records(disk)] == ["upstream_ok"] * sent


def test_a_folder_that_was_removed_is_an_alarm_and_the_ledger_begins_anew(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with served(home) as gateway:
        assert gateway.ask()[0] == 200
        shutil.rmtree(home)
        eventually(lambda: gateway.ask()[0] == 200 and gateway.alarms)
        assert "deleted" in gateway.alarms[0]
        eventually(lambda: gateway.ready()[0] == 200)
        assert gateway.ask()[0] == 200
    assert records(home)[-1].outcome == "upstream_ok"


def test_a_cache_that_another_process_holds_is_told_and_traffic_passes(tmp_path: Path) -> None:
    numbers = count()

    def told(gateway: Served, words: str) -> bool:
        body = json.dumps({**json.loads(ASKED), "temperature": 0, "seed": next(numbers)}).encode()
        assert asked(urllib.request.Request(f"{gateway.url}/v1/chat/completions", body))[0] == 200
        return any(words in line for line in gateway.said)

    with served(tmp_path) as gateway:
        assert not told(gateway, "beast: alarm:")
        with held(cache_path(tmp_path)):
            eventually(lambda: told(gateway, f"beast: alarm: {cache_path(tmp_path)}"))
        eventually(lambda: told(gateway, "beast: the cache can be used again"))


def test_a_strict_ledger_refuses_what_it_cannot_record(tmp_path: Path) -> None:
    with served(tmp_path, "--ledger", "strict") as gateway:
        with held(ledger_path(tmp_path)):
            status, told = gateway.ask()
            assert status == 503
            assert "Another process holds it" in told["error"]["message"]
            assert "Requests pass again as soon as the ledger can be written" in told["error"]["message"]
        eventually(lambda: gateway.ask()[0] == 200, "requests pass again by themselves")
    kept = [entry.outcome for entry in records(tmp_path)]
    assert kept[0] == "rejected"
    assert kept[-1] == "upstream_ok"


def test_a_strict_ledger_that_cannot_be_opened_serves_nothing(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"something else, and not a ledger\n" * 100)
    command = beast(
        "serve", "--upstream", "http://127.0.0.1:9", "--port", "0", "--ledger", "strict", home=tmp_path
    )
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 74
    assert "Move the file away" in ended.stderr


def filled(home: Path, requests: int, received_unix: float) -> None:
    """A ledger of as many requests, all received then."""
    home.mkdir(exist_ok=True)
    ledger = Ledger(ledger_path(home))

    async def fill() -> None:
        for number in range(requests):
            entry = Entry(
                received_unix=received_unix + number / 1e3, outcome="upstream_ok", answer_body=b"x" * 200
            )
            ledger.begin(entry)
            ledger.end(entry)
            if number % 1000 == 0:
                await asyncio.sleep(0.05)
        await ledger.close()

    asyncio.run(fill())


@pytest.mark.parametrize(
    ("flags", "kept"), [(("--keep-requests", "1h"), 0), (("--ledger-size", "3MB"), 10_000)]
)
def test_old_requests_make_room_while_new_ones_pass(
    tmp_path: Path, flags: tuple[str, str], kept: int
) -> None:
    filled(tmp_path, 20_000, time.time() - 7200)
    before = ledger_path(tmp_path).stat().st_size
    with served(tmp_path, *flags) as gateway:
        sent = 0
        while len(records(tmp_path)) - sent > kept:
            assert gateway.ask()[0] == 200
            sent += 1
    assert sent
    new = [entry for entry in records(tmp_path) if entry.model == "m-small"]
    assert [entry.outcome for entry in new] == ["upstream_ok"] * sent
    assert ledger_path(tmp_path).stat().st_size < before
