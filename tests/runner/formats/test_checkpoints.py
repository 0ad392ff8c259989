"""What asks a person, and what only sounds like it."""

# ruff: noqa: RUF001  (titles as they are found in the wild)
from __future__ import annotations

import pytest

from beastmode.runner.formats.checkpoints import is_checkpoint

ASKS = "  - Ensure all tests pass, ask the user if questions arise."


@pytest.mark.parametrize(
    "title",
    [
        "Checkpoint",
        "Checkpoint - Ensure all tests pass",
        "Checkpoint: backend",
        "Checkpoint 2",
        "Checkpoint A — API works",
        "Final checkpoint - Complete system validation",
        "Final Integration Checkpoint",
        "Phase 1 checkpoint",
        "Mid-way checkpoint: all green",
        "✅ Checkpoint — tests",
        "Checkpoint for the API layer",
        "Checkpoint final: tudo verde",
        "Checkpoint Sprint 1",
        "Abschluss-Checkpoint – alle Tests bestehen",
        "チェックポイント - すべてのテストを通す",
        "最終チェックポイント",
        "检查点 - 确保所有测试通过",
        "最终检查点",
        "检查点：后端",
        "체크포인트 - 모든 테스트 통과",
        "Ponto de verificação - Garantir que todos os testes passem",
        "Punto de control: pruebas",
        "Контрольная точка — все тесты проходят",
    ],
)
def test_a_checkpoint_by_its_name(title: str) -> None:
    assert is_checkpoint(title, "")


@pytest.mark.parametrize(
    "title",
    [
        "Final verification - Ensure all tests pass",
        "Verify that all tests pass",
        "確認：すべてのテストが通る",
    ],
)
def test_tests_that_pass_and_a_person_that_is_asked(title: str) -> None:
    asked = "  - ユーザーに確認する" if title.startswith("確") else ASKS
    assert is_checkpoint(title, asked)
    assert not is_checkpoint(title, "")


@pytest.mark.parametrize(
    "title",
    [
        "Add checkpoint",
        "Implement checkpoint saving",
        "Checkpoint manager with resume",
        "Create the checkpoint: a file per epoch",
        "Write checkpointing for the trainer",
        "Save model checkpoints",
        "動作確認",
        "确认对话框",
        "Ask the user for a name",
    ],
)
def test_work_that_has_to_do_with_checkpoints(title: str) -> None:
    assert not is_checkpoint(title, "  - Store it")


def test_a_task_whose_details_ask_is_work_all_the_same() -> None:
    assert not is_checkpoint("Implement the login", ASKS)
