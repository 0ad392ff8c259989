"""A command given as one text, as on the command line: split like a shell would, then filled per task."""

from __future__ import annotations

import shlex

from beastmode.errors import RoadmapError, SettingError
from beastmode.runner.fields import problems_of_arguments
from beastmode.runner.work import Command

_FLAG = "--command"


def as_arguments(text: str) -> Command:
    """The arguments in `text`. No shell is involved: `|`, `>` and `$` are plain letters. Raises BeastError."""
    try:
        arguments = tuple(shlex.split(text))
    except ValueError as error:
        tip = "Check its quotes; it is split like a shell would."
        raise SettingError(f"{text!r} cannot be split: {error}", where=_FLAG, tip=tip) from None
    if not arguments or not arguments[0]:
        tip = "Write what each task is to do, for example --command 'make {id}'."
        raise SettingError(f"{text!r} names no program", where=_FLAG, tip=tip)
    problems = problems_of_arguments(arguments)
    if problems:
        raise RoadmapError(_FLAG, problems)
    return Command(arguments)
