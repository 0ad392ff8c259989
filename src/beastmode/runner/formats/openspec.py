"""OpenSpec: openspec/changes/<change>/tasks.md. What its own tool counts is a task, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from beastmode.runner.formats.accounts import Reason
from beastmode.runner.formats.assembly import Findings, Manner, assemble
from beastmode.runner.formats.box_places import box_edits
from beastmode.runner.formats.drafts import Draft
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.lines import scan
from beastmode.runner.formats.markdown import reason_for
from beastmode.runner.formats.outline import Place, outline
from beastmode.runner.formats.task_text import task_text
from beastmode.runner.roadmap import Roadmap

NAME = "openspec"

_TASK = re.compile(r"\s*[-*]\s*\[([\sxX])\]\s*(.*)")
"""The tool's own, from its task-progress.ts: a task that it counts and we drop would never be archived."""
_GROUP = re.compile(r"^##[ \t]+(\d+)[.)][ \t]+\S", re.MULTILINE)
_NUMBERED = re.compile(r"^[ \t]*[-*][ \t]*\[[ xX]\][ \t]*(\d+)\.\d+\b", re.MULTILINE)
_FOREIGN = re.compile(
    r"_(?:Requirements?|Boundary|Depends|Leverage)[^_\n]{0,10}:|^[-* ]*\[.\] T\d{3}\b",
    re.MULTILINE | re.IGNORECASE,
)


def claims_path(path: Path) -> bool:
    """tasks.md of a change, archived or not."""
    parts = [part.lower() for part in path.parts]
    return "openspec" in parts[:-1] and "changes" in parts[:-1] and parts[-1] == "tasks.md"


def claims_text(text: str) -> bool:
    """Groups `## 1. Name`, with boxes `- [ ] 1.1 words` of their number below each, and nothing else numbered."""
    if _FOREIGN.search(text):
        return False
    groups, boxes = _GROUP.findall(text), _NUMBERED.findall(text)
    return len(boxes) >= 2 and set(boxes) <= set(groups) and len(boxes) >= len(groups)


def read(text: str, path: Path) -> Roadmap:
    """The roadmap in the list of a change; without tasks where none are found. Of an archived change nothing is left
    to be done: its open boxes are dropped."""
    found = outline(scan(text))
    drafts = [draft for place in found.places if (draft := _draft(place))]
    archived = "archive" in [part.lower() for part in path.parts]
    roadmap = assemble(Findings(found, drafts), replace(_MANNER, rule=_ARCHIVED) if archived else _MANNER)
    for task in roadmap.tasks() if archived else ():
        if task.state != "done":
            task.state, task.options = "dropped", replace(task.options, said="archived")
    return roadmap


def ticks(text: str, path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]:
    """The boxes of these tasks."""
    del path
    return box_edits(
        text, [task.line for task in roadmap.tasks() if task.id in done and task.state != "done"]
    )


def _draft(place: Place) -> Draft | None:
    match = _TASK.match(place.line.text)
    if match is None:
        return None
    text = task_text(" ".join(match[2].split()))
    return Draft(place, text.title or match[2] or "task", text.own_id, match[1] in "xX")


def _reason(place: Place) -> Reason:
    if place.line.box is not None and place.line.kind == "item":
        return Reason(f"a box [{place.line.box}] that OpenSpec does not count", look=True)
    return reason_for(place)


_MANNER = Manner(
    format=NAME,
    rule="in the order of the list",
    order="sequence",
    leaf="sequence",
    branch="sequence",
    reason=_reason,
)
_ARCHIVED = "none: the change is archived, so that nothing of it is to be done"
