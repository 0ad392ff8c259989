"""Each task of Month 1 is red before its answer and green after, in whichever order they come; nothing else breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples.month_1 import TASKS, acceptance_of, answers_to, apply_answer, red_files, service_in

BACKWARDS = (TASKS[-2], *TASKS[:-2][::-1], TASKS[-1])
"""With TASKS, every two tasks come both ways round, but for the last, which needs the one before it."""


@pytest.mark.parametrize("order", [TASKS, BACKWARDS], ids=["forwards", "backwards"])
def test_a_task_is_red_before_its_answer_and_green_after(order: tuple[str, ...], tmp_path: Path) -> None:
    service = service_in(tmp_path)
    left = {acceptance_of(task) for task in order}
    assert red_files(service) == left
    for task in order:
        for answer in answers_to(task):
            apply_answer(answer, service)
        left.remove(acceptance_of(task))
        assert red_files(service) == left, f"after {task}"


def test_the_first_answer_of_one_task_is_wrong_and_breaks_nothing(tmp_path: Path) -> None:
    wrong = [task for task in TASKS if len(answers_to(task)) > 1]
    assert wrong == ["semantic-cache"]
    service = service_in(tmp_path)
    apply_answer(answers_to("semantic-cache")[0], service)
    acceptance = acceptance_of("semantic-cache")
    assert red_files(service, "tests", acceptance) == {acceptance}
