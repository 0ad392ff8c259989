"""Detect: which command says of a repository that nothing in it is broken, where nobody named one."""

from __future__ import annotations

import json
import re
import tomllib
from contextlib import suppress
from pathlib import Path

_TEST_TARGET = re.compile(r"^test[ \t]*:(?!=)", re.MULTILINE)
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_NO_TEST = "no test specified"
"""What `npm init` writes: it always fails."""
_MOST_BYTES = 1_000_000


def check_of(top: Path) -> str:
    """`make test`, `npm test` or `pytest`, the first that the files of a repository speak of; "" where none does."""
    if any(_TEST_TARGET.search(_text(top / name)) for name in _MAKEFILES):
        return "make test"
    if _has_npm_test(top):
        return "npm test"
    return "python -m pytest -q" if _has_pytest(top) else ""


def _has_npm_test(top: Path) -> bool:
    with suppress(ValueError):
        package = json.loads(_text(top / "package.json") or "null")
        scripts = package.get("scripts") if isinstance(package, dict) else None
        test = scripts.get("test") if isinstance(scripts, dict) else None
        return isinstance(test, str) and bool(test.strip()) and _NO_TEST not in test
    return False


def _has_pytest(top: Path) -> bool:
    if (top / "pytest.ini").is_file() or "[tool:pytest]" in _text(top / "setup.cfg"):
        return True
    with suppress(tomllib.TOMLDecodeError):
        tool = tomllib.loads(_text(top / "pyproject.toml")).get("tool")
        if isinstance(tool, dict) and "pytest" in tool:
            return True
    return any(
        next(top.glob(pattern), None) for pattern in ("test_*.py", "tests/test_*.py", "tests/*/test_*.py")
    )


def _text(path: Path) -> str:
    """What stands in a file; "" where there is none that could be read."""
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
