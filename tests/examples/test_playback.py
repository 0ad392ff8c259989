"""Playback knows each task by the prompt that the product writes, and whether its verification has failed before."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

from beastmode.runner.code.prompt import Brief, prompt_of
from beastmode.runner.work import Coding
from tests.examples.month_1 import FOLDER, ROADMAP, TASKS, answer, stumbling_to

Says = Callable[[str], str]


@pytest.fixture
def says() -> Says:
    """What a playback that was asked nothing yet says to one prompt after the other."""
    spec = importlib.util.spec_from_file_location("playback", FOLDER / "playback.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    playback: Callable[..., Any] = module.Playback()
    return lambda prompt: "".join(playback("chat", {"messages": [{"role": "user", "content": prompt}]}))


def prompt(task: str, feedback: str = "") -> str:
    [found] = [one for one in ROADMAP.tasks() if one.id == task]
    return prompt_of(Brief(found, Coding(), feedback=feedback))


@pytest.mark.parametrize("task", [task for task in TASKS if not stumbling_to(task)])
def test_a_task_gets_its_answer_as_often_as_it_is_asked_for(says: Says, task: str) -> None:
    assert [says(prompt(task)), says(prompt(task))] == [answer(task).read_text(encoding="utf-8")] * 2


def test_one_task_is_wrong_at_first_then_mended_and_right_when_it_is_asked_for_anew(says: Says) -> None:
    [task] = [task for task in TASKS if stumbling_to(task)]
    told = [says(prompt(task)), says(prompt(task, "1 failed")), says(prompt(task))]
    files = [*stumbling_to(task), answer(task)]
    assert told == [path.read_text(encoding="utf-8") for path in files]


def test_what_is_no_task_of_the_roadmap_gets_a_sentence_without_edits(says: Says) -> None:
    assert says("This task is `something-else`.") == "No answer to something-else was recorded."
    assert says("hello") == "No task of Month 1 is named here."
