"""Which check a repository speaks of."""

from __future__ import annotations

from pathlib import Path

import pytest

from beastmode.runner.code.detect import check_of


@pytest.mark.parametrize(
    ("files", "check"),
    [
        ({}, ""),
        ({"Makefile": "all:\n\ntest: all\n\ttrue\n"}, "make test"),
        ({"makefile": "test:\n"}, "make test"),
        ({"Makefile": "test := x\ntests:\n\tfalse\n"}, ""),
        ({"Makefile": ".PHONY: test\n"}, ""),
        ({"package.json": '{"scripts": {"test": "vitest run"}}'}, "npm test"),
        ({"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'}, ""),
        ({"package.json": '{"scripts": {"test": 1}}'}, ""),
        ({"package.json": '["scripts"]'}, ""),
        ({"package.json": "{"}, ""),
        ({"pytest.ini": ""}, "python -m pytest -q"),
        ({"setup.cfg": "[tool:pytest]\n"}, "python -m pytest -q"),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, "python -m pytest -q"),
        ({"pyproject.toml": "[tool.ruff]\n"}, ""),
        ({"pyproject.toml": "[[["}, ""),
        ({"tests/test_a.py": ""}, "python -m pytest -q"),
        ({"tests/unit/test_a.py": ""}, "python -m pytest -q"),
        ({"tests/a.py": ""}, ""),
        (
            {"Makefile": "test:\n", "package.json": '{"scripts": {"test": "x"}}', "pytest.ini": ""},
            "make test",
        ),
    ],
)
def test_the_first_that_is_there(files: dict[str, str], check: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert check_of(tmp_path) == check


def test_a_folder_where_a_file_should_be_is_no_check(tmp_path: Path) -> None:
    (tmp_path / "Makefile").mkdir()
    (tmp_path / "package.json").mkdir()
    assert check_of(tmp_path) == ""
