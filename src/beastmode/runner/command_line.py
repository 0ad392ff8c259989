"""A command given as one text, as on the command line: split like a shell would, then filled per task."""

from __future__ import annotations

import shlex

from beastmode.errors import RoadmapError, SettingError
from beastmode.runner.fields import find_fields, problems_of_arguments
from beastmode.runner.work import Command

_FLAG = "--command"
_OF_A_SHELL = ("|", "&", ";", "<", ">", "$", "`")


def as_verify(text: str) -> Command:
    """A verification as one text: a shell line; with `{id}` or another field in it, arguments. Raises BeastError.

    A field in a shell line would put a task's words into a program. So what has both is refused.
    """
    if not find_fields(text):
        return Command(shell=text)
    if any(sign in text for sign in _OF_A_SHELL):
        tip = 'Write "$BEAST_ID" instead of {id}, and so on; or leave out what only a shell understands.'
        raise SettingError(f"{text!r} is a shell line and gets no fields", where="--verify", tip=tip)
    return as_arguments(text, "--verify")


def as_arguments(text: str, flag: str = _FLAG) -> Command:
    """The arguments in `text`. No shell is involved: `|`, `>` and `$` are plain letters. Raises BeastError."""
    try:
        arguments = tuple(shlex.split(text))
    except ValueError as error:
        tip = "Check its quotes; it is split like a shell would."
        raise SettingError(f"{text!r} cannot be split: {error}", where=flag, tip=tip) from None
    if not arguments or not arguments[0]:
        tip = f"Write a program behind it, for example {flag} 'make {{id}}'."
        raise SettingError(f"{text!r} names no program", where=flag, tip=tip)
    problems = problems_of_arguments(arguments)
    if problems:
        raise RoadmapError(flag, problems)
    return Command(arguments)
