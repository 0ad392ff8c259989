"""Where a gateway may be reached from: this machine without a key, others only with one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from beastmode.clock import SYSTEM_CLOCK
from beastmode.compose.serve.application import app_for
from beastmode.compose.serve.door import door_for
from beastmode.compose.serve.loopback import is_loopback
from beastmode.compose.serve.settings.serving import Serving, UpstreamSettings
from beastmode.errors import PreconditionError, SettingError
from beastmode.gateway.doors.keys import Doorkeeper, Needed
from beastmode.store.keys.file import keys_path
from beastmode.store.keys.key import KeyLimits
from beastmode.store.keys.store import KeyStore


def door(home: Path, host: str, needed: Needed = "auto") -> Doorkeeper:
    return door_for(home, host, needed, SYSTEM_CLOCK, 1000)


def add(home: Path, limits: KeyLimits) -> None:
    store = KeyStore(keys_path(home))
    store.add("ci", limits, time.time())
    store.close()


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("gateway.example", False),
        ("", False),
    ],
)
def test_what_only_this_machine_can_reach(host: str, loopback: bool) -> None:
    assert is_loopback(host) == loopback


def test_on_loopback_no_key_is_needed_until_there_is_one(tmp_path: Path) -> None:
    assert not door(tmp_path, "127.0.0.1").asks_for_keys
    assert door(tmp_path, "127.0.0.1", "required").asks_for_keys
    add(tmp_path, KeyLimits())
    assert door(tmp_path, "127.0.0.1").asks_for_keys
    assert not door(tmp_path, "127.0.0.1", "optional").asks_for_keys


def test_elsewhere_it_is_not_served_without_a_good_key_and_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(PreconditionError, match="beast keys add NAME --home"):
        app_for(Serving((UpstreamSettings("http://127.0.0.1:9"),), host="0.0.0.0", home=tmp_path))
    add(tmp_path, KeyLimits(expires_unix=1.0))
    with pytest.raises(PreconditionError, match="there is no key"):
        door(tmp_path, "0.0.0.0")


def test_elsewhere_with_a_key_every_request_needs_one(tmp_path: Path) -> None:
    add(tmp_path, KeyLimits())
    assert door(tmp_path, "0.0.0.0").asks_for_keys
    with pytest.raises(SettingError, match="so a key is needed"):
        door(tmp_path, "0.0.0.0", "optional")
