"""The native format: YAML or JSON with `tasks` and `phases`, see docs/roadmaps.md. All problems in one go.

Three looks at a whole file: is it YAML (`yaml_lines`), is each key well filled (`native_model`), do the keys of
one mapping fit together (`native_problems`). Only a file without problems becomes a roadmap.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from beastmode.errors import Problem, RoadmapError
from beastmode.runner.formats import native_model as model
from beastmode.runner.formats.native_code import NOTHING_SAID, Said, command_of
from beastmode.runner.formats.native_problems import TOP_TIP, mappings, misfits, raw_tasks, validated
from beastmode.runner.formats.native_values import found
from beastmode.runner.formats.yaml_lines import (
    Entries,
    Scalar,
    UnreadableError,
    events,
    load,
)
from beastmode.runner.roadmap import Gate, Phase, Roadmap, Task, TaskOptions
from beastmode.runner.work import Call, Http, Work

NAME = "native"

_GATES: dict[str | None, Gate] = {None: "", "person": "before", "checkpoint": "only"}
_CHECKBOX = re.compile(r"^ {0,3}[-*+] \[[ xX]\]\s", re.MULTILINE)


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
        problems = [Problem(0, "there is nothing in it", TOP_TIP)]
    elif document.value is not None and not isinstance(document.value, Entries):
        what = f"found {found(document.value)} where the roadmap should be"
        line = min(document.value.line, len(text.splitlines()))  # an empty document stands behind its end
        problems.append(Problem(line, what, TOP_TIP))
    if not isinstance(document.value, Entries):
        raise RoadmapError(path, problems)
    entry, more = validated(document.value)
    problems += more
    problems += misfits(document.value)
    if not problems and not _has_tasks(document.value):
        problems = [Problem(_first_line(document.value), "there are no tasks in it", TOP_TIP)]
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


def _has_tasks(root: Entries) -> bool:
    return any(True for _ in raw_tasks(root, ()))


def _first_line(root: Entries) -> int:
    return min((root.lines[key] for key in ("tasks", "phases") if key in root), default=root.line)


def _roadmap(entry: model.RoadmapEntry, raw: Entries) -> Roadmap:
    plain = all(order == "needs" for order in _orders(entry))
    return Roadmap(
        children=_children(entry, raw, NOTHING_SAID.below(entry)),
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


def _children(group: model.RoadmapEntry | model.PhaseEntry, raw: Entries, said: Said) -> list[Phase | Task]:
    """Tasks and phases in the order in which the two keys stand in the file.   said: what holds for all of them."""
    children: list[Phase | Task] = []
    for key in raw:
        if key == "tasks":
            children += [_task(group.tasks[number], task.line, said) for number, task in mappings(raw, key)]
        elif key == "phases":
            children += [
                _phase(group.phases[number], phase, number, said) for number, phase in mappings(raw, key)
            ]
    return children


def _phase(entry: model.PhaseEntry, raw: Entries, number: int, said: Said) -> Phase:
    title = entry.title or f"Phase {number + 1}"
    return Phase(title, _children(entry, raw, said.below(entry)), entry.order, raw.line)


def _task(entry: model.TaskEntry, line: int, said: Said) -> Task:
    said = said.below(entry)
    return Task(
        id=entry.id,
        work=_work(entry, said),
        title=entry.title,
        needs=entry.needs,
        options=_options(
            category=entry.category,
            priority=entry.priority,
            timeout_s=entry.timeout,
            retries=entry.retries,
            verify=entry.verify,
            touches=said.touches,
            gate=_GATES[entry.gate],
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
    gate: Gate,
) -> TaskOptions:
    """Shared by the tasks that have the same, which is most of them in a long list."""
    return TaskOptions(
        category, priority, timeout_s, retries, command_of(verify) if verify else None, touches, gate
    )


def _work(entry: model.TaskEntry, said: Said) -> Work | None:
    if entry.command:
        return command_of(entry.command, said.env, said.cwd)
    if entry.url:
        method = entry.method or ("GET" if entry.body is None else "POST")
        expect = entry.expect
        return Http(entry.url, method, entry.headers, entry.body, expect.status, expect.answer)
    if entry.gate == "checkpoint":
        return None
    return Call(entry.call) if entry.call else said.coding(entry.kind)
