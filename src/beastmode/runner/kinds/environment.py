"""What an attempt tells its processes: the `{fields}` of argument lists and the `$BEAST_*` variables."""

from __future__ import annotations

import os
from pathlib import Path

from beastmode.runner.fields import FIELDS
from beastmode.runner.kinds.protocol import Attempt

MOST_FEEDBACK_BYTES = 8 * 1024
"""Of feedback in the environment, whose size all variables and arguments share."""
_MOST_ARGUMENT_BYTES = 100_000
"""Of feedback in one argument: Linux takes none of 128 KiB, and says only "Argument list too long"."""


def field_values(attempt: Attempt) -> dict[str, str]:
    """What `{id}` and the other fields stand for. Without zero bytes, which no argument can hold.

    `{phase}` is the nearest phase, `{line}` and `{feedback}` may be empty. Of long feedback the end is given.
    """
    task = attempt.task
    values = (
        task.id,
        task.title or task.id,
        attempt.phases[-1] if attempt.phases else "",
        task.options.category,
        str(attempt.number),
        str(task.line or ""),
        last_bytes(attempt.feedback, _MOST_ARGUMENT_BYTES),
        attempt.run,
    )
    return {name: value.replace("\0", "") for name, value in zip(FIELDS, values, strict=True)}


def environment_of(attempt: Attempt) -> dict[str, str]:
    """The variables of a process: those of the runner, those of the attempt, then `BEAST_*` for each field.

    BEAST_FEEDBACK has the last 8 KiB of it; BEAST_FEEDBACK_FILE, only where there is feedback, names a file with
    all of it, beside the log.
    """
    variables = {**os.environ, **attempt.env}
    for name, value in field_values(attempt).items():
        variables[f"BEAST_{name.upper()}"] = value
    variables.pop("BEAST_FEEDBACK_FILE", None)  # of a run that this one is a task of
    if attempt.feedback:
        variables["BEAST_FEEDBACK"] = last_bytes(variables["BEAST_FEEDBACK"], MOST_FEEDBACK_BYTES)
        variables["BEAST_FEEDBACK_FILE"] = str(_feedback_file(attempt))
    return variables


def last_bytes(text: str, most: int) -> str:
    """The end of a text, at most `most` bytes of UTF-8, beginning with a whole character."""
    if len(text) * 4 <= most:
        return text
    return text.encode("utf-8", "replace")[-most:].decode("utf-8", "ignore")


def _feedback_file(attempt: Attempt) -> Path:
    path = attempt.log_path.with_suffix(".feedback").absolute()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(attempt.feedback, encoding="utf-8", errors="replace")
    return path
