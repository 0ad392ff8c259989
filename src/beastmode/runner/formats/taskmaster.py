"""Task Master: .taskmaster/tasks/tasks.json, lists by their tags, see docs/roadmaps-json.md.

A task of its list is a task of ours. Its subtasks are the steps of that task: they are told to whoever does it, each
with its own state, and are never run beside it, so that nothing is done twice.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from beastmode.errors import Problem, RoadmapError
from beastmode.runner.formats.accounts import Account
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.json_places import Lines, member, members
from beastmode.runner.formats.json_records import (
    Found,
    changed,
    document,
    is_json,
    nothing_like,
    options,
    priority_of,
    records,
)
from beastmode.runner.formats.links import Ids, Links, without_repeats
from beastmode.runner.formats.list_states import Said, as_written, said_by
from beastmode.runner.formats.record_text import cleaned, details_of, named, title_of, word, words
from beastmode.runner.roadmap import Roadmap, Task

NAME = "taskmaster"

_FIRST_TAG = "master"
_OURS = frozenset({"command", "url", "call", "agent", "needs", "kind"})
"""Keys of the native format that a task of Task Master never has."""
_THEIRS = frozenset({"status", "dependencies", "subtasks", "testStrategy"})
_HEADINGS = {
    "description": "",
    "details": "Details",
    "acceptanceCriteria": "Acceptance criteria",
    "testStrategy": "How it is tested",
    "relevantFiles": "Files",
}
_SILENT = named(
    "id title name status priority dependencies subtasks complexity complexityScore complexityReasoning "
    "recommendedSubtasks expansionPrompt createdAt updatedAt completedAt previousStatus metadata parentId "
    "parentTaskId tag tags assignee"
)
"""Keys that are read elsewhere, or keep books."""
_KNOWN = _SILENT | _HEADINGS.keys()
_HELD = frozenset({"deferred", "cancelled", "canceled", "blocked"})
_MOST_STATE_BYTES = 64 * 1024


class _List(NamedTuple):
    """One list of a file.   start: of its tasks.   project: what it is for, where it says so."""

    start: int
    line: int
    size: int
    project: str


def claims_path(path: Path) -> bool:
    """Whether a file lies where Task Master keeps its tasks."""
    return path.name == "tasks.json" and ".taskmaster" in path.parts


def claims_text(text: str) -> bool:
    """Tags that hold `tasks`, or tasks at the top with a state or dependencies and nothing of the native format."""
    if '"tasks"' not in text:
        return False
    top = is_json(text, begins="{")
    if not isinstance(top, dict):
        return False
    lists = [one["tasks"] for one in (top, *top.values()) if isinstance(one, dict) and "tasks" in one]
    lists = [one for one in lists if isinstance(one, list)]
    if not any(lists):
        return bool(lists) and "tasks" not in top
    tasks = [task for one in lists for task in one if isinstance(task, dict)]
    return any(_THEIRS & task.keys() for task in tasks) and not any(_OURS & task.keys() for task in tasks)


def read(text: str, path: Path) -> Roadmap:
    """The list that Task Master itself would take."""
    return read_part(text, path, "")


def read_part(text: str, path: Path, part: str) -> Roadmap:
    """The list of one tag; "": the current one as Task Master's state has it, else `master`, else the only one. Raises
    RoadmapError."""
    account = Account()
    lists = _lists(text, path, account)
    tag = _chosen(lists, path, part)
    for other in lists:
        if other != tag:
            what = f"another list of this file ({lists[other].size} tasks): --tag {other}"
            account.tell(lists[other].line, other, what)
    ids = Ids()
    found = [(one, _task(one, ids, account)) for one in records(text, lists[tag].start, account)]
    tasks = without_repeats([task for _, task in found], account)
    _link(found, tasks, ids, account)
    title = lists[tag].project or ("" if len(lists) == 1 else tag)
    rule = "dependencies only; subtasks are the steps of their task"
    return Roadmap(tasks, title, format=NAME, rule=rule, ignored=account.all(), part=tag)


def ticks(text: str, path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]:
    """`"status": "done"` for each of these tasks. Subtasks keep their state: what they ask was part of the task."""
    account, ids = Account(), Ids()
    tasks = _lists(text, path, account)[roadmap.part]
    return [
        changed(text, record, "status", '"done"')
        for record in records(text, tasks.start, account)
        if ids.give(word(record.data.get("id"))) in done and _said(record.data).state != "done"
    ]


def _lists(text: str, path: Path, account: Account) -> dict[str, _List]:
    """Every list of a file by its tag, in the order of the file."""
    top = document(text, path)
    if not isinstance(top.value, dict):
        raise nothing_like(
            path, "no tags and no tasks are in it", 'Task Master writes {"master": {"tasks": […]}}.', 1
        )
    line_of, lists = Lines(text), dict[str, _List]()
    at_top = any(key == "tasks" for key in top.value)
    for one in members(text, top.start):
        line = line_of(one.start)
        if one.key == "tasks" and isinstance(one.value, list):
            tag = _FIRST_TAG if _FIRST_TAG not in top.value else "tasks"
            lists[tag] = _List(one.start, line, len(one.value), _project(top.value))
        elif isinstance(one.value, dict) and isinstance(one.value.get("tasks"), list):
            place = member(text, one.start, "tasks")
            assert place is not None
            lists[cleaned(one.key)] = _List(place.start, line, len(place.value), _project(one.value))
        elif isinstance(one.value, list) and any(
            isinstance(task, dict) and "status" in task for task in one.value
        ):
            lists[cleaned(one.key)] = _List(one.start, line, len(one.value), "")
        elif not (at_top and one.key == "metadata"):
            account.tell(line, one.key, "no list of tasks: a tag is an object with `tasks`")
    if not lists:
        raise nothing_like(path, "no tag of it holds tasks", 'Task Master writes {"master": {"tasks": […]}}.')
    return lists


def _project(tag: dict[str, Any]) -> str:
    data = tag.get("metadata")
    return title_of(data, "projectName") if isinstance(data, dict) else ""


def _chosen(lists: dict[str, _List], path: Path, part: str) -> str:
    named = ", ".join(f"{tag} ({tasks.size})" for tag, tasks in lists.items())
    wanted = part or _current_tag(path)
    if wanted in lists:
        return wanted
    if wanted:
        whose = "" if part else ", the current one as .taskmaster/state.json has it"
        what = f"there is no tag {wanted!r}{whose}"
    elif _FIRST_TAG in lists or len(lists) == 1:
        return _FIRST_TAG if _FIRST_TAG in lists else next(iter(lists))
    else:
        what = "it holds several lists, and none of them is the current one"
    raise RoadmapError(path, [Problem(0, what, f"Say which with --tag. Tags and their tasks: {named}.")])


def _current_tag(path: Path) -> str:
    """What Task Master's own state says, which lies beside its folder of tasks; "" where nothing does."""
    try:
        with (path.parent.parent / "state.json").open("rb") as file:
            state = json.loads(file.read(_MOST_STATE_BYTES))
    except (OSError, ValueError, RecursionError):
        return ""
    current = state.get("currentTag") if isinstance(state, dict) else None
    return current if isinstance(current, str) else ""


def _task(record: Found, ids: Ids, account: Account) -> Task:
    data, line = record.data, record.line
    own = word(data.get("id"))
    account.unknown(line, data, _KNOWN)
    said = _said(data)
    account.state(line, own, data.get("status"), said)
    steps = list(_steps(data, own, account, line))
    if said.state == "done" and (left := sum(not done for done, _ in steps)):
        account.remark(line, own, f"done, though {left} of its {len(steps)} subtasks are not: taken as done")
    priority = priority_of(data.get("priority"))
    if priority is None:
        account.remark(line, own, f"unknown priority {word(data['priority'])[:40]!r}: taken as medium")
    told = [details_of(data, _HEADINGS, _SILENT)]
    if steps:
        told.append("\n".join(["Steps (subtasks):", *(step for _, step in steps)]))
    return Task(
        ids.give(own),
        title=title_of(data, "title", "name", "description"),
        options=options("", priority or 0, said.gate, said.word),
        details="\n\n".join(part for part in told if part),
        line=line,
        state=said.state,
    )


def _said(data: dict[str, Any]) -> Said:
    """Deferred, cancelled and blocked tasks hold back what needs them: here only `done` fulfils a dependency."""
    said = said_by(data.get("status"))
    if as_written(data.get("status", "")) in _HELD:
        return Said("held", word(data["status"]))
    return said


def _steps(data: dict[str, Any], own: str, account: Account, line: int) -> Iterator[tuple[bool, str]]:
    """Its subtasks: whether each is done, and how it is told."""
    for number, step in enumerate(_subtasks(data), 1):
        account.unknown(line, step, _KNOWN)
        done = said_by(step.get("status")).state == "done"
        name = f"{own}.{word(step.get('id')) or number}"
        title = title_of(step, "title", "name", "description")
        state = word(step.get("status"))
        aside = "" if done or as_written(state) in ("", "pending") else f" ({state})"
        head = f"- [{'x' if done else ' '}] {name} {title}{aside}".rstrip()
        told = "" if done else details_of(step, _HEADINGS, _SILENT)
        if told == title:
            told = ""
        yield done, "\n".join([head, *(f"      {row}" if row else "" for row in told.split("\n") if told)])


def _subtasks(data: dict[str, Any]) -> list[dict[str, Any]]:
    steps = data.get("subtasks")
    return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []


def _link(found: list[tuple[Found, Task]], tasks: list[Task], ids: Ids, account: Account) -> None:
    """What a task depends on, and what a step that is left depends on in other tasks."""
    links = Links(tasks, account)
    for record, task in found:
        for written in words(record.data.get("dependencies")):
            links.need(task, _named(written, ids), written)
        siblings = {word(step.get("id")) for step in _subtasks(record.data)}
        for step in _subtasks(record.data):
            if said_by(step.get("status")).state == "done":
                continue
            for written in words(step.get("dependencies")):
                need = "" if written in siblings else _named(written, ids)
                if need:
                    links.need_loosely(task, need)
    links.settle()


def _named(written: str, ids: Ids) -> str:
    """The task that a dependency names, which may be one of its subtasks: `5.2` is part of `5`."""
    return ids.get(written) or ids.get(written.partition(".")[0])
