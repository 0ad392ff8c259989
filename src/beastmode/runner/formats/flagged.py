"""Lists of records that say whether they pass, as agents keep them: user stories of ralph, features of a harness.

What is the same for both: how a record says its state, what it is called, and what waits for what.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from beastmode.errors import Problem, RoadmapError
from beastmode.runner.formats.accounts import Account
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.json_lists import groups_in, tell_rest
from beastmode.runner.formats.json_places import Placed
from beastmode.runner.formats.json_records import Found, changed, document, options, priority_of, records
from beastmode.runner.formats.links import Ids, Links, same, without_repeats
from beastmode.runner.formats.list_states import DONE, PENDING, Said, said_by
from beastmode.runner.formats.record_text import cleaned, details_of, named, title_of, word, words
from beastmode.runner.formats.slugs import slug
from beastmode.runner.roadmap import Phase, Roadmap, Task

FLAGS = (
    "passes",
    "passed",
    "passing",
    "done",
    "completed",
    "complete",
    "implemented",
    "isCompleted",
    "finished",
)
"""Keys that say yes or no. The first that a record has is its state."""
STATES = ("status", "state")
_IDS = ("id", "feature_id", "featureId", "story_id", "storyId", "key")
_TITLES = ("title", "name", "feature", "story", "summary", "description", "task")
_NEEDS = (
    "dependencies", "depends_on", "dependsOn", "deps", "depends", "needs", "blockedBy", "blocked_by", "requires",
    "prerequisites",
)  # fmt: skip
_HEADINGS = {
    "description": "",
    "story": "",
    "userStory": "",
    "steps": "Steps",
    "acceptanceCriteria": "Acceptance criteria",
    "acceptance_criteria": "Acceptance criteria",
    "acceptance": "Acceptance criteria",
    "criteria": "Acceptance criteria",
    "verification": "How it is tested",
    "verify": "How it is tested",
    "testCases": "Test cases",
    "test_cases": "Test cases",
    "tests": "Tests",
    "files": "Files",
    "technicalNotes": "Technical notes",
    "technical_notes": "Technical notes",
    "notes": "Notes",
}
_SILENT = named(
    "title name priority category type blocked skipped created_at createdAt updated_at updatedAt completed_at "
    "completedAt last_updated lastUpdated iteration_count attempts verified_at verifiedAt evidence"
).union(FLAGS, STATES, _IDS, _NEEDS)
_KNOWN = _SILENT | _HEADINGS.keys()
_LIST_TITLES = ("project", "projectName", "project_name", "productName", "product", "name", "title", "app")
_LONGEST_SLUG = 40
_RULE = "one after the other: by priority where it is a number, the lowest first, else as they stand"
_GRAPH_RULE = "what they say they depend on"


class Manner(NamedTuple):
    """What differs between two such formats.   lists: what their lists are called.   by_words: words for a priority
    (`high`) order its tasks, not only numbers."""

    format: str
    lists: tuple[str, ...]
    by_words: bool


@dataclass(slots=True)
class Flagged:
    """What was made of a list.   records, groups: where each task comes from, by its id.   ordered: whether they say
    what waits for what."""

    tasks: list[Task] = field(default_factory=list)
    records: dict[str, Found] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    ordered: bool = False


def read_flagged(text: str, path: Path, manner: Manner) -> Roadmap:
    """The roadmap in a text. Raises RoadmapError where it has no such list, or is no JSON."""
    account, top = Account(), document(text, path)
    made = _made(text, path, top, manner, account)
    tell_rest(text, top, manner.lists, account)
    title = title_of(top.value, *_LIST_TITLES) if isinstance(top.value, dict) else ""
    roadmap = Roadmap(_children(made, manner), title, format=manner.format, ignored=account.all())
    if not made.ordered:
        roadmap.order = "sequence"
    roadmap.rule = _GRAPH_RULE if made.ordered else _RULE
    return roadmap


def ticks_of(text: str, path: Path, manner: Manner, done: Collection[str]) -> list[Edit]:
    """Each of these tasks says that it passes, by the key that its record says it with."""
    made = _made(text, path, document(text, path), manner, Account())
    records = [made.records[task.id] for task in made.tasks if task.id in done and task.state != "done"]
    said = _word_for_done(made.records.values())
    edits = []
    for record in records:
        flag = _flag(record.data)
        by_state = flag is None and any(key in record.data for key in STATES)
        key = next(key for key in STATES if key in record.data) if by_state else flag or FLAGS[0]
        edits.append(changed(text, record, key, said if by_state else "true"))
    return sorted(edits)


def has_name(record: object) -> bool:
    """Whether an object says what it is about."""
    return isinstance(record, dict) and any(isinstance(record.get(key), str) for key in _TITLES)


def has_flag(record: dict[str, Any]) -> bool:
    """Whether an object says whether it passes."""
    return any(isinstance(record.get(key), bool) for key in FLAGS[:3])


def _made(text: str, path: Path, top: Placed, manner: Manner, account: Account) -> Flagged:
    """The tasks of all lists of a text, with what waits for what."""
    groups = groups_in(text, top, manner.lists)
    if not groups:
        has = f", but {', '.join(map(cleaned, list(top.value)[:12]))}" if isinstance(top.value, dict) else ""
        what = f"it has none of these lists: {', '.join(manner.lists)}{has}"
        raise RoadmapError(path, [Problem(1, what, "See docs/roadmaps-json.md for what such a file holds.")])
    ids, made = Ids(), Flagged()
    names, pairs = _Names(ids), list[tuple[Found, Task]]()
    for group in groups:
        for record in records(text, group.start, account):
            own = next((own for key in _IDS if (own := word(record.data.get(key)))), record.key)
            task = _task(record, own, account)
            task.id = names.given(own, task, account) if own else names.made_of(record, task, account)
            pairs.append((record, task))
            made.groups[task.id] = group.title
    made.tasks = without_repeats([task for _, task in pairs], account)
    made.records = {task.id: record for record, task in pairs}
    links = Links(made.tasks, account)
    for record, task in pairs:
        for written in (one for key in _NEEDS if key in record.data for one in words(record.data[key])):
            links.need(task, ids.get(written), written)
            made.ordered = made.ordered or bool(ids.get(written))
    links.settle()
    if not made.ordered:
        _go_on_without(made.tasks)
    return made


def _go_on_without(tasks: Iterable[Task]) -> None:
    """Where nobody says what depends on what, one that is blocked holds up no other: its turn passes."""
    for task in tasks:
        if task.state == "held":
            task.state = "dropped"


def _children(made: Flagged, manner: Manner) -> list[Phase | Task]:
    """The tasks by priority, in the groups that the file has."""
    phases: dict[str, Phase] = {}
    children: list[Phase | Task] = []
    for task in made.tasks:
        title = made.groups[task.id]
        if title and title not in phases:
            phases[title] = Phase(title, order="needs" if made.ordered else "sequence", line=task.line)
            children.append(phases[title])
        (phases[title].children if title else children).append(task)
    for phase in phases.values():
        phase.children = _by_priority(phase.children, made, manner)
    return _by_priority(children, made, manner)


def _by_priority(children: Sequence[Phase | Task], made: Flagged, manner: Manner) -> list[Phase | Task]:
    """The lowest number first; equal ones as they stand, and phases first."""

    def place(child: Phase | Task) -> float:
        if isinstance(child, Phase):
            return float("-inf")
        return _place(made.records[child.id].data.get("priority"), manner)

    return sorted(children, key=place)


def _place(priority: object, manner: Manner) -> float:
    if isinstance(priority, (int, float)) and not isinstance(priority, bool):
        return float(priority)
    number = word(priority).lower().removeprefix("p")
    if number.isascii() and number.isdecimal():
        return float(number[:9])
    return -float(priority_of(priority) or 0) if manner.by_words else 0.0


def _task(record: Found, own: str, account: Account) -> Task:
    data, line = record.data, record.line
    title = title_of(data, *_TITLES)
    about = own or title[:60]
    account.unknown(line, data, _KNOWN)
    said = _said(data, line, about, account)
    kind = word(data.get("category")) or word(data.get("type"))
    told = {key: value for key, value in data.items() if " ".join(word(value).split()) != title}
    return Task(
        "",
        title=title or own,
        options=options(kind[:60], _rank(data), said.gate, said.word),
        details=details_of(told, _HEADINGS, _SILENT),
        line=line,
        state=said.state,
    )


def _rank(data: dict[str, Any]) -> int:
    """A priority for a schedule, higher first: of numbers, the lowest is the most urgent."""
    value = data.get("priority")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return -round(max(-1e6, min(1e6, value)))
    return priority_of(value) or 0


def _flag(data: dict[str, Any]) -> str | None:
    for key in FLAGS:
        if isinstance(data.get(key), bool) or word(data.get(key)).lower() in ("true", "false"):
            return key
    return None


def _said(data: dict[str, Any], line: int, about: str, account: Account) -> Said:
    """What a record says of its state: yes or no, and, where that is no, what the word beside it adds."""
    flag = _flag(data)
    if flag is not None and word(data[flag]).lower() == "true":
        return DONE
    written = next((data[key] for key in STATES if key in data), None)
    if not isinstance(written, (str, bool, type(None))):
        written = word(written) or "?"
    said = said_by(written)
    account.state(line, about, written, said)
    if flag is not None and said.state == "done":
        account.remark(
            line, about, f"unknown state: {word(written)!r}, but {flag} is false: taken as not done"
        )
        return PENDING
    if said.state == "pending" and not said.gate and data.get("blocked") is True:
        return Said("held", "blocked")
    if said.state == "pending" and not said.gate and data.get("skipped") is True:
        return Said("dropped", "skipped")
    return said


class _Names:
    """Ids: a record's own; for what has none, made of its words alone, so that a list may grow anywhere and no task is
    renamed."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._owned: dict[str, Task] = {}
        self._said: dict[tuple[str, str, str], Task] = {}

    def given(self, own: str, task: Task, account: Account) -> str:
        """The id of a record that has one. What has the id of another, and says something else, gets a number."""
        known = self._owned.setdefault(own, task)
        if known is task or same(known, task):
            return self._ids.give(own)
        name = self._ids.fresh(own)
        reason = f"repeats the id of line {known.line} for something else: it is called {name} here"
        account.remark(task.line, own, reason)
        return name

    def made_of(self, record: Found, task: Task, account: Account) -> str:
        """An id for what has none. What says word for word what another said is not to be done again: that is told."""
        options_, name = task.options, self._ids.fresh(_called(record.data))
        known = self._said.setdefault((task.title, task.details, options_.category), task)
        if known is not task:
            account.remark(task.line, task.title[:60], f"repeats line {known.line} word for word")
            if task.state == "pending":
                task.state = "dropped"
                task.options = options(options_.category, options_.priority, "", f"repeats {known.id}")
        return name


def _called(data: dict[str, Any]) -> str:
    """What a record without an id is called: its words, and where these are many or no ASCII a mark of them all."""
    said = next((" ".join(text.split()) for key in _TITLES if (text := word(data.get(key)))), "")
    short = slug(said)
    if len(short) <= _LONGEST_SLUG and len(said) <= _LONGEST_SLUG * 2 and short.isascii():
        return short
    mark = hashlib.sha256(said.encode()).hexdigest()[:6]
    return f"{short[:_LONGEST_SLUG].rstrip('-')}-{mark}"


def _word_for_done(records: Iterable[Found]) -> str:
    """What this list calls done, as it stands in JSON: what it says most often, else `done`."""
    said = Counter(
        record.data[key]
        for record in records
        for key in STATES
        if isinstance(record.data.get(key), str) and said_by(record.data[key]).state == "done"
    )
    return json.dumps(said.most_common(1)[0][0], ensure_ascii=False) if said else '"done"'
