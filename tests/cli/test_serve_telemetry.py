"""What a running `beast serve` tells: log lines on stderr, traces to a collector, metrics, and the bodies it keeps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from beastmode.store.ledger.entry import Entry
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.testing.chaos import Chaos, Trouble
from beastmode.testing.threads import in_thread
from beastmode.testing.wire import Message
from tests.cli.test_serve import beast
from tests.cli.test_serve_ending import FREE
from tests.gateway.served import records
from tests.processes import eventually
from tests.telemetry.collector import Collector

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
KEY = "canary_of_the_gateway_7"
"""A form that no pattern knows."""


@dataclass(slots=True)
class Told:
    """url: of the gateway.   end: tells it to end, and gives its lines on stderr but for the one of its start."""

    url: str
    end: Callable[[], list[dict[str, Any]]]


@contextmanager
def served(upstream: str, home: Path, *flags: str, **variables: str) -> Iterator[Told]:
    command = beast(
        "serve", "--upstream", upstream, "--port", "0", *FREE, "--log-format", "json", *flags, home=home
    )
    gateway = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **variables})
    stderr = gateway.stderr
    assert stderr

    def end() -> list[dict[str, Any]]:
        gateway.send_signal(signal.SIGTERM)
        said = stderr.read()  # not `communicate`: what has been read ahead would be lost
        assert gateway.wait(timeout=60) == 0
        return [*before, *map(json.loads, said.splitlines())]

    try:
        before = [json.loads(stderr.readline())]
        while before[-1]["event"] != "started":
            before.append(json.loads(stderr.readline()))
        yield Told(before.pop()["url"], end)
    finally:
        gateway.kill()
        gateway.communicate()


def ask(url: str, *, fails: bool = False, stream: bool = False, words: str = "hello") -> int:
    """One chat request; `fails` is for the plan below."""
    body = {"model": "m-fails" if fails else "m", "stream": stream, "messages": [{"content": words}]}
    headers = {
        "traceparent": f"00-{TRACE}-{PARENT}-01",
        "tracestate": "a=b",
        "Authorization": "Bearer its-own",
    }
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.read()
        return error.code


def plan(request: Message) -> Trouble:
    return Trouble(status=400) if b"m-fails" in request.body else Trouble()


def kept(home: Path) -> list[Entry]:
    """The records with their bodies, oldest first."""
    reader = LedgerReader(ledger_path(home))
    try:
        return [reader.find(one.id) for one in records(home)]
    finally:
        reader.close()


def test_failures_are_lines_with_class_and_tip_and_its_end_is_told(tmp_path: Path) -> None:
    with in_thread(Chaos(plan=plan)) as chaos, served(chaos.url, tmp_path) as told:
        assert [ask(told.url), ask(told.url, fails=True)] == [200, 400]
        failed, draining, stopped = told.end()
    (_, record) = records(tmp_path)
    assert (failed["event"], failed["level"], failed["id"]) == ("request_ended", "warning", record.id)
    assert (failed["class"], failed["status"], failed["tip"]) == ("bad_request", 400, record.tip)
    assert draining["event"] == "draining"
    assert stopped.items() >= {"event": "stopped", "received": 2, "upstream_ok": 1, "failed": 1}.items()


def test_at_debug_each_request_is_told_twice_and_no_secret_is(tmp_path: Path) -> None:
    chaos = Chaos(plan=plan)
    flags = ("--log-level", "debug", "--upstream-key-env", "CANARY_KEY")
    with in_thread(chaos), served(chaos.url, tmp_path, *flags, CANARY_KEY=KEY) as told:
        ask(told.url, fails=True, words=f"is {KEY} your key?")
        lines = told.end()
        assert [request.header("authorization") for request in chaos.requests] == [f"Bearer {KEY}"]
    assert [line["event"] for line in lines] == ["request_received", "request_ended", "draining", "stopped"]
    assert KEY not in json.dumps(lines)
    (record,) = kept(tmp_path)
    assert record.sent
    assert "secrets" in record.sent.flaw
    assert record.request_body
    assert b"is *** your key?" in record.request_body


def test_an_alarm_is_told_when_it_is_raised(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    ledger_path(home).write_bytes(b"no ledger at all" * 100)
    with in_thread(Chaos()) as chaos, served(chaos.url, home) as told:
        assert ask(told.url) == 200
        alarm = told.end()[0]
    assert (alarm["event"], alarm["level"]) == ("alarm", "error")
    assert "Move the file away" in alarm["tip"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_is_a_span_below_its_clients_whose_headers_pass_untouched(
    tmp_path: Path, stream: bool
) -> None:
    with ExitStack() as stack:
        chaos = stack.enter_context(in_thread(Chaos(plan=plan)))
        collector = stack.enter_context(in_thread(Collector()))
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        told = stack.enter_context(served(chaos.url, tmp_path, "--otel", "on", **variables))
        assert [ask(told.url, stream=stream), ask(told.url, stream=stream, fails=True)] == [200, 400]
        told.end()
        eventually(lambda: len(collector.spans) == 2)
        spans = sorted(collector.spans, key=lambda one: one.start_unix)
        assert [(one.name, one.trace, one.parent) for one in spans] == [
            ("chat m", TRACE, PARENT),
            ("chat m-fails", TRACE, PARENT),
        ]
        assert [one.attributes.get("error.type") for one in spans] == [None, "bad_request"]
        assert spans[0].attributes["gen_ai.usage.input_tokens"] == 8
        for request in chaos.requests:
            assert request.header("traceparent") == f"00-{TRACE}-{PARENT}-01"
            assert request.header("tracestate") == "a=b"


@pytest.mark.parametrize(
    ("record", "wanted"),
    [("failures", [False, False, True]), ("all", [True, True, True]), ("none", [False] * 3)],
)
def test_bodies_are_kept_as_asked(tmp_path: Path, record: str, wanted: Sequence[bool]) -> None:
    with in_thread(Chaos(plan=plan)) as chaos, served(chaos.url, tmp_path, "--record", record) as told:
        assert [ask(told.url), ask(told.url, stream=True), ask(told.url, fails=True)] == [200, 200, 400]
        told.end()
    found = kept(tmp_path)
    assert [entry.request_body is not None for entry in found] == wanted
    assert [bool(entry.answer_body) for entry in found] == wanted
    if record == "all":
        assert (found[1].answer_body or b"").endswith(b"data: [DONE]\n\n")
        assert found[0].sent
        assert found[0].sent.flaw == ""


def test_metrics_are_prometheus_with_one_series_for_each_outcome_and_count_no_page(tmp_path: Path) -> None:
    with in_thread(Chaos(plan=plan)) as chaos, served(chaos.url, tmp_path) as told:
        ask(told.url)
        ask(told.url, fails=True)
        for page in ("/livez", "/readyz", "/metrics"):
            urllib.request.urlopen(f"{told.url}{page}", timeout=30).read()
        with urllib.request.urlopen(f"{told.url}/metrics", timeout=30) as answer:
            assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
            text = answer.read().decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    assert {(one.name, *one.labels.values()): one.value for one in samples} == {
        ("beast_requests_received_total",): 2,
        ("beast_requests_in_flight",): 0,
        ("beast_requests_total", "upstream_ok"): 1,
        ("beast_requests_total", "failed"): 1,
    } | {("beast_requests_total", name): 0 for name in ("hit", "shared", "rejected", "cancelled")}
    assert [list(one.labels) for one in samples if one.name == "beast_requests_total"] == [["outcome"]] * 6
