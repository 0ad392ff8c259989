"""What a run says at its end."""

from __future__ import annotations

from beastmode.cli.words import ending
from beastmode.events import CANCELLED
from beastmode.runner.summary import summarise
from tests.runner.story import Story

AGAIN = "To have that after all: beast retry r1, then the same command."


def ended(story: Story, state: str) -> list[str]:
    told = story.end(state, 1).told()
    return ending(summarise(told, "report", alive=False), "list.yaml").splitlines()


def test_what_was_cancelled_before_says_how_it_comes_after_all() -> None:
    story = Story().session().plan("a", "b").attempt("a", 0, 1).add(CANCELLED, "b")
    assert f"1 task cancelled for good. {AGAIN}" in ended(story, "failed")


def test_a_run_that_was_cancelled_says_it_once() -> None:
    lines = ended(Story().session().plan("a", "b").attempt("a", 0, 1).add(CANCELLED), "cancelled")
    assert [line for line in lines if "beast retry" in line] == [
        "Cancelled. To have it after all: beast retry r1, then the same command."
    ]
