"""Quarantine: which answers go when an attempt has failed, also those that it is given only then."""

from __future__ import annotations

from beastmode.gateway.quarantine import Quarantine

LRU, DOCS = ("lru", 1), ("docs", 1)


def test_what_a_failed_attempt_was_given_goes_and_nothing_else() -> None:
    removed: list[bytes] = []
    quarantine = Quarantine(removed.append)
    for attempt, key in [(LRU, b"a"), (LRU, b"b"), (DOCS, b"c"), (LRU, b"a")]:
        quarantine.given(attempt, key)
    assert quarantine.judged(DOCS, ok=True) == 0
    assert quarantine.judged(LRU, ok=False) == 2
    assert sorted(removed) == [b"a", b"b"]


def test_what_it_is_given_after_the_verdict_goes_as_well() -> None:
    removed: list[bytes] = []
    quarantine = Quarantine(removed.append)
    quarantine.judged(LRU, ok=False)
    quarantine.given(LRU, b"late")
    quarantine.given(DOCS, b"good")
    assert removed == [b"late"]


def test_a_good_attempt_keeps_its_answers_whatever_is_said_later() -> None:
    removed: list[bytes] = []
    quarantine = Quarantine(removed.append)
    quarantine.given(LRU, b"a")
    quarantine.judged(LRU, ok=True)
    assert quarantine.judged(LRU, ok=False) == 0
    assert removed == []
