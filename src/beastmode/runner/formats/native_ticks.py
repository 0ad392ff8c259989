"""`done: true` for tasks of the native format, put into YAML or JSON as a person would, with no other change."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

import yaml

from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.yaml_lines import PAIR, events, with_whole_characters

_YES = {"false": "true", "False": "True", "FALSE": "TRUE", "no": "yes", "No": "Yes", "NO": "YES", "off": "on"}
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(slots=True)
class _Value:
    """Where a value stands, and the key it belongs to.   text: of a scalar."""

    key: int
    start: int
    end: int
    text: str


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet.

    flow: in brackets.   of_tasks: its mappings are tasks.   of_groups: it is the file, a phase, or a list of phases.
    key, key_start: whose value comes next; None: a key does.
    """

    is_mapping: bool
    flow: bool = False
    of_tasks: bool = False
    of_groups: bool = False
    key: str | None = None
    key_start: int = 0
    values: dict[str, _Value] = field(default_factory=dict)


def edits(text: str, done: Collection[str]) -> list[Edit]:
    """One edit for each of the tasks: its `done: false` becomes true, or `done: true` is put behind its id."""
    place, found = _places(text), []
    for task in _tasks(text):
        own, said = task.values.get("id"), task.values.get("done")
        if own is None or own.text not in done:
            continue
        if said is None:
            at = place(own.end)
            added = _in_brackets if task.flow else _on_a_line
            found.append(added(text, place(own.key), at))
        elif said.text.lower() not in ("true", "yes", "on"):
            found.append(Edit(place(said.start), place(said.end), _YES.get(said.text, "true")))
    return found


def _in_brackets(text: str, key: int, end: int) -> Edit:
    """Behind the id; on a line of its own where the id has one."""
    first = _line_start(text, key)
    indent = text[first:key]
    rest = text[end : _line_end(text, end).start()] if first else ""
    alone = first > 0 and not indent.strip() and rest.strip() in ("", ",")
    quote = '"' if text[key] == '"' else ""
    return Edit(end, end, f",{_line_end(text, end)[0] + indent if alone else ' '}{quote}done{quote}: true")


def _on_a_line(text: str, key: int, end: int) -> Edit:
    """On the line below the id, as far in."""
    ending = _line_end(text, end)
    at = ending.start() if ending.start() >= end else len(text)
    return Edit(at, at, f"{ending[0]}{' ' * (key - _line_start(text, key))}done: true")


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def _line_end(text: str, at: int) -> re.Match[str]:
    """How the line that holds a place ends; as others do, where it is the last and does not."""
    ending = _LINE_END.search(text, at) or _LINE_END.search(text)
    assert ending is not None  # asked only of texts of several lines
    return ending


def _places(text: str) -> Callable[[int], int]:
    """From a place in what the parser reads to the one in the file: emoji that are two escapes there are one here."""
    if with_whole_characters(text) is text:
        return lambda at: at
    ends = [pair.end() - 2 * number for number, pair in enumerate(PAIR.finditer(text), 1)]
    return lambda at: at + 2 * bisect_right(ends, at)


def _tasks(text: str) -> Iterator[_Open]:
    """The mappings of a file that are its tasks."""
    above = [_Open(is_mapping=False, of_groups=True)]
    for event in events(text):
        if isinstance(event, yaml.CollectionStartEvent):
            above.append(_opened(above[-1], event))
        elif isinstance(event, yaml.CollectionEndEvent):
            ended = above.pop()
            if ended.is_mapping and above[-1].of_tasks:
                yield ended
            _take(above[-1], event, "")
        elif isinstance(event, yaml.NodeEvent):
            _take(above[-1], event, getattr(event, "value", ""))


def _opened(parent: _Open, event: yaml.CollectionStartEvent) -> _Open:
    one = _Open(isinstance(event, yaml.MappingStartEvent), bool(event.flow_style))
    if one.is_mapping:
        one.of_groups = parent.of_groups
    elif parent.of_groups:
        one.of_tasks, one.of_groups = parent.key == "tasks", parent.key == "phases"
    return one


def _take(parent: _Open, event: yaml.Event, text: str) -> None:
    """A value has come: it is a key, or what belongs to one."""
    begin, end = event.start_mark, event.end_mark
    if not parent.is_mapping or begin is None or end is None:
        return
    if parent.key is None:
        parent.key, parent.key_start = text, begin.index
    else:
        parent.values.setdefault(parent.key, _Value(parent.key_start, begin.index, end.index, text))
        parent.key = None
