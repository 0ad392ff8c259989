"""The native format: YAML or JSON with `tasks` and `phases`, see docs/roadmaps.md. All problems in one go.

Three looks at a whole file: is it YAML (`yaml_lines`), is each key well filled (`native_model`),
do the keys of one mapping fit together (here). Only a file without problems becomes a roadmap.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from beastmode.errors import Problem, RoadmapError
from beastmode.runner.formats import native_model as model
from beastmode.runner.formats.yaml_lines import (
    Entries,
    Items,
    Scalar,
    UnreadableError,
    Value,
    events,
    load,
    shown,
)
from beastmode.runner.roadmap import Phase, Roadmap, Task, TaskOptions
from beastmode.runner.work import Call, Command, Http, Work

NAME = "native"

Where = tuple[int | str, ...]
"""How to come to a value: keys and positions, from the top."""

_CHECKBOX = re.compile(r"^ {0,3}[-*+] \[[ xX]\]\s", re.MULTILINE)
_KIND_OF = {"command": "command", "url": "http", "call": "python"}
_KEY_OF = {kind: key for key, kind in _KIND_OF.items()}
_BELONGS_TO = {
    "env": "command",
    "cwd": "command",
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
    "status": ("a status or a list of them", "[200, 201]"),
}


def claims_path(path: Path) -> bool:
    """YAML is always ours. JSON has many owners, so there the content decides."""
    return path.suffix.lower() in (".yaml", ".yml")


def claims_text(text: str) -> bool:
    """A mapping with `tasks` or `phases` at the top, whatever is wrong further down; no checkboxes."""
    if _CHECKBOX.search(text):
        return False
    try:
        return any(key in ("tasks", "phases") for key in _keys_at_top(text))
    except UnreadableError:
        return False


def read(text: str, path: Path) -> Roadmap:
    """The roadmap in a text. Raises `RoadmapError` with everything that is wrong, line by line."""
    document = load(text)
    problems = list(document.problems)
    if document.value is None and not problems:
        problems = [Problem(0, "there is nothing in it", _TOP_TIP)]
    elif document.value is not None and not isinstance(document.value, Entries):
        what = f"found {model.found(document.value)} where the roadmap should be"
        line = min(document.value.line, len(text.splitlines()))  # an empty document stands behind its end
        problems.append(Problem(line, what, _TOP_TIP))
    if not isinstance(document.value, Entries):
        raise RoadmapError(path, problems)
    entry, more = _validated(document.value)
    problems += more
    problems += _misfits(document.value)
    if not problems and not _has_tasks(document.value):
        problems = [Problem(_first_line(document.value), "there are no tasks in it", _TOP_TIP)]
    if problems or entry is None:
        raise RoadmapError(path, sorted(dict.fromkeys(problems), key=lambda problem: problem.line))
    return _roadmap(entry, document.value)


def json_schema() -> dict[str, Any]:
    """The format as JSON Schema (draft 2020-12), for editors. What it refuses, `read` refuses too.

    Some of what `read` refuses passes here: an id used twice, an unknown field in a command, a rate of 0.
    """
    schema: dict[str, Any] = _without_noise(model.RoadmapEntry.model_json_schema())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A roadmap for beast run",
        **schema,
    }


_TOP_TIP = "Write `tasks:` or `phases:` with a list below it, see docs/roadmaps.md."


def _keys_at_top(text: str) -> Iterator[str]:
    """The keys of the mapping that a text begins with, as far as it can be read; not where a text follows."""
    depth, key = 0, None
    for event in events(text):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.NodeEvent):
            if depth == 0 and not isinstance(event, yaml.MappingStartEvent):
                return
            if depth == 1 and key is None:
                key = getattr(event, "value", "")
            elif depth == 1:
                if not isinstance(event, yaml.ScalarEvent) or Scalar(event.value, 0).is_null:
                    yield str(key)
                key = None
            depth += isinstance(event, yaml.CollectionStartEvent)


def _without_noise(schema: Any) -> Any:
    """A schema without the titles that pydantic derives and without defaults that mean "not there"."""
    if isinstance(schema, list):
        return [_without_noise(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_noise(part)
        for key, part in schema.items()
        if not (key == "title" and isinstance(part, str))
        and not (key == "default" and part in (None, "", []))
    }


def _validated(root: Entries) -> tuple[model.RoadmapEntry | None, list[Problem]]:
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
    what = f"found {model.found(details['input'])} instead of {shape}"
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


def _misfits(root: Entries) -> Iterator[Problem]:
    """What is wrong between keys, each of which may be right. Takes any values, however wrong they are."""
    if "tasks" not in root and "phases" not in root:
        yield Problem(root.line, "there are neither tasks nor phases", _TOP_TIP)
    health = root.get("health")
    if isinstance(health, Entries) and (not health or len(health.keys() & {"http", "tcp", "command"}) > 1):
        tip = 'Write exactly one of http, tcp and command, like {http: "http://127.0.0.1:9000/health"}.'
        yield _problem(root, ("health",), f"{len(health) or 'no'} checks instead of one", tip)
    for where, task in _raw_tasks(root, ()):
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
    for key, owner in _BELONGS_TO.items():
        if key in task and owner not in given:
            yield (
                key,
                f"{key} says something about {owner}, and there is no {owner}",
                f"Add {owner}, or remove {key}.",
            )


def _raw_tasks(group: Entries, above: Where) -> Iterator[tuple[Where, Entries]]:
    for number, task in _mappings(group, "tasks"):
        yield (*above, "tasks", number), task
    for number, phase in _mappings(group, "phases"):
        yield from _raw_tasks(phase, (*above, "phases", number))


def _mappings(group: Entries, key: str) -> Iterator[tuple[int, Entries]]:
    values = group.get(key)
    for number, value in enumerate(values if isinstance(values, Items) else ()):
        if isinstance(value, Entries):
            yield number, value


def _has_tasks(root: Entries) -> bool:
    return any(True for _ in _raw_tasks(root, ()))


def _first_line(root: Entries) -> int:
    return min((root.lines[key] for key in ("tasks", "phases") if key in root), default=root.line)


def _roadmap(entry: model.RoadmapEntry, raw: Entries) -> Roadmap:
    plain = all(order == "needs" for order in _orders(entry))
    return Roadmap(
        children=_children(entry, raw),
        title=entry.title,
        order=entry.order,
        format=NAME,
        rule="needs only" if plain else "needs, and the order of phases that ask for it",
        concurrency=entry.limits.concurrency,
        rate=entry.limits.rate,
        server=entry.limits.server,
        health=_health(entry.health),
    )


def _orders(group: model.RoadmapEntry | model.PhaseEntry) -> Iterator[str]:
    yield group.order
    for phase in group.phases:
        yield from _orders(phase)


def _health(health: model.Health) -> str:
    """One text for all three: a URL, `tcp://host:port`, or `command:` and JSON.

    The JSON is a list for arguments and a string for a shell line, so that neither has to be split again:
    `command:["test", "-f", "ready file"]` and `command:"curl -sf $URL | grep ok"`.
    """
    if health.tcp:
        return f"tcp://{health.tcp}"
    if health.command:
        return "command:" + json.dumps(health.command, ensure_ascii=False)
    return health.http


def _children(group: model.RoadmapEntry | model.PhaseEntry, raw: Entries) -> list[Phase | Task]:
    """Tasks and phases in the order in which the two keys stand in the file."""
    children: list[Phase | Task] = []
    for key in raw:
        if key == "tasks":
            children += [_task(group.tasks[number], task.line) for number, task in _mappings(raw, key)]
        elif key == "phases":
            children += [_phase(group.phases[number], phase, number) for number, phase in _mappings(raw, key)]
    return children


def _phase(entry: model.PhaseEntry, raw: Entries, number: int) -> Phase:
    title = entry.title or f"Phase {number + 1}"
    return Phase(title, _children(entry, raw), entry.order, raw.line)


def _task(entry: model.TaskEntry, line: int) -> Task:
    return Task(
        id=entry.id,
        work=_work(entry),
        title=entry.title,
        needs=entry.needs,
        options=_options(
            category=entry.category,
            priority=entry.priority,
            timeout_s=entry.timeout,
            retries=entry.retries,
            verify=entry.verify,
            touches=entry.touches,
        ),
        details=entry.details,
        line=line,
        state="done" if entry.done else "pending",
        parallel=entry.parallel,
    )


@lru_cache(maxsize=1024)
def _options(
    *,
    category: str,
    priority: int,
    timeout_s: float | None,
    retries: int | None,
    verify: tuple[str, ...] | str,
    touches: tuple[str, ...],
) -> TaskOptions:
    """Shared by the tasks that have the same, which is most of them in a long list."""
    return TaskOptions(category, priority, timeout_s, retries, _command(verify) if verify else None, touches)


def _work(entry: model.TaskEntry) -> Work | None:
    if entry.command:
        return _command(entry.command, entry.env, entry.cwd)
    if entry.url:
        method = entry.method or ("GET" if entry.body is None else "POST")
        expect = entry.expect
        return Http(entry.url, method, entry.headers, entry.body, expect.status, expect.answer)
    return Call(entry.call) if entry.call else None


def _command(written: tuple[str, ...] | str, env: Mapping[str, str] | None = None, cwd: str = "") -> Command:
    if isinstance(written, str):
        return Command(shell=written, env=env or {}, cwd=cwd)
    return Command(arguments=written, env=env or {}, cwd=cwd)
