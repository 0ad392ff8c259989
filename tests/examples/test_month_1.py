"""Each task of Month 1 is red before its answer and green after, in whichever order they come; nothing else breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples.month_1 import (
    TASKS,
    acceptance_of,
    answer,
    apply_answer,
    red_files,
    service_in,
    stumbling_to,
)

BACKWARDS = (TASKS[-2], *TASKS[:-2][::-1], TASKS[-1])
"""With TASKS, every two tasks come both ways round, but for the last, which needs the one before it."""


@pytest.mark.parametrize("order", [TASKS, BACKWARDS], ids=["forwards", "backwards"])
def test_a_task_is_red_before_its_answer_and_green_after(order: tuple[str, ...], tmp_path: Path) -> None:
    service = service_in(tmp_path)
    left = {acceptance_of(task) for task in order}
    assert red_files(service) == left
    for task in order:
        apply_answer(answer(task), service)
        left.remove(acceptance_of(task))
        assert red_files(service) == left, f"after {task}"


def test_a_wrong_answer_breaks_nothing_is_found_and_mended_to_the_right_one(tmp_path: Path) -> None:
    [task] = [task for task in TASKS if stumbling_to(task)]
    wrong, mended = stumbling_to(task)
    stumbled, straight = service_in(tmp_path / "stumbled"), service_in(tmp_path / "straight")
    apply_answer(wrong, stumbled)
    assert red_files(stumbled, "tests", acceptance_of(task)) == {acceptance_of(task)}
    apply_answer(mended, stumbled)
    apply_answer(answer(task), straight)
    assert contents(stumbled) == contents(straight)


def contents(service: Path) -> dict[str, str]:
    return {
        str(path.relative_to(service)): path.read_text(encoding="utf-8") for path in service.rglob("*.py")
    }
