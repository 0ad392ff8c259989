"""The model: what may stand for work, and which ids no roadmap can have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from beastmode.runner.roadmap import Roadmap, Task, problems_of
from beastmode.runner.work import Call, Command


def hello() -> str:
    return "hello"


def test_short_forms_of_work_are_typed_and_understood() -> None:
    """The types are half of the test: mypy reads this file too."""
    arguments = Task("list", ["ls", "-l"])
    line = Task("count", "ls | wc -l", needs=("list",))
    function = Task("greet", hello)
    assert arguments.work == Command(("ls", "-l"))
    assert line.work == Command(shell="ls | wc -l")
    assert function.work == Call(hello)
    assert Task("some day").work is None


def test_a_task_can_be_replaced_in_parts() -> None:
    task = Task("list", ["ls"], title="List", line=3)
    assert replace(task, state="done") == Task("list", ["ls"], title="List", line=3, state="done")


@pytest.mark.parametrize("name", ["a\ud800", "\udfff"])
def test_an_id_with_half_a_character_is_refused(name: str) -> None:
    (problem,) = problems_of(Roadmap([Task(name, ["ls"], line=7)]))
    assert problem.line == 7
    assert problem.what.isprintable()
    assert "half a character" in problem.what


@pytest.mark.parametrize("name", ["fix-login", "größe", "任务", "🚀"])
def test_an_id_in_any_script_is_fine(name: str) -> None:
    assert problems_of(Roadmap([Task(name, ["ls"])])) == []
