"""Issues of GitHub, as `gh issue list --json …` prints them, saved or asked live; see docs/roadmaps-json.md.

What waits for what stands in `blockedBy`, `blocking`, `parent` and `subIssues` where this gh knows them; and in the
words of an issue: `Depends on #12`, `Blocked by #12`, `Blocks #14`, and boxes like `- [ ] #123`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from beastmode.errors import Problem, RoadmapError
from beastmode.runner.formats.accounts import Account
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.github_mentions import Mentions, mentions_in
from beastmode.runner.formats.grouping import grouped, in_phases
from beastmode.runner.formats.json_records import (
    Found,
    changed,
    document,
    is_json,
    options,
    priority_of,
    records,
)
from beastmode.runner.formats.links import Links, without_repeats
from beastmode.runner.formats.list_states import DONE, PENDING, Said, as_written
from beastmode.runner.formats.record_text import cleaned, named, title_of, word
from beastmode.runner.roadmap import Roadmap, Task

NAME = "github"

FIELDS = (
    "number", "title", "body", "state", "stateReason", "labels", "milestone", "assignees", "url", "issueType",
    "blockedBy", "blocking", "parent", "subIssues", "subIssuesSummary",
)  # fmt: skip
"""What is asked of gh. Those in the second row came in 2026; an older one says which it knows."""
_KNOWN = frozenset(FIELDS) | named(
    "id author closed closedAt createdAt updatedAt comments isPinned projectCards "
    "projectItems reactionGroups closedByPullRequestsReferences locked"
)
_SIGNS = frozenset({"state", "body", "labels", "blockedBy"})
_RULE = "what blocks what, by GitHub or in the words of the issues; an issue comes after its sub-issues"
_PRIORITY = re.compile(
    r"(?:prio(?:rity)?[\s:/_-]*)?(p[0-4]|critical|urgent|high|medium|low)(?:[\s_-]*prio(?:rity)?)?"
)
_REPOSITORY = re.compile(r"https?://[^/]+/([^/]+/[^/]+)/(?:issues|pull)/\d+")


class _Issue(NamedTuple):
    """An issue and its task.   said: what its words say of others."""

    data: dict[str, Any]
    task: Task
    said: Mentions


def claims_path(path: Path) -> bool:
    """Such a file may have any name: its content decides."""
    del path
    return False


def claims_text(text: str) -> bool:
    """A list of objects with a number, a title and what else only gh calls so."""
    if text.lstrip()[:1] != "[" or '"number"' not in text:
        return False
    top = is_json(text, begins="[")
    return any(_is_issue(one) for one in islice(top or (), 20))


def read(text: str, path: Path) -> Roadmap:
    """The issues of a text, by their numbers. Raises RoadmapError where it is no list, or no JSON."""
    account = Account()
    top = document(text, path)
    if not isinstance(top.value, list):
        raise RoadmapError(
            path, [Problem(1, "it is no list of issues", "Save what `gh issue list --json …` prints.")]
        )
    found = sorted(records(text, top.start, account), key=_number)
    issues = [_Issue(one.data, _task(one, account), mentions_in(word(one.data.get("body")))) for one in found]
    tasks = without_repeats([issue.task for issue in issues], account)
    above = _link(issues, tasks, account)
    milestones = {issue.task.id: [title] for issue in issues if (title := _milestone(issue.data))}
    children = in_phases(grouped(tasks, above), milestones)
    return Roadmap(children, _title(issues), format=NAME, rule=_RULE, ignored=account.all())


def ticks(text: str, path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]:
    """`"state": "CLOSED"` for each of these issues, in the saved file alone: closing them at GitHub is for people."""
    del roadmap
    return [
        changed(text, one, "state", '"CLOSED"')
        for one in records(text, document(text, path).start, Account())
        if word(one.data.get("number")) in done and _said(one.data).state == "pending"
    ]


def _is_issue(value: object) -> bool:
    """Whether an object has a number, a title and a sign of an issue, and nothing but what gh prints."""
    return (
        isinstance(value, dict)
        and {"number", "title"} <= value.keys() <= _KNOWN
        and not _SIGNS.isdisjoint(value)
    )


def _number(record: Found) -> int:
    number = record.data.get("number")
    return number if isinstance(number, int) else 0


def _task(record: Found, account: Account) -> Task:
    data, line = record.data, record.line
    own = word(data.get("number"))
    account.unknown(line, data, _KNOWN)
    said = _said(data)
    account.state(line, f"#{own}", data.get("state"), said)
    body = cleaned(word(data.get("body")).replace("\r\n", "\n"))
    url = word(data.get("url"))
    return Task(
        own,
        title=title_of(data, "title"),
        options=options(_kind(data), _priority(data), said.gate, said.word),
        details="\n\n".join(part for part in (body, url and f"The issue: {url}") if part),
        line=line,
        state=said.state,
    )


def _said(data: dict[str, Any]) -> Said:
    state, reason = as_written(data.get("state") or "open"), as_written(data.get("stateReason") or "")
    if state in ("closed", "merged"):
        return Said("dropped", reason) if reason in ("not-planned", "duplicate") else DONE
    return PENDING if state == "open" else Said(unknown=True)


def _kind(data: dict[str, Any]) -> str:
    kind = data.get("issueType")
    return word(kind.get("name") if isinstance(kind, dict) else kind).lower()[:60]


def _priority(data: dict[str, Any]) -> int:
    """What a label like `P1` or `priority: high` says."""
    labels = data.get("labels")
    for label in labels if isinstance(labels, list) else ():
        name = word(label.get("name") if isinstance(label, dict) else label).lower()
        if match := _PRIORITY.fullmatch(name):
            return priority_of(match[1]) or 0
    return 0


def _milestone(data: dict[str, Any]) -> str:
    milestone = data.get("milestone")
    return word(milestone.get("title") if isinstance(milestone, dict) else milestone)


def _title(issues: list[_Issue]) -> str:
    urls = (_REPOSITORY.match(word(issue.data.get("url"))) for issue in issues)
    return next((f"Issues of {url[1]}" for url in urls if url), "")


def _others(data: dict[str, Any], key: str) -> Iterator[tuple[str, str]]:
    """The issues that a field names: number and state, "" where it does not say; those of other repositories too, by
    their address."""
    value = data.get(key)
    if isinstance(value, dict) and isinstance(value.get("nodes"), list):
        value = value["nodes"]
    home = _REPOSITORY.match(word(data.get("url")))
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict):
            if word(one):
                yield word(one), ""
            continue
        place = _REPOSITORY.match(word(one.get("url")))
        elsewhere = place and home and place[1].lower() != home[1].lower()
        yield (
            word(one.get("url")) if elsewhere else word(one.get("number")),
            as_written(one.get("state") or ""),
        )


def _more(data: dict[str, Any], key: str) -> int:
    """How many a field counts beyond those that it names."""
    value = data.get(key)
    total = value.get("totalCount") if isinstance(value, dict) else None
    return max(0, total - sum(1 for _ in _others(data, key))) if isinstance(total, int) else 0


def _link(issues: list[_Issue], tasks: list[Task], account: Account) -> dict[str, str]:
    """Who waits for whom; and what each is below of."""
    links, known = Links(tasks, account), {task.id: task for task in tasks}
    for issue in issues:
        for number, state in _others(issue.data, "blockedBy"):
            _blocked(issue.task, number, state, links, known)
        if more := _more(issue.data, "blockedBy"):
            what = f"need not followed: {more} more issues that block it, which gh did not name"
            account.remark(issue.task.line, f"#{issue.task.id}", what)
        for number, _ in _others(issue.data, "blocking"):
            if number in known:
                links.need(known[number], issue.task.id, number)
        for number in issue.said.needs:
            _blocked(issue.task, number, "", links, known)
        for number in issue.said.blocks:
            if number in known:
                links.need(known[number], issue.task.id, number)
    above = _above(issues, known)
    links.below({name: [parent] for name, parent in above.items()})
    links.settle()
    return above


def _blocked(task: Task, number: str, state: str, links: Links, known: dict[str, Task]) -> None:
    if number in known or not state:
        links.need(task, number, f"#{number} in the list, which may be closed")
    elif state == "open" and task.state == "pending":
        where = number if "/" in number else f"#{number}"
        task.state, task.options = (
            "held",
            options(
                task.options.category,
                task.options.priority,
                "",
                f"blocked by {where}, which is not in the list",
            ),
        )


def _above(issues: list[_Issue], known: dict[str, Task]) -> dict[str, str]:
    """The issue that each is a sub-issue of: as GitHub has it, else as boxes in an issue say."""
    above: dict[str, str] = {}
    for issue in issues:
        for number, _ in _others(issue.data, "parent"):
            if number in known and number != issue.task.id:
                above[issue.task.id] = number
    for issue in issues:
        boxes = issue.said.parts if not any(True for _ in _others(issue.data, "subIssues")) else ()
        for number in (*(number for number, _ in _others(issue.data, "subIssues")), *boxes):
            if number in known and number != issue.task.id:
                above.setdefault(number, issue.task.id)
    return above
