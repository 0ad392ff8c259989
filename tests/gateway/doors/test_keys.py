"""The doorkeeper: who is let in, under what name, to which models and pages; everybody else is told what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beastmode.clock import Clock
from beastmode.gateway.client.incoming import Incoming
from beastmode.gateway.dialects.protocol import Asked
from beastmode.gateway.doors.key_ring import KeyRing
from beastmode.gateway.doors.keys import Doorkeeper, Needed
from beastmode.gateway.rejected import RejectedError
from beastmode.store.keys.file import keys_path
from beastmode.store.keys.key import KeyLimits
from beastmode.store.keys.secret import new_secret
from beastmode.store.keys.store import KeyStore
from beastmode.store.ledger.entry import Entry
from beastmode.testing import ManualTime
from tests.gateway.test_asking import asks

NOON = 1_764_072_000.0


class House:
    """A home with keys, and doorkeepers that look at it when they are made."""

    def __init__(self, home: Path) -> None:
        self.home, self.unix = home, ManualTime(NOON)
        self.clock = Clock(unix=self.unix)
        self.store = KeyStore(keys_path(home))

    def add(self, name: str = "ci", **limits: Any) -> str:
        return self.store.add(name, KeyLimits(**limits), NOON)[1]

    def door(self, needed: Needed = "auto") -> Doorkeeper:
        return Doorkeeper(KeyRing(self.home, self.clock, 1000), self.clock, needed)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.store.close()


def refused(door: Doorkeeper, incoming: Incoming) -> tuple[int, str, str]:
    with pytest.raises(RejectedError) as error:
        door.admit(incoming)
    return error.value.status, error.value.failure.class_, error.value.failure.cause


def test_a_key_is_known_in_the_path_in_each_header_and_in_gemini_s_query(house: House) -> None:
    secret = house.add()
    door = house.door()
    gemini = asks()
    gemini.query, gemini.keys = "", (secret,)
    requests = [asks(f"/t/{secret}/v1/models"), asks(f"/t/{secret}~run~T1~2~1/v1/models"), gemini]
    requests += [asks(authorization=f"Bearer {secret}")]
    requests += [asks(**{header: secret}) for header in ("x_api_key", "api_key", "x_goog_api_key")]
    assert [door.admit(one).name for one in requests] == ["ci"] * 7
    said = door.admit(requests[1])
    assert (said.said.run, said.said.task, said.said.attempt, said.round) == ("run", "T1", 2, 1)


def test_the_key_of_the_path_counts_before_that_of_a_header(house: House) -> None:
    one, other = house.add("one"), house.add("other")
    assert house.door().admit(asks(f"/t/{one}/v1", authorization=f"Bearer {other}")).name == "one"


def test_no_key_and_keys_that_are_not_good_are_refused_each_in_its_own_words(house: House) -> None:
    good, expired, revoked, old = (
        house.add(),
        house.add("e", expires_unix=NOON + 9),
        house.add("r"),
        house.add("o"),
    )
    house.store.revoke("r", NOON)
    house.store.rotate("o", 5, NOON)
    door = house.door()
    assert door.admit(asks(x_api_key=old)).name == "o"
    house.unix.now += 10
    causes = {
        "has none": asks(authorization="Bearer sk-provider"),
        "check digits": asks(x_api_key=good[:-1] + ("A" if good[-1] != "A" else "B")),
        "has 20 characters of 55": asks(x_api_key=good[:20]),
        "not known here": asks(x_api_key=new_secret()),
        "e expired at 2025-11-25 12:00 UTC": asks(x_api_key=expired),
        "r was revoked at": asks(x_api_key=revoked),
        "o was rotated at": asks(f"/t/{old}/v1/models"),
    }
    for words, request in causes.items():
        status, class_, cause = refused(door, request)
        assert (status, class_) == (401, "auth")
        assert words in cause


def test_without_any_key_in_the_home_everybody_is_let_in_under_a_short_name(house: House) -> None:
    door = house.door()
    for request in (
        asks(),
        asks(authorization="Bearer sk"),
        asks("/t/any~r~t/v1"),
        asks(x_api_key=new_secret()),
    ):
        assert len(door.admit(request).name) == 8
    assert door.admit(asks("/t/any~r~t/v1")).name == door.admit(asks("/t/any~r~u~2/v1")).name
    assert refused(house.door("required"), asks())[0] == 401


def test_taking_the_last_key_away_does_not_open_the_door(house: House) -> None:
    house.add()
    house.store.revoke("ci", NOON)
    assert refused(house.door(), asks())[0] == 401


def test_where_keys_are_optional_only_a_bad_one_is_refused(house: House) -> None:
    secret, door = house.add(), house.door("optional")
    assert house.door("optional").admit(asks(x_api_key=secret)).name == "ci"
    assert len(door.admit(asks(authorization="Bearer sk")).name) == 8
    assert refused(door, asks(x_api_key=new_secret()))[0] == 401


def test_who_was_refused_is_in_the_record_by_a_short_name(house: House) -> None:
    house.add()
    entry = Entry(received_unix=NOON)
    with pytest.raises(RejectedError):
        house.door().receive(asks("/t/~run~T1~3/v1", x_api_key="sk"), entry)
    assert (len(entry.key), entry.run, entry.task, entry.attempt) == (8, "run", "T1", 3)


@pytest.mark.parametrize(
    ("method", "model", "may"),
    [
        ("POST", "gpt-4o", True),
        ("POST", "claude-3", True),
        ("POST", "GPT-4o", False),
        ("POST", "o3", False),
        ("POST", "", False),
        ("GET", "", True),
        ("DELETE", "", False),
    ],
)
def test_a_key_asks_only_its_own_models(house: House, method: str, model: str, may: bool) -> None:
    secret = house.add(models=("gpt-*", "claude-3"))
    door = house.door()
    caller = door.admit(asks(x_api_key=secret))
    if may:
        door.allow(caller, method, Asked("openai.chat", model))
        return
    with pytest.raises(RejectedError) as error:
        door.allow(caller, method, Asked("openai.chat", model))
    assert (error.value.status, error.value.failure.class_) == (403, "permission")
    assert "gpt-*, claude-3" in error.value.failure.cause


def test_a_page_is_shown_to_who_has_the_right(house: House) -> None:
    watcher, worker = (
        house.add("watcher", rights=frozenset({"metrics"})),
        house.add("w", rights=frozenset({"bodies"})),
    )
    door = house.door()
    assert door.refusal(asks(authorization=f"Bearer {watcher}"), "metrics") is None
    statuses = [
        getattr(door.refusal(one, "metrics"), "status", 0) for one in (asks(x_api_key=worker), asks())
    ]
    assert statuses == [403, 401]
    refusal = door.refusal(asks(x_api_key=worker), "metrics")
    assert refusal
    assert refusal.failure.tip.endswith("beast keys set w --right bodies --right metrics")


def test_without_keys_a_page_is_shown_to_everybody(house: House) -> None:
    assert house.door().refusal(asks(), "metrics") is None
