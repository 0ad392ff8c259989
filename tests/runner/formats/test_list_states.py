from __future__ import annotations

import pytest

from beastmode.runner.formats.list_states import Said, as_written, said_by


@pytest.mark.parametrize("word", ["In Progress", "in_progress", "IN-PROGRESS", " in  progress "])
def test_words_are_compared_without_case_and_signs(word: str) -> None:
    assert as_written(word) == "in-progress"
    assert said_by(word) == Said()


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("Done", Said("done")),
        (True, Said("done")),
        (False, Said()),
        (None, Said()),
        ("", Said()),
        ("On Hold", Said("held", "On Hold")),
        ("Won't fix", Said("dropped", "Won't fix")),
        ("in_review", Said("pending", "in_review", "only")),
        ("wobbling", Said(unknown=True)),
        (7, Said(unknown=True)),
    ],
)
def test_what_a_word_says(word: object, said: Said) -> None:
    assert said_by(word) == said
