"""How `beast serve` ends: drained by TERM, cut by a second signal, killed; each request keeps its record."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from beastmode.compose.serve.signs import Left, killed_in, signs_in
from beastmode.testing.chaos import Chaos, Trouble
from beastmode.testing.threads import in_thread
from tests.cli.test_serve import beast
from tests.gateway.served import records
from tests.processes import eventually

STREAMED = json.dumps({"model": "m", "stream": True, "messages": []}).encode()
FREE = ("--rate", "none", "--upstream-concurrency", "none")


@contextmanager
def served(upstream: str, home: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A real `beast serve`; gives its process and its URL."""
    command = beast("serve", "--upstream", upstream, "--port", "0", *(flags or FREE), home=home)
    gateway = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert gateway.stderr
        url = re.search(r"http://127\.0\.0\.1:\d+", gateway.stderr.readline())
        assert url
        yield gateway, url[0]
    finally:
        gateway.kill()
        gateway.communicate()


class Asking(threading.Thread):
    """One request in a thread.   said: its whole answer, or why there is none."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.said = url, ""
        self.start()

    def run(self) -> None:
        request = urllib.request.Request(f"{self.url}/v1/chat/completions", STREAMED)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                self.said = answer.read().decode()
        except urllib.error.HTTPError as error:
            self.said = f"{error.code} {error.read().decode()}"
        except (OSError, ValueError, http.client.HTTPException) as error:
            self.said = type(error).__name__


def outcomes(home: Path) -> list[str]:
    return sorted(str(entry.outcome) for entry in records(home))


def test_streams_in_the_middle_end_well_after_term(tmp_path: Path) -> None:
    dripping = Chaos(plan=lambda request: Trouble(fault="slow_drip"), drip_s=0.01)
    flags = (*FREE, "--drain", "100s")
    with in_thread(dripping) as chaos, served(chaos.url, tmp_path, *flags) as (gateway, url):
        asking = [Asking(url) for _ in range(50)]
        eventually(lambda: len(chaos.requests) == 50)
        gateway.send_signal(signal.SIGTERM)
        eventually(lambda: not asked_once(url).startswith("data"), "new requests are refused")
        assert gateway.wait(110) == 0
        for one in asking:
            one.join(5)
        assert [one.said.endswith("data: [DONE]\n\n") for one in asking] == [True] * 50
    assert outcomes(tmp_path).count("upstream_ok") >= 50


def asked_once(url: str) -> str:
    one = Asking(url)
    one.join(30)
    return one.said


def test_those_in_line_are_told_and_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    hanging = Chaos(plan=lambda request: Trouble(fault="hang_before_headers"))
    flags = ("--rate", "none", "--upstream-concurrency", "1")
    with in_thread(hanging) as chaos, served(chaos.url, tmp_path, *flags) as (gateway, url):
        first = Asking(url)
        eventually(lambda: len(chaos.requests) == 1)
        second = Asking(url)
        eventually(lambda: in_flight(url) == 2)
        gateway.send_signal(signal.SIGTERM)
        second.join(20)
        assert second.said.startswith("503")
        assert "shutting down" in second.said
        assert gateway.poll() is None
        told = time.monotonic()
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(20) == -signal.SIGTERM
        assert time.monotonic() - told < 15  # its drain would take 30 s
        first.join(20)
    assert outcomes(tmp_path) == ["failed", "rejected"]


def test_what_the_end_of_the_drain_cuts_is_told_in_the_words_of_its_dialect(tmp_path: Path) -> None:
    hanging = Chaos(plan=lambda request: Trouble(fault="hang_before_headers"))
    with in_thread(hanging) as chaos, served(chaos.url, tmp_path, *FREE, "--drain", "1s") as (gateway, url):
        one = Asking(url)
        eventually(lambda: len(chaos.requests) == 1)
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(20) == 0
        one.join(20)
    assert one.said.startswith('503 {"error"')
    assert "ended before its answer was complete" in one.said
    (entry,) = records(tmp_path)
    assert (entry.outcome, entry.class_, entry.status) == ("failed", "killed", 503)


def test_a_stream_that_the_end_of_the_drain_cuts_ends_with_an_error_event(tmp_path: Path) -> None:
    hanging = Chaos(plan=lambda request: Trouble(fault="hang_mid_stream"))
    with in_thread(hanging) as chaos, served(chaos.url, tmp_path, *FREE, "--drain", "1s") as (gateway, url):
        one = Asking(url)
        eventually(lambda: len(chaos.requests) == 1)
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(20) == 0
        one.join(20)
    assert "ended before its answer was complete" in one.said.splitlines()[-2]


@pytest.fixture
def at_a_terminal() -> Iterator[None]:
    """The tests themselves may run under nohup, which those that they start would inherit."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("at_a_terminal")
def test_a_terminal_that_is_closed_drains_as_term_does(tmp_path: Path) -> None:
    dripping = Chaos(plan=lambda request: Trouble(fault="slow_drip"), drip_s=0.002)
    with in_thread(dripping) as chaos, served(chaos.url, tmp_path) as (gateway, url):
        one = Asking(url)
        eventually(lambda: len(chaos.requests) == 1)
        gateway.send_signal(signal.SIGHUP)
        assert gateway.wait(60) == 0
        one.join(20)
    assert one.said.endswith("data: [DONE]\n\n")
    assert outcomes(tmp_path) == ["upstream_ok"]


def in_flight(url: str) -> int:
    with urllib.request.urlopen(f"{url}/metrics", timeout=20) as answer:
        said = answer.read().decode()
    return int(float(said.rpartition("in_flight ")[2].split()[0]))


def test_what_had_left_has_its_row_after_kill_9(tmp_path: Path) -> None:
    def plan(request: object) -> Trouble:
        return Trouble(fault="hang_before_headers") if len(chaos.requests) % 2 else Trouble()

    with in_thread(Chaos(plan=plan)) as chaos, served(chaos.url, tmp_path) as (gateway, url):
        asking = [Asking(url) for _ in range(40)]
        eventually(lambda: len(chaos.requests) == 40)
        gateway.kill()
        gateway.wait(20)
        for one in asking:
            one.join(20)
        reached = len(chaos.requests)
    with served("http://127.0.0.1:9", tmp_path):
        kept = outcomes(tmp_path)
    assert reached == len(kept) == 40
    assert set(kept) <= {"unfinished", "upstream_ok"}
    assert "unfinished" in kept


def killed(home: Path) -> list[Left]:
    return killed_in(signs_in(home), time.time())


def test_one_that_was_killed_leaves_word_of_it_and_the_command_that_begins_it_again(tmp_path: Path) -> None:
    with served("http://127.0.0.1:9/v1", tmp_path) as (gateway, url):
        eventually(lambda: [one.url for one in signs_in(tmp_path).at_work] == [url], "it is at work")
        gateway.send_signal(signal.SIGKILL)
        eventually(lambda: killed(tmp_path), "it is told")
    (left,) = killed(tmp_path)
    assert (left.sign.url, left.sign.of) == (url, "serve")
    assert left.sign.command.startswith(f"cd {Path.cwd()} && beast serve --upstream http://127.0.0.1:9/v1")
    with served("http://127.0.0.1:9/v1", tmp_path) as (gateway, url):
        eventually(
            lambda: [one.url for one in signs_in(tmp_path).at_work] == [url], "the next one is at work"
        )
        eventually(lambda: not signs_in(tmp_path).left, "nothing is left of the other")
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(30) == 0
    assert signs_in(tmp_path) == ([], [])
