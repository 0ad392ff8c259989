"""Beads: .beads/issues.jsonl, one issue a line, see docs/roadmaps-json.md.

Every issue is a task. One that has others below it (an epic) is also a phase that holds them, and itself the last task
of that phase: what it asks as a whole is seen to once its parts are done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from beastmode.errors import RoadmapError
from beastmode.runner.formats.accounts import Account
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.grouping import grouped
from beastmode.runner.formats.json_places import Lines, UnreadableJsonError, items, sequence, whole
from beastmode.runner.formats.json_records import Found, changed, options
from beastmode.runner.formats.links import Ids, Links
from beastmode.runner.formats.list_states import Said, said_by
from beastmode.runner.formats.record_text import details_of, named, title_of, word
from beastmode.runner.roadmap import Roadmap, Task

NAME = "beads"

_MIDDLE = 2
"""The priority that Beads gives where nobody says one; 0 is the most urgent, 4 the least."""
_HEADINGS = {
    "description": "",
    "design": "Design",
    "acceptance_criteria": "Acceptance criteria",
    "notes": "Notes",
    "comments": "Comments",
}
_SILENT = named(
    "_type id title status priority issue_type assignee owner labels dependencies dependents created_at "
    "created_by updated_at closed_at closed_by closed_by_session close_reason deleted_at deleted_by "
    "delete_reason original_type estimated_minutes external_ref content_hash compaction_level compacted_at "
    "compacted_at_commit original_size source_repo source_system ephemeral pinned is_template sender "
    "started_at last_activity due_at defer_until mol_type wisp_type work_type rig agent_state role_type "
    "role_bead hook_bead dependency_count dependent_count comment_count parent relates_to replies_to "
    "quality_score crystallizes event_kind actor target payload await_type await_id timeout waiters holder "
    "bonded_from no_history metadata spec_id slug"
)
_KNOWN = _SILENT | _HEADINGS.keys()
_ASIDE = named("event message agent role rig molecule convoy slot queue")
"""Types of issues by which Beads and its kin keep books: nothing that anybody is to do."""
_WAITED_FOR = frozenset({"gate", "merge-request"})
"""Types that something else brings about: what needs them waits."""
_BLOCKING, _PARENT, _ONLY_IF_FAILED = frozenset({"blocks", "waits-for"}), "parent-child", "conditional-blocks"
_LOOSE = named(
    "discovered-from related relates-to replies-to duplicates supersedes tracks until caused-by validates "
    "attests authored-by assigned-to approved-by delegated-from thread"
)
"""Links that nothing waits for."""


def claims_path(path: Path) -> bool:
    """Whether a file lies where Beads keeps its issues."""
    return path.suffix == ".jsonl" and ".beads" in path.parts


def claims_text(text: str) -> bool:
    """Issues one after the other, or a list of them."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        first = list(islice((one.value for one in _values(text)), 5))
    except UnreadableJsonError:
        return False
    return any(_is_issue(one) for one in first)


def read(text: str, path: Path) -> Roadmap:
    """The roadmap in a text. Raises `RoadmapError` for a line that is no JSON."""
    account, ids = Account(), Ids()
    found = _newest(_found(text, path, account), account)
    for one in found:
        ids.give(word(one.data.get("id")))
    pairs = [(one, _task(one, ids, account)) for one in found]
    tasks = [task for _, task in pairs]
    parents = _parents(pairs, ids, account)
    above = {name: parents[name][0] for name in parents}
    _hold_below(tasks, above)
    _link(pairs, tasks, parents, ids, account)
    title = f"issues of {path.resolve().parent.parent.name}" if claims_path(path) else ""
    rule = "dependencies only; an epic comes after all that is below it"
    return Roadmap(grouped(tasks, above), title, format=NAME, rule=rule, ignored=account.all())


def ticks(text: str, path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]:
    """`"status":"closed"` for each of these tasks."""
    del roadmap
    ids = Ids()
    return [
        changed(text, one, "status", '"closed"')
        for one in _found(text, path, Account())
        if ids.give(word(one.data.get("id"))) in done and said_by(one.data.get("status")).state != "done"
    ]


def _is_issue(value: object) -> bool:
    return isinstance(value, dict) and {"id", "title", "status", "issue_type"} <= value.keys()


def _values(text: str) -> Iterator[Any]:
    """What stands in a text, one a line or as one list."""
    if text.lstrip()[:1] == "[":
        return items(text, len(text) - len(text.lstrip()))
    return sequence(text)


def _found(text: str, path: Path, account: Account) -> Iterator[Found]:
    line_of = Lines(text)
    try:
        if text.lstrip()[:1] == "[":
            whole(text)
        for one in _values(text):
            line = line_of(one.start)
            if (
                isinstance(one.value, dict)
                and one.value.get("_type", "issue") == "issue"
                and "id" in one.value
            ):
                yield Found(one.value, one.start, line)
            else:
                account.tell(line, text[one.start : min(one.end, one.start + 80)], "no issue")
    except UnreadableJsonError as error:
        raise RoadmapError(path, [error.problem]) from None


def _newest(found: Iterable[Found], account: Account) -> list[Found]:
    """Each issue once. Of one that stands there twice, as after a merge of git, the version changed last counts."""
    kept: dict[str, Found] = {}
    for one in found:
        own = word(one.data.get("id"))
        known = kept.get(own)
        if known is None:
            kept[own] = one
            continue
        newer, older = (one, known) if _changed(one) >= _changed(known) else (known, one)
        account.remark(older.line, own, f"repeats {own}, which line {newer.line} says as it was changed last")
        kept[own] = newer
    return sorted(kept.values(), key=lambda one: one.start)


def _changed(record: Found) -> float:
    """When an issue was changed, in seconds; 0 where that is not said."""
    try:
        return datetime.fromisoformat(word(record.data.get("updated_at"))).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _task(record: Found, ids: Ids, account: Account) -> Task:
    data, line = record.data, record.line
    own = word(data.get("id"))
    account.unknown(line, data, _KNOWN)
    said = _said(data)
    account.state(line, own, data.get("status"), said)
    rank = data.get("priority", _MIDDLE)
    if not isinstance(rank, int) or isinstance(rank, bool):
        account.remark(line, own, f"unknown priority {word(rank)[:40]!r}: taken as {_MIDDLE}")
        rank = _MIDDLE
    kind = word(data.get("issue_type"))
    told = {**data, "comments": _comments(data)}
    return Task(
        ids.get(own),
        title=title_of(data, "title", "description"),
        options=options("" if kind == "task" else kind, _MIDDLE - rank, said.gate, said.word),
        details=details_of(told, _HEADINGS, _SILENT),
        line=line,
        state=said.state,
    )


def _comments(data: dict[str, Any]) -> list[str]:
    comments = data.get("comments")
    if not isinstance(comments, list):
        return [word(comments)] if word(comments) else []
    return [
        f"{word(one.get('author'))}: {word(one.get('text'))}" for one in comments if isinstance(one, dict)
    ]


def _said(data: dict[str, Any]) -> Said:
    said = said_by(data.get("status"))
    kind = word(data.get("issue_type"))
    if word(data.get("status")) == "tombstone":
        return Said("dropped", "deleted")
    if said.state == "done":
        return said
    if only := [key for key in _dependencies(data) if key[1] == _ONLY_IF_FAILED]:
        return Said("held", f"only if {only[0][0]} fails")
    if kind in _WAITED_FOR:
        return Said("held", kind)
    if kind in _ASIDE or data.get("ephemeral") is True or data.get("is_template") is True:
        return Said(
            "dropped", kind if kind in _ASIDE else "ephemeral" if data.get("ephemeral") else "template"
        )
    return said


def _dependencies(data: dict[str, Any]) -> list[tuple[str, str]]:
    """What an issue depends on, and how."""
    written = data.get("dependencies")
    if not isinstance(written, list):
        return []
    edges = []
    for one in written:
        if isinstance(one, dict):
            other = word(one.get("depends_on_id")) or word(one.get("id"))
            edges.append((other, word(one.get("type")) or word(one.get("dependency_type")) or "blocks"))
        elif word(one):
            edges.append((word(one), "blocks"))
    return edges


def _parents(pairs: Sequence[tuple[Found, Task]], ids: Ids, account: Account) -> dict[str, list[str]]:
    """The issues that each is below of, as far as the list has them."""
    parents: dict[str, list[str]] = {}
    for record, task in pairs:
        named = [other for other, kind in _dependencies(record.data) if kind == _PARENT]
        named += [name for name in [word(record.data.get("parent"))] if name and name not in named]
        known = [ids.get(other) for other in named if ids.get(other) not in ("", task.id)]
        if len(known) < len(named):
            account.remark(
                task.line, task.id, "need not followed: what it is said to be below of is no other issue"
            )
        if known:
            parents[task.id] = known
        if len(known) > 1:
            what = f"below several ({', '.join(known[:5])}): it stands under the first"
            account.remark(task.line, task.id, what)
    return parents


def _hold_below(tasks: Sequence[Task], above: dict[str, str]) -> None:
    """What is below something that is put off is put off with it, as `bd ready` has it."""
    below: dict[str, list[Task]] = {}
    for task in tasks:
        if task.id in above:
            below.setdefault(above[task.id], []).append(task)
    reached = [task.id for task in tasks if task.state == "held"]
    while reached:
        name = reached.pop()
        for task in below.pop(name, ()):
            if task.state == "pending":
                task.state = "held"
                task.options = options(task.options.category, task.options.priority, "", f"below {name}")
            reached.append(task.id)


def _link(
    pairs: Sequence[tuple[Found, Task]],
    tasks: Sequence[Task],
    parents: dict[str, list[str]],
    ids: Ids,
    account: Account,
) -> None:
    links = Links(tasks, account)
    strange: dict[str, Task] = {}
    for record, task in pairs:
        for other, kind in _dependencies(record.data):
            if kind in _BLOCKING:
                links.need(task, ids.get(other), other)
            elif kind not in _LOOSE and kind not in (_PARENT, _ONLY_IF_FAILED):
                strange.setdefault(kind, task)
    for kind, task in strange.items():
        account.remark(
            task.line, task.id, f"need not followed: {kind!r} is no kind of dependency that blocks"
        )
    links.below(parents)
    links.settle()
