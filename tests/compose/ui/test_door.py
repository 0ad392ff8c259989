"""Who a ticket lets in: as the keys of the home are now, not as they were when it was given."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from beastmode.compose.ui.door import HomeDoor
from beastmode.compose.ui.home_key import home_key
from beastmode.compose.ui.key_ring import LOOK_EVERY_S, UiKeyRing
from beastmode.compose.ui.ticket import Tickets
from beastmode.dashboard.pages.entering import KEPT_S
from beastmode.dashboard.visitor import Visitor
from beastmode.store.keys.file import keys_path
from beastmode.store.keys.key import KeyLimits
from beastmode.store.keys.store import KeyStore
from tests.processes import eventually


def door(home: Path, *, open_: bool = False, at_s: float = 0.0) -> HomeDoor:
    ring = UiKeyRing(home)
    return HomeDoor(home_key(home), ring, open_=open_, unix=lambda: time.time() + at_s)


def key(home: Path, *rights: str, expires_s: float | None = None) -> str:
    store = KeyStore(keys_path(home))
    until = None if expires_s is None else time.time() + expires_s
    _, secret = store.add("ann", KeyLimits(rights=frozenset(rights), expires_unix=until), time.time())
    store.close()
    return secret


def test_the_key_of_the_home_opens_everything(tmp_path: Path) -> None:
    here = door(tmp_path)
    visitor = here.visitor(here.enter(home_key(tmp_path)))
    assert visitor == Visitor(may_change=True, may_read=True, name="of the home")


@pytest.mark.parametrize(
    ("rights", "visitor"),
    [
        (["dashboard"], Visitor(name="ann")),
        (["dashboard", "bodies"], Visitor(may_read=True, name="ann")),
        (["dashboard", "control"], Visitor(may_change=True, name="ann")),
        (["dashboard", "bodies", "control", "metrics"], Visitor(True, True, "ann")),
        (["bodies", "control"], None),
        ([], None),
    ],
)
def test_a_key_of_the_gateway_opens_what_it_has_a_right_to(
    tmp_path: Path, rights: list[str], visitor: Visitor | None
) -> None:
    here = door(tmp_path)
    assert here.visitor(here.enter(key(tmp_path, *rights))) == visitor


def test_without_a_key_one_may_look_where_the_door_is_open(tmp_path: Path) -> None:
    for ticket in ("", "x", "1.home.x", "é.\x00."):
        assert door(tmp_path, open_=True).visitor(ticket) == Visitor()
        assert door(tmp_path).visitor(ticket) is None


@pytest.mark.parametrize("wrong", ["", "x", "beast_", "é\udcff", "x" * 100_000])
def test_what_is_no_key_opens_nothing(tmp_path: Path, wrong: str) -> None:
    key(tmp_path, "dashboard")
    assert door(tmp_path).enter(wrong) == ""


def test_a_ticket_holds_no_key(tmp_path: Path) -> None:
    here, secret = door(tmp_path), key(tmp_path, "dashboard")
    assert secret not in here.enter(secret)
    assert home_key(tmp_path) not in here.enter(home_key(tmp_path))


def test_a_ticket_outlives_the_process_that_gave_it(tmp_path: Path) -> None:
    ticket = door(tmp_path).enter(key(tmp_path, "dashboard"))
    assert door(tmp_path).visitor(ticket) == Visitor(name="ann")


def test_a_ticket_of_another_home_opens_nothing(tmp_path: Path) -> None:
    here, there = door(tmp_path / "a"), door(tmp_path / "b")
    assert there.visitor(here.enter(home_key(tmp_path / "a"))) is None


def test_a_revoked_key_is_out(tmp_path: Path) -> None:
    here = door(tmp_path)
    ticket = here.enter(key(tmp_path, "dashboard"))
    store = KeyStore(keys_path(tmp_path))
    store.revoke("ann", time.time())
    store.close()
    eventually(lambda: here.visitor(ticket) is None, "out")


def test_a_right_that_is_taken_away_is_gone(tmp_path: Path) -> None:
    here = door(tmp_path)
    ticket = here.enter(key(tmp_path, "dashboard", "control"))
    store = KeyStore(keys_path(tmp_path))
    store.change("ann", rights=frozenset({"dashboard"}))
    store.close()
    eventually(lambda: here.visitor(ticket) == Visitor(name="ann"), "may change nothing")


def test_a_ticket_for_a_rotated_secret_ends_with_that(tmp_path: Path) -> None:
    here, later = door(tmp_path), door(tmp_path, at_s=20)
    ticket = here.enter(key(tmp_path, "dashboard"))
    store = KeyStore(keys_path(tmp_path))
    store.rotate("ann", 10, time.time())
    store.close()
    assert here.visitor(ticket) == Visitor(name="ann")
    assert later.visitor(ticket) is None


def test_a_key_that_has_expired_is_out(tmp_path: Path) -> None:
    ticket = door(tmp_path).enter(key(tmp_path, "dashboard", expires_s=10))
    assert door(tmp_path).visitor(ticket) is not None
    assert door(tmp_path, at_s=11).visitor(ticket) is None


def test_a_ticket_is_good_for_a_time_only(tmp_path: Path) -> None:
    ticket = door(tmp_path).enter(home_key(tmp_path))
    assert door(tmp_path, at_s=KEPT_S - 60).visitor(ticket)
    assert door(tmp_path, at_s=KEPT_S + 60).visitor(ticket) is None


def test_a_ticket_that_was_changed_is_none() -> None:
    tickets = Tickets("the key of a home")
    good = tickets.issue("home", 100)
    assert tickets.holder(good, 99.0) == "home"
    until, holder, mark = good.split(".")
    for forged in (f"999.{holder}.{mark}", f"{until}.other.{mark}", f"{until}.{holder}.", mark, f"{good}x"):
        assert tickets.holder(forged, 1.0) == ""
    assert Tickets("another").holder(good, 1.0) == ""


def test_keys_that_cannot_be_read_leave_the_known_ones_in_force(tmp_path: Path) -> None:
    ring, secret = UiKeyRing(tmp_path), key(tmp_path, "dashboard")
    holder = ring.holder(secret, time.time())
    keys_path(tmp_path).unlink()
    keys_path(tmp_path).write_bytes(b"no database at all" * 100)
    ring._looked_s -= LOOK_EVERY_S  # as if it were that long ago
    assert ring.visitor(holder, time.time()) == Visitor(name="ann")
