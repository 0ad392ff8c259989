"""The cache as the dashboard reads and clears it: over the files of a real gateway, which hears of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from beastmode.compose.ui import cache as ui_cache
from beastmode.compose.ui.cache import HomeCache
from beastmode.dashboard.sources.faults import Fault
from beastmode.errors import CacheError, PreconditionError
from beastmode.store.entries.file import EntriesFile, EntryRow, cache_path
from beastmode.testing.model_server import ModelServer, Script
from tests.compose.coding.gateways import ask, played, question
from tests.gateway.served import gateway
from tests.processes import eventually


def test_where_nothing_was_kept_there_is_nothing(tmp_path: Path) -> None:
    cache = HomeCache(tmp_path)
    assert (cache.version(), cache.cache()) == ("none", None)
    for tag in ("", "x"):
        with pytest.raises(PreconditionError):
            cache.clear(tag)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_cache_says_so(tmp_path: Path) -> None:
    cache_path(tmp_path).write_bytes(b"garbage" * 1000)
    cache = HomeCache(tmp_path)
    assert cache.version() == "unreadable"
    with pytest.raises(CacheError, match="Move or delete"):
        cache.cache()


def kept(cache: HomeCache, what: str = "models") -> dict[str, int]:
    view = cache.cache()
    return {one["name"]: one["entries"] for one in getattr(view, what)} if view else {}


@played
async def test_what_a_gateway_keeps_is_seen_and_cleared_there_by_tag_and_whole(tmp_path: Path) -> None:
    cache = HomeCache(tmp_path)
    async with ModelServer(Script()) as server, gateway(server.url, tmp_path, cache="all") as url:
        for model in ("m-small", "m-large", "m-large"):
            await ask(url, question(model=model))
        await asyncio.to_thread(eventually, lambda: kept(cache) == {"m-small": 1, "m-large": 1})
        assert kept(cache, "tags") == {f"upstream:{server.url.removeprefix('http://')}": 2}
        version = cache.version()
        said = await asyncio.to_thread(cache.clear, "model:m-large")
        assert said.startswith("Forgotten: 1 answer with model:m-large.")
        assert (kept(cache), cache.version() != version) == ({"m-small": 1}, True)
        paid = server.paid
        while server.paid == paid:  # until its memory has heard of it
            await ask(url, question(model="m-large"))
        await ask(url, question(model="m-small"))
        assert server.paid == paid + 1
        await asyncio.to_thread(cache.clear, "")
        assert kept(cache) == {}


def test_a_cache_that_takes_long_to_sum_up_is_shown_as_it_was_until_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui_cache, "SLOW_S", 0.0)
    monkeypatch.setattr(ui_cache, "REST_SHARE", 0.0)
    monkeypatch.setattr(ui_cache, "REST_S", 0.0)
    cache, file = HomeCache(tmp_path), EntriesFile(cache_path(tmp_path), 0.0)
    assert kept(cache) == {}
    version, now = cache.version(), file.moment()
    file.write([EntryRow(b"k", now.generation, 1e9, 9e9, "m", 1, b"a")])
    assert kept(cache) == {}
    eventually(lambda: cache.version().endswith(".1"))
    assert (kept(cache), cache.version() != version) == ({"m": 1}, True)


@played
async def test_the_ledger_says_why_requests_were_not_answered_from_it(tmp_path: Path) -> None:
    async with ModelServer(Script()) as server, gateway(server.url, tmp_path) as url:
        for temperature in (0, 0, 1):
            await ask(url, question(model="m-small", temperature=temperature))
    view = HomeCache(tmp_path).cache()
    assert view
    assert not isinstance(view.misses, Fault)
    assert [(one["reason"], one["count"]) for one in view.misses] == [("new", 1), ("not deterministic", 1)]
    assert (view.asked, view.asked_all) == (3, True)
    assert [(tier["name"], tier["hits"]) for tier in view.tiers] == [("l1", 1), ("l3", 0)]
