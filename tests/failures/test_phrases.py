"""Phrases are found at the beginning of words, without searching for each of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.failures.phrases import Phrases, beginnings
from beastmode.failures.rules import LATER, RULES

EVERY = sorted({phrase for rule in (*RULES, *LATER) for phrase in (*rule.says, *rule.also)})
PHRASES = Phrases(EVERY)


def found(text: str, *names: str) -> set[str]:
    return PHRASES.found(text, beginnings(text, names))


@pytest.mark.parametrize("phrase", EVERY)
def test_every_phrase_of_the_rules_is_found_in_a_sentence(phrase: str) -> None:
    assert phrase in found(f"it said: ({phrase}) and no more")
    assert phrase in found(phrase)


@given(text=st.text(st.sampled_from("abcdehilmorst _-."), max_size=80))
def test_what_is_found_is_there(text: str) -> None:
    assert all(phrase in text for phrase in found(text))


def test_a_phrase_begins_with_a_word_and_may_end_within_one() -> None:
    assert Phrases(["rate limit"]).found("two rate limits", beginnings("two rate limits")) == {"rate limit"}
    assert not Phrases(["overloaded"]).found("unoverloaded", beginnings("unoverloaded"))


def test_a_name_of_several_words_begins_several() -> None:
    assert {"read", "timeo"} <= beginnings("", ["ReadTimeout"])
    assert {"ssl", "error"} <= beginnings("", ["SSLError"])
