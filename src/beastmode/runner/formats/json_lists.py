"""Which lists of records a JSON value holds under certain names: at its top, or one level down in groups."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from beastmode.runner.formats.accounts import Account
from beastmode.runner.formats.json_places import Lines, Placed, items, members
from beastmode.runner.formats.record_text import cleaned, title_of

_RECORD_NAMES = frozenset({"title", "name", "description", "feature", "story"})
_RECORD_STATES = frozenset({"passes", "passed", "status", "state", "done", "completed"})


class Group(NamedTuple):
    """A list of records.   title: of what holds it; "" at the top.   start: where the list begins in the text."""

    title: str
    start: int
    line: int


def groups_in(text: str, top: Placed, names: Collection[str]) -> list[Group]:
    """The lists under one of these names; a list at the top is one itself. Empty where there is none."""
    line_of = Lines(text)
    if isinstance(top.value, list):
        return [Group("", top.start, line_of(top.start))]
    if not isinstance(top.value, dict):
        return []
    if is_keyed(top.value):
        return [Group("", top.start, line_of(top.start))]
    parts = list(members(text, top.start))
    first = next((name for name in names if _is_list(top.value.get(name))), None)
    if first is not None:
        return [Group("", part.start, line_of(part.start)) for part in parts if part.key == first][-1:]
    found = []
    for part in parts:
        for title, inner in _inner(text, part):
            lists = [
                one for one in members(text, inner.start) if one.key in names and isinstance(one.value, list)
            ]
            found += [Group(title, one.start, line_of(one.start)) for one in lists]
    return found


def holds(value: Any, names: Collection[str]) -> Iterator[dict[str, Any]]:
    """The records of those lists, of a value that is not placed."""
    for one in _lists(value, names):
        yield from (record for record in one if isinstance(record, dict))


def tell_rest(text: str, top: Placed, names: Collection[str], account: Account) -> None:
    """The other lists of objects at the top, and all else that stands there, are told: they are no tasks."""
    if not isinstance(top.value, dict) or is_keyed(top.value):
        return
    line_of = Lines(text)
    for part in members(text, top.start):
        if part.key not in names:
            several = isinstance(part.value, list) and sum(isinstance(one, dict) for one in part.value)
            reason = (
                f"another list ({several} entries), not read" if several else "about the whole list, no task"
            )
            if not any(True for _ in _named(part.value, names)):
                account.tell(line_of(part.start), part.key, reason)


def _inner(text: str, part: Placed) -> Iterator[tuple[str, Placed]]:
    """The objects one level down, with what they are called."""
    if isinstance(part.value, dict):
        yield title_of(part.value, "title", "name") or cleaned(part.key), part
    elif isinstance(part.value, list):
        for one in items(text, part.start):
            if isinstance(one.value, dict):
                yield (
                    title_of(one.value, "title", "name", "phase", "category", "id") or cleaned(part.key),
                    one,
                )


def _lists(value: Any, names: Collection[str]) -> Iterator[list[Any]]:
    if _is_list(value):
        yield _as_list(value)
        return
    if not isinstance(value, dict):
        return
    first = next((value[name] for name in names if _is_list(value.get(name))), None)
    if first is not None:
        yield _as_list(first)
        return
    for part in value.values():
        yield from _named(part, names)


def _named(part: Any, names: Collection[str]) -> Iterator[list[Any]]:
    for inner in part if isinstance(part, list) else [part]:
        if isinstance(inner, dict):
            yield from (_as_list(inner[name]) for name in names if _is_list(inner.get(name)))


def _is_list(value: Any) -> bool:
    """Whether a value holds records: a list, or objects by their names."""
    return isinstance(value, list) or is_keyed(value)


def is_keyed(value: Any) -> bool:
    """Whether a value is an object that holds nothing but records, by their names."""
    return isinstance(value, dict) and bool(value) and all(map(_looks_like_record, value.values()))


def _looks_like_record(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and not _RECORD_NAMES.isdisjoint(value)
        and not _RECORD_STATES.isdisjoint(value)
    )


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else list(value.values())
