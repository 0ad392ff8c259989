"""What gateways at work say of themselves, as the dashboard reads it: real ones, and such as do not answer."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from beastmode.compose.serve.seen import Seen
from beastmode.compose.serve.settings.choice import Chosen
from beastmode.compose.serve.signs import Sign, shown
from beastmode.compose.ui import live as ui_live
from beastmode.compose.ui.live import Gateways
from beastmode.dashboard.sources.live import Gauge, TierNow, UpstreamNow
from beastmode.settings import Rate
from beastmode.testing.model_server import ModelServer, Script
from tests.compose.coding.gateways import ask, attempt, played, question, run_gateway
from tests.dashboard.reading import gateway_now
from tests.gateway.served import gateway
from tests.processes import LONG_S, eventually
from tests.servers import CERTIFICATE


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine."""
    monkeypatch.setattr(ui_live, "PATIENCE_S", LONG_S)


async def seen_by(reader: Gateways, true: Callable[[], object]) -> None:
    await asyncio.to_thread(eventually, true)


@played
async def test_a_gateway_is_found_and_its_figures_are_those_of_the_pages(tmp_path: Path) -> None:
    reader = Gateways(tmp_path)
    seen = Seen("serve", [Chosen("rate", "8/s", "--rate", "main")])
    async with (
        ModelServer(Script()) as server,
        gateway(server.url, tmp_path, seen=seen, rates=(Rate(90, 60.0),), concurrency=3, cache="all") as url,
    ):
        for _ in range(2):
            await ask(url, question(model="m-small"))
        (told,) = await asyncio.to_thread(reader.gateways)
    assert (told.url, told.of, told.in_flight, told.waiting, told.alarms) == (url, "serve", 0, 0, [])
    (upstream,) = told.upstreams
    assert upstream == UpstreamNow("main", "well", "", None, 0, upstream.gauges, server.url)
    assert upstream.gauges[1] == Gauge("in flight", 0, 3)
    memory = told.tiers[0]
    assert memory == TierNow("l1", 1, memory.bytes, 64_000_000, 1, 1, memory.p50_s, memory.p99_s, "on")
    for tier in told.tiers:
        assert 0 < (tier.p50_s or 0) <= (tier.p99_s or 0)  # one look was made in the database, too
    assert told.settings[0]["where"] == "--rate"


@played
async def test_one_that_has_much_to_say_is_heard_to_the_end(tmp_path: Path) -> None:
    seen = Seen("serve", [Chosen("rate", "8/s", "--rate", f"upstream-{number}") for number in range(5_000)])
    async with ModelServer(Script()) as server, gateway(server.url, tmp_path, seen=seen):
        (told,) = await asyncio.to_thread(Gateways(tmp_path).gateways)
    assert len(told.settings) == 5_000


@played
async def test_the_gateway_of_a_run_says_which_run_it_is(tmp_path: Path) -> None:
    reader = Gateways(tmp_path)
    async with ModelServer(Script()) as server, run_gateway(server.url, tmp_path, run="r7") as gateway:
        await gateway.open(attempt(run="r7"))
        (told,) = await asyncio.to_thread(reader.gateways)
    assert told.of == "r7"
    assert {one["origin"] for one in told.settings} == {"run"}
    assert await asyncio.to_thread(Gateways(tmp_path).gateways) == []


@played
async def test_a_gateway_that_serves_https_by_another_name_is_asked_all_the_same(tmp_path: Path) -> None:
    tls = {"tls_cert": CERTIFICATE, "tls_key": CERTIFICATE}
    async with ModelServer(Script()) as server, gateway(server.url, tmp_path, seen=Seen("serve"), **tls):
        (told,) = await asyncio.to_thread(Gateways(tmp_path).gateways)
    assert told.url.startswith("https://127.0.0.1:")


@played
async def test_its_version_changes_with_what_they_say_and_only_then(tmp_path: Path) -> None:
    reader, slow = Gateways(tmp_path), Script(work_s=lambda asked: 3.0)
    assert reader.version() == "none"
    async with ModelServer(slow) as server, gateway(server.url, tmp_path, seen=Seen("serve")) as url:
        await seen_by(reader, lambda: reader.version() != "none")
        idle, asked = reader.version(), reader._asked
        await seen_by(reader, lambda: reader.version() and reader._asked > asked)
        assert reader.version() == idle
        asking = asyncio.ensure_future(ask(url, question(model="m-small")))
        await seen_by(reader, lambda: reader.version() != idle)
        await asking


def test_one_that_does_not_answer_is_left_out_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui_live, "PATIENCE_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sign = Sign(f"http://127.0.0.1:{silent.getsockname()[1]}", "t", "serve", 1e9)
        with shown(tmp_path, sign, print):
            assert list(Gateways(tmp_path).gateways()) == []  # it would wait for ever


def test_what_a_gateway_has_said_stands_for_a_moment_where_it_is_too_busy_to_say_it_again(
    tmp_path: Path,
) -> None:
    reader = Gateways(tmp_path)
    reader._know({"a": gateway_now(), "b": gateway_now(of="r7")})
    reader._know({"a": None, "b": gateway_now(of="r7", waiting=9)})
    assert [(one.of, one.waiting) for one in reader._gateways] == [("serve", 5), ("r7", 9)]
    reader._know({"b": None})  # the other has ended
    assert [one.of for one in reader._gateways] == ["r7"]


def test_a_home_without_gateways_has_none(tmp_path: Path) -> None:
    assert list(Gateways(tmp_path / "nowhere").gateways()) == []


def test_nobody_is_asked_when_nobody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui_live, "EVERY_S", 0.02)
    monkeypatch.setattr(ui_live, "REST_S", 0.1)
    reader = Gateways(tmp_path)
    reader.version()
    thread = reader._thread
    assert isinstance(thread, threading.Thread)
    thread.join(30)
    assert not thread.is_alive()
    reader.version()  # and it goes on when somebody does again
    assert reader._thread is not thread
