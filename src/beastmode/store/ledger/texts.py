"""What is looked for in the words of failures. Pure."""

from __future__ import annotations

from collections.abc import Sequence

MOST_CHARACTERS = 10_000
"""Of what somebody types; the rest is left out."""


def text_of(class_: str, cause: str, tip: str) -> str:
    """What a failure says, as it is looked through."""
    return f"{class_}\n{cause}\n{tip}".casefold()


def words_of(typed: str) -> tuple[str, ...]:
    """What is looked for: words, or parts of words, that are all to be there, in whatever case."""
    return tuple(typed[:MOST_CHARACTERS].casefold().split())


def holds(words: Sequence[str], text: str) -> bool:
    """Are all of the words in what `text_of` gives?"""
    return all(word in text for word in words)
