"""A command given as one text, as on the command line: split like a shell would, then filled per task."""

from __future__ import annotations

import shlex

from beastmode.errors import RoadmapError, SettingError
from beastmode.runner.fields import problems_of_arguments
from beastmode.runner.work import Command


def as_arguments(text: str) -> Command | None:
    """The arguments in `text`; None where it is empty. No shell is involved: `|`, `>` and `$` are plain letters."""
    if not text.strip():
        return None
    try:
        arguments = tuple(shlex.split(text))
    except ValueError as error:
        tip = "Check its quotes; it is split like a shell would."
        raise SettingError(f"{text!r} cannot be split: {error}", where="--command", tip=tip) from None
    problems = problems_of_arguments(arguments)
    if problems:
        raise RoadmapError("--command", problems)
    return Command(arguments)
