"""Why a JSON text is no list that anybody here knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from beastmode.errors import Problem
from beastmode.runner.formats.json_places import UnreadableJsonError, sequence, whole
from beastmode.runner.formats.record_text import cleaned

_NPM = frozenset({"scripts", "dependencies", "devDependencies", "version", "license", "main"})
_TIP = (
    'Lists in JSON are known by these: {"tasks": […]} of BEAST MODE and Task Master, {"userStories": […]}, '
    '{"features": […]}, objects with "passes", what `gh issue list --json …` prints, and issues of Beads. '
    "See docs/roadmaps-json.md."
)
_MOST_KEYS = 8


def why_not(text: str, path: Path) -> Problem | None:
    """What a text in JSON is instead of a list of tasks, or where it stops being JSON; None where it is no JSON at
    all."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        if path.suffix.lower() in (".jsonl", ".ndjson"):
            shapes = [one.value for one in sequence(text)]
            return Problem(
                1, f"lines of JSON, none of them an issue or a task: the first is {_shape(shapes[0])}", _TIP
            )
        return Problem(1, f"no list of tasks is in this JSON: it is {_shape(whole(text).value)}", _TIP)
    except UnreadableJsonError as error:
        return error.problem


def _shape(value: Any) -> str:
    if isinstance(value, list):
        kinds = f", the first of them {_shape(value[0])}" if value else ""
        return f"a list of {len(value)}{kinds}"
    if not isinstance(value, dict):
        return f"the single value {str(value)[:40]!r}"
    if "name" in value and _NPM & value.keys():
        return "the package.json of a program"
    keys = ", ".join(cleaned(key)[:40] for key in list(value)[:_MOST_KEYS])
    return (
        f"an object with the keys {keys}{', …' if len(value) > _MOST_KEYS else ''}"
        if value
        else "an empty object"
    )
