"""The example of Month 1, for tests: its service in a folder of its own, its answers applied, its tests run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from beastmode.runner.formats import native
from beastmode.runner.generating.applying import apply
from beastmode.runner.generating.inside import Inside
from beastmode.runner.generating.limits import Limits
from beastmode.runner.generating.patching import patch
from beastmode.runner.generating.reading import read
from beastmode.runner.roadmap import Roadmap

FOLDER = Path(__file__).parents[2] / "examples" / "month-1"
ROADMAP: Roadmap = native.read((FOLDER / "roadmap.yaml").read_text(encoding="utf-8"), FOLDER / "roadmap.yaml")
TASKS = tuple(task.id for task in ROADMAP.tasks())


def service_in(folder: Path) -> Path:
    """A copy of the service as it is before Month 1."""
    return Path(
        shutil.copytree(FOLDER / "service", folder / "service", ignore=shutil.ignore_patterns("__pycache__"))
    )


def answer(task: str, kind: str = "") -> Path:
    """The file with the recorded answer to a task."""
    return FOLDER / "answers" / f"{task}{kind}.md"


def stumbling_to(task: str) -> list[Path]:
    """The wrong answer and the one that mends it, for a task that has them."""
    return [path for kind in (".wrong", ".mended") if (path := answer(task, kind)).exists()]


def apply_answer(path: Path, service: Path) -> None:
    """What `kind: generate` does with an answer."""
    found = read(path.read_text(encoding="utf-8"))
    assert not found.problems, found.problems
    made = patch(found.edits, Inside(service), Limits(), lambda path: "")
    assert not made.problems, made.problems
    apply(made.changes, Inside(service), service.parent)


def acceptance_of(task: str) -> str:
    """The file that says whether a task is done."""
    return f"acceptance/test_{task.replace('-', '_')}.py"


def red_files(service: Path, *arguments: str) -> set[str]:
    """Files with tests that fail, of all that there are or of those that are named."""
    which = arguments or ("tests", "acceptance")
    command = [sys.executable, "-m", "pytest", "--continue-on-collection-errors", *which]
    env = os.environ | {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # our own plugins take three times as long as these tests
        "PYTHONDONTWRITEBYTECODE": "1",  # two edits within a second could leave a stale one behind
    }
    ended = subprocess.run(command, cwd=service, env=env, capture_output=True, text=True, timeout=60)
    red = set(re.findall(r"^(?:FAILED|ERROR) (\S+?\.py)", ended.stdout, re.MULTILINE))
    assert ended.returncode == (1 if red else 0), ended.stdout + ended.stderr
    return red
