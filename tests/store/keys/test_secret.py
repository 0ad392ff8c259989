"""Secrets: never two alike, and a mistyped one is told without looking it up."""

from __future__ import annotations

import string

from hypothesis import assume, given
from hypothesis import strategies as st

from beastmode.store.keys.secret import LENGTH, PREFIX, flaw_of, hash_of, new_secret

letters = st.sampled_from(string.ascii_letters + string.digits)
places = st.integers(len(PREFIX), LENGTH - 1)


def test_secrets_are_sound_and_differ() -> None:
    some = {new_secret() for _ in range(200)}
    assert len(some) == 200
    assert {flaw_of(secret) for secret in some} == {""}
    assert all(secret.startswith(PREFIX) and len(secret) == LENGTH for secret in some)


@given(places, letters)
def test_one_wrong_letter_is_told(at: int, letter: str) -> None:
    secret = new_secret()
    assume(secret[at] != letter)
    assert "check digits" in flaw_of(secret[:at] + letter + secret[at + 1 :])


@given(places)
def test_a_lost_letter_and_two_in_the_wrong_order_are_told(at: int) -> None:
    secret = new_secret()
    assert "characters" in flaw_of(secret[:at] + secret[at + 1 :])
    assume(at + 1 < LENGTH and secret[at] != secret[at + 1])
    assert flaw_of(secret[:at] + secret[at + 1] + secret[at] + secret[at + 2 :])


@given(st.text())
def test_any_text_is_judged_and_hashed(text: str) -> None:
    assert flaw_of(text)
    assert len(hash_of(text)) == 32
