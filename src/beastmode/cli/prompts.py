"""What an agent would be told of each task, before it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from beastmode.cli.words import safe_lines
from beastmode.compose.opening.code import top_of
from beastmode.compose.opening.code_choice import is_code, read_template
from beastmode.runner.code.detect import check_of
from beastmode.runner.code.prompt import Brief, prompt_of
from beastmode.runner.command_line import as_verify
from beastmode.runner.fields import fill
from beastmode.runner.roadmap import Roadmap, Task
from beastmode.runner.work import Coding, Command


def prompts_of(roadmap: Roadmap, check: str, verify: str, template: Path | None) -> dict[str, str]:
    """The prompts of the tasks that write code and are still to run, by their ids. Raises BeastError."""
    words = read_template(template)
    check = check or check_of(top_of(Path.cwd()))
    usual = as_verify(verify) if verify else None
    told = {}
    for phases, task in roadmap.walk():
        if task.state == "pending" and is_code(task):
            work = task.work if isinstance(task.work, Coding) else Coding()
            green = Command(shell=check) if check and check != "none" else None
            brief = Brief(
                task, work, phases, roadmap.title, green, _filled(task.options.verify or usual, task, phases)
            )
            told[task.id] = prompt_of(brief, words)
    return told


def prompt_lines(told: Mapping[str, str]) -> Iterator[str]:
    """For people, one prompt after the other."""
    if not told:
        yield "No task that is still to run writes code."
    for task, words in told.items():
        yield f"==== {task} ===="
        yield safe_lines(words)
        yield ""


def _filled(verify: Command | None, task: Task, phases: tuple[str, ...]) -> Command | None:
    """With the fields that are known before it runs."""
    if verify is None or verify.shell:
        return verify
    values = {
        "id": task.id,
        "title": task.title or task.id,
        "phase": phases[-1] if phases else "",
        "category": task.options.category,
        "line": str(task.line or ""),
    }
    return Command(arguments=tuple(fill(verify.arguments, values)))
