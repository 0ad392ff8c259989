"""Who shows one wrong key after the other waits; nobody else does."""

from __future__ import annotations

import pytest

from beastmode.dashboard import wrong_keys
from beastmode.dashboard.wrong_keys import MOST, SPAN_S, WrongKeys


def shown(*addresses: str, at_s: float = 0.0) -> WrongKeys:
    wrong = WrongKeys()
    for address in addresses:
        wrong.note(address, at_s)
    return wrong


def test_after_so_many_it_waits_until_the_first_is_long_ago() -> None:
    wrong = shown(*["10.0.0.1"] * (MOST - 1))
    assert wrong.wait_s("10.0.0.1", 1.0) == 0.0
    wrong.note("10.0.0.1", 1.0)
    assert wrong.wait_s("10.0.0.1", 2.0) == SPAN_S - 2.0
    assert wrong.wait_s("10.0.0.1", SPAN_S) == 0.0


def test_others_do_not_wait() -> None:
    assert shown(*["10.0.0.1"] * MOST).wait_s("10.0.0.2", 1.0) == 0.0


def test_a_network_of_ipv6_is_one() -> None:
    wrong = shown(*(f"2001:db8::{number:x}" for number in range(MOST)))
    assert wrong.wait_s("2001:db8::ffff", 1.0) > 0
    assert wrong.wait_s("2001:db8:0:1::1", 1.0) == 0.0


def test_what_is_no_address_is_counted_as_one() -> None:
    assert shown(*["a", "b"] * MOST).wait_s("c", 1.0) > 0


def test_it_does_not_grow_with_those_who_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrong_keys, "_MOST_ADDRESSES", 2)
    wrong = shown(*["10.0.0.1"] * MOST, "10.0.0.2", "10.0.0.3")
    assert wrong.wait_s("10.0.0.1", 1.0) == 0.0
    assert len(wrong._shown) == 2
