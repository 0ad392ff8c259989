"""An answer: what is kept of it, what it weighs, and that its bytes are sealed to its key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.cache.answer import Answer, replayable
from beastmode.cache.sealing import seal, unseal
from tests.cache.answers import NOON, answer, key

KEYS = st.binary(min_size=32, max_size=32)
PAIRS = st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=40)), max_size=5).map(tuple)
COUNTS = st.none() | st.integers(0, 1 << 40)
ANSWERS = st.builds(
    Answer,
    st.integers(100, 599),
    PAIRS,
    st.binary(max_size=5000) | st.binary(max_size=50).map(lambda some: some * 1000),
    st.floats(0, 1e11),
    st.floats(0, 1e7),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(st.characters(exclude_categories=["Cs"])),
    COUNTS,
    COUNTS,
    COUNTS,
    COUNTS,
)


@given(KEYS, ANSWERS)
def test_what_is_unsealed_is_what_was_sealed(name: bytes, kept: Answer) -> None:
    assert unseal(name, seal(name, kept)) == kept


@given(KEYS, ANSWERS, st.data())
def test_a_byte_that_differs_is_seen(name: bytes, kept: Answer, data: st.DataObject) -> None:
    sealed = bytearray(seal(name, kept))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    assert unseal(name, bytes(sealed)) is None


@given(KEYS, KEYS, ANSWERS)
def test_an_answer_to_another_key_is_no_answer(name: bytes, other: bytes, kept: Answer) -> None:
    assert (unseal(other, seal(name, kept)) == kept) == (name == other)


@pytest.mark.parametrize("cut", [b"", b"x", bytes(16), bytes(17)])
def test_what_is_too_short_is_no_answer(cut: bytes) -> None:
    assert unseal(key("k"), cut) is None


def test_its_age_is_never_negative() -> None:
    assert answer().age_s(NOON + 1.5) == 1.5
    assert answer().age_s(NOON - 100) == 0.0  # the clock was set back


def test_headers_that_are_true_only_once_are_not_replayed() -> None:
    once = [b"age", b"set-cookie", b"retry-after", b"x-ratelimit-remaining-tokens", b"ratelimit", b"x-beast-class",
            b"anthropic-ratelimit-unified-status"]  # fmt: skip
    always = [
        b"content-type",
        b"content-encoding",
        b"content-length",
        b"date",
        b"x-request-id",
        b"request-id",
    ]
    headers = [(name, b"v") for name in (*once, *always)]
    assert [name for name, _ in replayable(headers)] == always
