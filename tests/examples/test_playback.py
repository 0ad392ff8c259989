"""Playback knows each task by the prompt that the product writes, and whether its verification has failed before."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import pytest

from beastmode.runner.prompt import Brief, prompt_of
from beastmode.runner.work import Coding
from tests.examples.month_1 import FOLDER, ROADMAP, TASKS, answers_to


def played(prompt: str) -> str:
    """What the playback server says to a prompt."""
    spec = importlib.util.spec_from_file_location("playback", FOLDER / "playback.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    answer_to = cast("Callable[[str, Mapping[str, Any]], Sequence[str]]", module.answer_to)
    return "".join(answer_to("chat", {"messages": [{"role": "user", "content": prompt}]}))


def prompt(task: str, feedback: str = "") -> str:
    [found] = [one for one in ROADMAP.tasks() if one.id == task]
    return prompt_of(Brief(found, Coding(), feedback=feedback))


@pytest.mark.parametrize("task", TASKS)
def test_each_task_gets_its_answer_and_after_a_failure_the_next(task: str) -> None:
    first, *others = [path.read_text(encoding="utf-8") for path in answers_to(task)]
    assert played(prompt(task)) == first
    assert played(prompt(task, "1 failed")) == (others[0] if others else first)


def test_what_is_no_task_of_the_roadmap_gets_a_sentence_without_edits() -> None:
    assert played("This task is `something-else`.") == "No answer to something-else was recorded."
    assert played("hello") == "No task of Month 1 is named here."
