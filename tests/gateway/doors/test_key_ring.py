"""The ring: what a person changes is known within a look, what was used is never forgotten nor counted twice."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beastmode.clock import Clock
from beastmode.errors import KeysError
from beastmode.gateway.doors.key_ring import KeyRing
from beastmode.gateway.turnstile import Turnstile
from beastmode.store.allowance import Use, parse_allowances
from beastmode.store.keys.file import keys_path
from beastmode.store.keys.key import Key, KeyLimits
from beastmode.store.keys.store import KeyStore
from beastmode.store.ledger.file import ledger_path
from tests.store.ledgers import NOON, entry, opened, upstream_call

CLOCK = Clock(unix=lambda: NOON)
DAY, MONTH = "2025-11-25", "2025-11"
ONE = Use(1, 10, 0.5, 0)


def ring(home: Path) -> KeyRing:
    return KeyRing(home, CLOCK, 1000)


def add(home: Path, name: str, budget: str = "none") -> tuple[Key, str]:
    store = KeyStore(keys_path(home))
    try:
        return store.add(name, KeyLimits(allowances=parse_allowances(budget)), NOON)
    finally:
        store.close()


def known(ring: KeyRing, secret: str) -> Turnstile:
    found = ring.find(secret)
    assert found is not None
    return found[0]


def play(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 60))


async def spend(ring: KeyRing, turnstile: Turnstile, used: Use = ONE) -> None:
    await turnstile.enter(used, float("inf"))
    ring.spend(turnstile, used, used)


def stored(home: Path) -> Key:
    store = KeyStore(keys_path(home))
    try:
        return store.all()[0]
    finally:
        store.close()


def test_a_home_without_keys_gets_no_file_and_a_key_that_comes_later_is_known(tmp_path: Path) -> None:
    async def story() -> None:
        mine = ring(tmp_path)
        await mine.look()
        assert not mine.has_keys
        assert not keys_path(tmp_path).exists()
        _, secret = add(tmp_path, "ci")
        await mine.look()
        assert known(mine, secret).key.name == "ci"
        await mine.close()

    play(story())


def test_each_change_is_known_after_one_look(tmp_path: Path) -> None:
    async def story() -> None:
        _, first = add(tmp_path, "ci")
        mine, store = ring(tmp_path), KeyStore(keys_path(tmp_path))
        turnstile = known(mine, first)
        store.change("ci", models=("gpt-*",), allowances=parse_allowances("1usd/day"))
        second = store.rotate("ci", 60, NOON)
        await mine.look()
        assert known(mine, second) is turnstile
        assert mine.find(first) == (turnstile, NOON + 60)
        assert (turnstile.key.limits.models, str(turnstile.purse.allowances[0])) == (("gpt-*",), "1usd/day")
        store.revoke("ci", NOON)
        await mine.look()
        assert (turnstile.key.state(NOON), mine.has_keys, mine.opens(NOON)) == ("revoked", True, False)
        store.close()
        await mine.close()

    play(story())


def test_what_was_used_is_there_after_a_restart_and_is_seen_by_the_other_gateway(tmp_path: Path) -> None:
    async def story() -> None:
        _, secret = add(tmp_path, "ci")
        mine, other = ring(tmp_path), ring(tmp_path)
        await spend(mine, known(mine, secret))
        await spend(other, known(other, secret))
        assert known(other, secret).purse.used_in(DAY) == ONE
        await mine.look()
        await other.look()
        assert known(other, secret).purse.used_in(DAY) == ONE.plus(ONE)
        await other.close()
        await spend(mine, known(mine, secret))
        await mine.close()
        again = ring(tmp_path)
        assert known(again, secret).purse.used_in(MONTH) == Use(3, 30, 1.5, 0)
        await again.close()

    play(story())


def test_what_only_the_ledger_has_after_a_kill_is_counted_once(tmp_path: Path) -> None:
    async def story() -> None:
        _, secret = add(tmp_path, "ci", "1usd/day")
        ledger = opened(ledger_path(tmp_path))
        for _ in range(3):
            request = entry(NOON, key="ci", tries=1, tokens_in=6, tokens_out=4, cost_usd=0.5)
            await upstream_call(ledger, request)
        await ledger.close()
        for _ in range(2):
            mine = ring(tmp_path)
            assert known(mine, secret).purse.used_in(DAY) == Use(3, 30, 1.5, 0)
            assert known(mine, secret).purse.spent_out(NOON) is not None
            await mine.close()

    play(story())


def test_a_file_that_goes_away_keeps_the_door_shut_and_what_was_used_waits(tmp_path: Path) -> None:
    async def story() -> None:
        _, secret = add(tmp_path, "ci")
        mine, path = ring(tmp_path), keys_path(tmp_path)
        keep = path.with_name("kept.db")
        path.rename(keep)
        await spend(mine, known(mine, secret))
        await mine.look()
        assert "the file of the keys is gone" in mine.alarm
        path.mkdir()
        await mine.look()
        assert "the keys cannot be used" in mine.alarm
        assert mine.has_keys
        path.rmdir()
        keep.rename(path)
        await mine.look()
        assert (mine.alarm, stored(tmp_path).used_in(DAY)) == ("", ONE)
        await mine.close()

    play(story())


def test_a_file_that_is_none_of_keys_keeps_the_gateway_from_starting(tmp_path: Path) -> None:
    keys_path(tmp_path).write_bytes(b"x" * 5000)
    with pytest.raises(KeysError, match="not a database"):
        ring(tmp_path)


acts = st.lists(
    st.tuples(st.sampled_from(["spend", "look", "both", "restart"]), st.integers(0, 1)), max_size=25
)


@given(acts)
@settings(max_examples=40)
def test_whatever_two_gateways_do_each_use_is_counted_once(acts: list[tuple[str, int]]) -> None:
    """own: what each has used.   written: how much of it the file has.   least: what each must know of."""

    async def story(home: Path) -> None:
        _, secret = add(home, "ci")
        rings, own, written, least = [ring(home), ring(home)], [0, 0], [0, 0], [0, 0]
        for act, which in acts:
            mine, other = rings[which], 1 - which
            if act == "restart":
                await mine.close()
                rings[which] = ring(home)
            elif act != "spend":
                await asyncio.gather(
                    mine.look(), *([spend(mine, known(mine, secret))] if act == "both" else [])
                )
            else:
                await spend(mine, known(mine, secret))
            if act != "spend":
                written[which], least[which] = own[which], own[which] + written[other]
            if act in ("spend", "both"):
                own[which], least[which] = own[which] + 1, least[which] + 1
            for one, floor in zip(rings, least, strict=True):
                assert floor <= known(one, secret).purse.used_in(DAY).requests <= sum(own)
        for one in rings:
            await one.close()
        assert stored(home).used_in(MONTH).requests == sum(own)

    with tempfile.TemporaryDirectory() as folder:
        play(story(Path(folder)))
