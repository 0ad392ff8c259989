"""What is wrong with a native roadmap, in words: keys that are not well filled, and keys that do not fit together."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from beastmode.errors import Problem
from beastmode.runner.formats import native_model as model
from beastmode.runner.formats.native_values import found
from beastmode.runner.formats.yaml_lines import Entries, Items, Scalar, Value, shown
from beastmode.runner.work import GENERATE

TOP_TIP = "Write `tasks:` or `phases:` with a list below it, see docs/roadmaps.md."

Where = tuple[int | str, ...]
"""How to come to a value: keys and positions, from the top."""

_KIND_OF = {"command": "command", "url": "http", "call": "python"}
_KEY_OF = {kind: key for key, kind in _KIND_OF.items()}
_OF_CODE = ("agent", "model", "prompt", "setup", "copy", "budget")
"""What a task says only where an agent does it."""
_NOT_OF = {"env": ("url", "call"), "cwd": ("url", "call")}
_BELONGS_TO = {
    "method": "url",
    "headers": "url",
    "body": "url",
    "expect": "url",
}
_MODELS: dict[str, type[BaseModel]] = {
    "": model.RoadmapEntry,
    "tasks": model.TaskEntry,
    "phases": model.PhaseEntry,
    "limits": model.Limits,
    "health": model.Health,
    "expect": model.Expect,
}
_SHAPES = {
    "tasks": ("a list of tasks", "[{id: build, command: [make]}]"),
    "phases": ("a list of phases", "[{title: Week 1, tasks: [...]}]"),
    "limits": ("a mapping", "{concurrency: 3, rate: 8/s}"),
    "health": ("a mapping", '{http: "http://127.0.0.1:9000/health"}'),
    "expect": ("a mapping", "{status: 200}"),
    "env": ("a mapping", "{LOG_LEVEL: debug}"),
    "headers": ("a mapping", "{Accept: text/plain}"),
    "needs": ("an id or a list of ids", "[build, test]"),
    "touches": ("a path or a list of paths", "[src/, docs/]"),
    "copy": ("a path or a list of paths", "[.env, config/]"),
    "status": ("a status or a list of them", "[200, 201]"),
}


def validated(root: Entries) -> tuple[model.RoadmapEntry | None, list[Problem]]:
    """What the model makes of a file, or what it finds wrong."""
    try:
        return model.RoadmapEntry.model_validate(root), []
    except ValidationError as error:
        return None, [_in_words(root, details) for details in error.errors(include_url=False)]


def _in_words(root: Entries, details: ErrorDetails) -> Problem:
    """One finding of pydantic in our own words."""
    where, kind, context = details["loc"], details["type"], details.get("ctx", {})
    if kind == "native":
        return _problem(root, where, context["what"], context["tip"], context["line"])
    if kind == "extra_forbidden":
        return _unknown_key(root, where)
    if kind == "missing":
        return _problem(
            root, where, f"{where[-1]} is missing", "Give it a short unique id, like `id: build`."
        )
    if kind == "too_short":
        return _problem(root, where, "the list is empty", "Write at least one item, or leave the key out.")
    key = next(part for part in reversed(where) if isinstance(part, str) and part in _SHAPES)
    shape, example = _SHAPES[key]
    if isinstance(where[-1], int):
        shape, example = f"a {key[:-1]}", example.removeprefix("[").removesuffix("]")
    what = f"found {found(details['input'])} instead of {shape}"
    return _problem(root, where, what, f"Write it like {example}, or leave it out.")


def _unknown_key(root: Entries, where: Where) -> Problem:
    *above, key = where
    name = next((part for part in reversed(above) if isinstance(part, str)), "")
    known = [field.alias or key for key, field in _MODELS[name].model_fields.items()]
    near = get_close_matches(str(key).lower(), known, n=1)
    guess = f"Did you mean {near[0]}? " if near else ""
    _, line = _place(root, where)
    of = _path(tuple(above)) or "the top level"
    return Problem(line, f"{of}: unknown key {shown(str(key))}", f"{guess}Known keys: {', '.join(known)}.")


def _problem(root: Entries, where: Where, what: str, tip: str, line: int = 0) -> Problem:
    place, its_line = _place(root, where)
    return Problem(line or its_line, f"{_path(place)}: {what}" if place else what, tip)


def _place(root: Entries, where: Where) -> tuple[Where, int]:
    """How far a place can be followed, and the line there.

    Not everything pydantic names stands in the file: a missing key does not, the branch of a union (`list`)
    does not, nor does the position of the one text that stands for a list.
    """
    value: Value = root
    line, place = root.line, list[int | str]()
    for part in where:
        if isinstance(value, Entries) and isinstance(part, str) and part in value:
            line, value = value.lines[part], value[part]
        elif isinstance(value, Items) and isinstance(part, int):
            value = value[part]
            line = value.line
        else:
            continue
        place.append(part)
    return tuple(place), line


def _path(place: Where) -> str:
    """A place as people write it: phases[0].tasks[2].timeout."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")


def misfits(root: Entries) -> Iterator[Problem]:
    """What is wrong between keys, each of which may be right. Takes any values, however wrong they are."""
    if "tasks" not in root and "phases" not in root:
        yield Problem(root.line, "there are neither tasks nor phases", TOP_TIP)
    health = root.get("health")
    if isinstance(health, Entries) and (not health or len(health.keys() & {"http", "tcp", "command"}) > 1):
        tip = 'Write exactly one of http, tcp and command, like {http: "http://127.0.0.1:9000/health"}.'
        yield _problem(root, ("health",), f"{len(health) or 'no'} checks instead of one", tip)
    for where, task in raw_tasks(root, ()):
        for key, what, tip in _misfits_of_task(task):
            yield _problem(root, (*where, key), what, tip)


def _misfits_of_task(task: Entries) -> Iterator[tuple[str, str, str]]:
    given = [key for key in _KIND_OF if key in task]
    if len(given) > 1:
        yield given[1], f"a task has only one of {' and '.join(given)}", "Keep one, or make two tasks of it."
    kind = task.get("kind")
    key = _KEY_OF.get(kind.text) if isinstance(kind, Scalar) else None
    if key and given and key not in given:
        tip = f"Leave kind out, or write {key} instead of {given[0]}."
        yield "kind", f"kind {_KIND_OF[key]} contradicts {given[0]}", tip
    elif key and not given and key != "command":
        yield "kind", f"kind {_KIND_OF[key]} needs {key}", f"Add {key}, or leave kind out."
    yield from _misfits_of_code(task, given, kind.text if isinstance(kind, Scalar) else "")
    gate = task.get("gate")
    if isinstance(gate, Scalar) and gate.text == "checkpoint" and (given or kind is not None):
        what = "at a checkpoint a person's word is all there is to do"
        yield "gate", what, f"Write gate: person, or remove {(given or ['kind'])[0]}."
    for key, owner in _BELONGS_TO.items():
        if key in task and owner not in given:
            yield (
                key,
                f"{key} says something about {owner}, and there is no {owner}",
                f"Add {owner}, or remove {key}.",
            )


def _misfits_of_code(task: Entries, given: list[str], kind: str) -> Iterator[tuple[str, str, str]]:
    """What does not fit between how code is written and all else."""
    for key in task:
        if kind == "command" and not given and key in (*_OF_CODE, *_NOT_OF):
            yield (
                key,
                f"{key} stands beside kind command, and there is no command",
                f"Add command, or remove {key}.",
            )
        if given and (key in _OF_CODE or given[0] in _NOT_OF.get(key, ())):
            what = f"{key} says something about code to be written, and this task has a {given[0]}"
            yield key, what, f"Remove {key}, or {given[0]}."
    if given and kind in ("agent", GENERATE):
        yield "kind", f"kind {kind} contradicts {given[0]}", f"Leave out kind, or {given[0]}."
    agent, cwd = task.get("agent"), task.get("cwd")
    if (
        isinstance(agent, Scalar)
        and kind in ("agent", GENERATE)
        and (kind == GENERATE) != (agent.text == GENERATE)
    ):
        yield "kind", f"kind {kind} contradicts agent {agent.text}", "Leave out one of them."
    if isinstance(cwd, Scalar) and not given and (cwd.text.startswith("/") or ".." in cwd.text.split("/")):
        what = f"cwd: {shown(cwd.text)} is outside of the worktree"
        yield "cwd", what, "Write a folder relative to the repository, like packages/api."


def raw_tasks(group: Entries, above: Where) -> Iterator[tuple[Where, Entries]]:
    """Every mapping that stands where a task should, with its place."""
    for number, task in mappings(group, "tasks"):
        yield (*above, "tasks", number), task
    for number, phase in mappings(group, "phases"):
        yield from raw_tasks(phase, (*above, "phases", number))


def mappings(group: Entries, key: str) -> Iterator[tuple[int, Entries]]:
    """The mappings in a list, with their positions; what is no mapping is left to the model."""
    values = group.get(key)
    for number, value in enumerate(values if isinstance(values, Items) else ()):
        if isinstance(value, Entries):
            yield number, value
