"""ExecPlans of Codex: a plan in prose, whose section `Progress` is the list of its steps."""

# ruff: noqa: RUF001  (dashes as they are found in the wild)
from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from beastmode.runner.formats import markdown
from beastmode.runner.formats.accounts import Reason
from beastmode.runner.formats.assembly import Findings, Manner, assemble
from beastmode.runner.formats.box_places import box_edits
from beastmode.runner.formats.checkboxes import is_task_box
from beastmode.runner.formats.drafts import Draft, box_says
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.lines import scan
from beastmode.runner.formats.markdown import reason_for
from beastmode.runner.formats.outline import Place, outline
from beastmode.runner.formats.titles import plain
from beastmode.runner.roadmap import Ignored, Roadmap

NAME = "execplan"

_FOLDERS = re.compile(r"exec[-_]?plans?", re.IGNORECASE)
_NO_PLANS = re.compile(r"(?:readme|index|template|_?template.*|.*[-_]tracker)\.md", re.IGNORECASE)
_FILE = re.compile(r"(?:.*[\W_])?exec[-_]?plans?(?:[\W_].*)?\.md", re.IGNORECASE)
_PROGRESS = re.compile(
    r"(?:\d+[.)]?\s*)?(?:progress(?: (?:log|checklist|tracker|list))?|progreso|progresso|progrès|fortschritt|прогресс|"
    r"进度|进展|進捗(?:状況)?|進度|진행(?: 상황)?|tiến độ)",
    re.IGNORECASE,
)
_HEADINGS = (
    re.compile(r"^#+[ ]+(?:\d+[.)][ ]*)?Surprises[ ]*(?:&|and)[ ]*Discoveries", re.MULTILINE | re.IGNORECASE),
    re.compile(r"^#+[ ]+(?:\d+[.)][ ]*)?Decision Log", re.MULTILINE | re.IGNORECASE),
    re.compile(
        r"^#+[ ]+(?:\d+[.)][ ]*)?Outcomes[ ]*(?:&|and)[ ]*Retrospective", re.MULTILINE | re.IGNORECASE
    ),
    re.compile(r"^#+[ ]+(?:\d+[.)][ ]*)?Purpose[ ]*/[ ]*Big Picture", re.MULTILINE | re.IGNORECASE),
)
_LIST = re.compile(r"^#+[ ]+(?:\d+[.)][ ]*)?Progress\b", re.MULTILINE | re.IGNORECASE)
_SAID_IN_EACH = ("Progress", "Decision Log")
"""Also by the rules for writing one: those hold examples and no steps."""
_TIME = re.compile(
    r"[\[(`*_]*\d{4}-\d{2}-\d{2}(?:[T ,]+\d{1,2}[:.h]\d[\dx](?::\d{2}(?:\.\d+)?)?)?[ ]*"
    r"(?:Z|UTC|[A-Z]{2,5}\b|[+-]\d{2}:?\d{2})?[\])`*_]*[ ]*[-–—:]*[ ]*"
)
_EXAMPLE = re.compile(r"example (?:partially )?(?:in)?complete(?:d)? step", re.IGNORECASE)
_PARTIAL = re.compile(r"\bpartial(?:ly)?\b|\b(?:remaining|completed|done)[ ]*:", re.IGNORECASE)


def claims_path(path: Path) -> bool:
    """.agent/PLANS.md, a file in a folder of exec-plans, or one that is called so."""
    *folders, name = path.parts or ("",)
    if (
        name.lower() == "plans.md"
        and folders
        and re.fullmatch(r"\.(?:agents?|codex)", folders[-1], re.IGNORECASE)
    ):
        return True
    in_folder = any(_FOLDERS.fullmatch(folder) for folder in folders) and name.lower().endswith(".md")
    return _FILE.fullmatch(name) is not None or (in_folder and not _NO_PLANS.fullmatch(name))


def claims_text(text: str) -> bool:
    """A heading Progress among two more that ExecPlans have."""
    return _LIST.search(text) is not None and sum(bool(one.search(text)) for one in _HEADINGS) >= 2


def read(text: str, path: Path) -> Roadmap:
    """The steps of a plan; without tasks where its Progress holds no boxes. A plan that is no ExecPlan, whatever its
    path says, is read like any Markdown list."""
    found = outline(scan(text))
    drafts = [_draft(place) for place in found.places if _is_step(place)]
    boxes = any(is_task_box(place) for place in found.places)
    if boxes and not drafts and not all(words in text for words in _SAID_IN_EACH):
        return markdown.read(text, path)
    found.leave_out(_PROGRESS.fullmatch)
    roadmap = assemble(Findings(found, drafts), _MANNER)
    partial = [draft.line for draft in drafts if not draft.done and _PARTIAL.search(draft.line.body)]
    remarks = [
        Ignored(line.number, line.text, "remark: done in part, as it says", look=True) for line in partial
    ]
    roadmap.ignored = sorted([*roadmap.ignored, *remarks], key=lambda entry: entry.line)
    return roadmap


def ticks(text: str, path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]:
    """The boxes of these steps; what was read like any Markdown list is ticked like one."""
    if roadmap.format != NAME:
        return markdown.ticks(text, path, roadmap, done)
    return box_edits(
        text, [task.line for task in roadmap.tasks() if task.id in done and task.state != "done"]
    )


def _is_step(place: Place) -> bool:
    inside = any(_PROGRESS.fullmatch(section.title) for section in place.section.chain())
    return inside and is_task_box(place) and not _EXAMPLE.match(_TIME.sub("", place.line.body, count=1))


def _draft(place: Place) -> Draft:
    body = place.line.body
    title = plain(_TIME.sub("", body, count=1) if _TIME.match(body) else body)
    return Draft(place, title or body, done=box_says(place.line))


def _reason(place: Place) -> Reason:
    if place.opens is not None and _PROGRESS.fullmatch(place.opens.title):
        return Reason("the heading of the list")
    if place.line.box is None or place.line.kind != "item":
        return reason_for(place)
    if _EXAMPLE.search(place.line.body):
        return Reason("an example of how to write a step")
    return Reason("a box outside of Progress", look=True)


_MANNER = Manner(
    format=NAME,
    rule="in the order of the list",
    order="sequence",
    leaf="sequence",
    branch="sequence",
    reason=_reason,
    begun="~-",
)
