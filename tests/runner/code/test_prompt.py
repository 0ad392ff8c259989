"""What an agent is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.errors import RoadmapError
from beastmode.runner.code.prompt import FIELDS, Brief, problems_of_template, prompt_of
from beastmode.runner.roadmap import Task, TaskOptions
from beastmode.runner.work import Coding, Command

TASK = Task(
    "tracking",
    title="Fix failed request tracking",
    needs=("base",),
    details="Count each failure once.\n- [ ] `failures()` lists them",
    options=TaskOptions(touches=("src/router.py",), verify=Command(arguments=("pytest", "tests/a b.py"))),
)


def test_everything_that_is_known_of_the_task_stands_in_it() -> None:
    brief = Brief(
        TASK,
        Coding(prompt="Keep it short."),
        ("Month 1", "Week 1"),
        "Router",
        check=Command(shell="make test"),
        note="Use the old table.",
        feedback="E   assert 1 == 2\n",
        has_work=True,
    )
    assert prompt_of(brief) == (
        "# Fix failed request tracking\n\n"
        "Count each failure once.\n- [ ] `failures()` lists them\n\n"
        "Keep it short.\n\n"
        "Change only these files and folders; others are at work on the rest:\n- src/router.py\n\n"
        "This task is `tracking` of: Router > Month 1 > Week 1. "
        "What it needs is done and is in this checkout: `base`.\n\n"
        "When you have ended, these commands must succeed in the current folder:\n"
        "- nothing else is broken: `make test`\n- this task is done: `pytest 'tests/a b.py'`\n\n"
        "A person says about this task:\nUse the old table.\n\n"
        "The attempt before did not succeed; its changes are still here. The end of what was said of it:\n\n"
        "E   assert 1 == 2\n\n"
        "Work only inside the current folder, which is a checkout of your own. "
        "You need not commit: everything that you\n"
        "change is committed when you have ended. Do not ask anything back: nobody is there to answer.\n"
    )


def test_what_is_not_known_leaves_no_trace() -> None:
    words = prompt_of(Brief(Task("fix"), Coding()))
    assert words.startswith("# fix\n\nThis task is `fix`.\n\nWork only")


def test_what_went_with_a_conflict_is_not_said_to_be_here() -> None:
    words = prompt_of(Brief(Task("fix"), Coding(), feedback="The work could not be merged."))
    assert "did not succeed; nothing of it is here." in words


def test_of_long_feedback_the_end_is_told() -> None:
    words = prompt_of(Brief(Task("fix"), Coding(), feedback="é" * 100_000 + "the end"))
    assert "the end" in words
    assert len(words.encode()) < 20_000


def test_a_template_has_its_own_words_and_order() -> None:
    brief = Brief(TASK, Coding(), note="{title} is not filled in here")
    assert prompt_of(brief, "Do {id}: {title}\n{note} {{x}} ${y}") == (
        "Do tracking: Fix failed request tracking\n"
        "A person says about this task:\n{title} is not filled in here {{x}} ${y}"
    )
    assert prompt_of(brief, "Softly.\n{default}") == "Softly.\n" + prompt_of(brief)


@pytest.mark.parametrize(
    ("template", "what"),
    [("Do {titel}", "there is no field {titel}"), ("Do it.", "names nothing of the task")],
)
def test_a_template_that_would_not_do_is_refused(template: str, what: str) -> None:
    with pytest.raises(RoadmapError, match=what):
        problems_of_template(template, "prompt.txt")


@given(st.sampled_from(FIELDS), st.text(), st.text())
def test_any_words_of_a_task_are_put_in_as_they_are(field: str, title: str, details: str) -> None:
    problems_of_template(f"{{{field}}}", "t")
    task = Task("t", title=title, details=details)
    assert (
        prompt_of(Brief(task, Coding()), "<{title}|{details}>")
        == f"<{title or 't'}|{details.strip(chr(10))}>"
    )
