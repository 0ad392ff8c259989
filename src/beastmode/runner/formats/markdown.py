"""Plain Markdown roadmaps: ROADMAP.md, IMPLEMENTATION_PLAN.md, TODO.md and whatever else people write.

There are many ways to write down what is to be done (`_ways`). The first that finds something in a file is the
way of the whole file, see docs/roadmaps-markdown.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from beastmode.runner.formats.accounts import Reason
from beastmode.runner.formats.assembly import Findings, Manner, assemble
from beastmode.runner.formats.bare_headings import bare_drafts, fielded_drafts, running_drafts, series_drafts
from beastmode.runner.formats.checkboxes import Criteria, box_drafts, heading_drafts
from beastmode.runner.formats.criteria import is_criterion
from beastmode.runner.formats.drafts import Draft
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.lines import BALLOT, GLYPHS_OPEN, SKIPPED, scan
from beastmode.runner.formats.marking import edits
from beastmode.runner.formats.outline import Outline, Place, outline
from beastmode.runner.formats.plain_lists import labelled_drafts, marked_drafts, phase_drafts, theme_drafts
from beastmode.runner.formats.plan_sections import is_plan_phase
from beastmode.runner.formats.repeats import without_repeats
from beastmode.runner.formats.task_tables import stage_drafts, table_drafts
from beastmode.runner.formats.titles import leading_mark
from beastmode.runner.formats.vocabulary import is_legend, is_list_name
from beastmode.runner.roadmap import Ignored, Roadmap

NAME = "markdown"

_NAMES = re.compile(
    r"@?(?:[\w.]+[_-])*(?:roadmap|plan|todos?|backlog|milestones|checklist)(?:[_-][\w.]+)*\.(?:md|markdown)",
    re.IGNORECASE,
)
_SHAPE = re.compile(
    r"^[ ]{0,3}#{1,6}[ ]+\S|^\s*(?:[-*+]|\d{1,3}[.)])[ ]+\S|^\s*\[[ xX]\][ ]+\S", re.MULTILINE
)


def claims_path(path: Path) -> bool:
    """ROADMAP.md, IMPLEMENTATION_PLAN.md, TODO.md and their like."""
    return _NAMES.fullmatch(path.name) is not None


def claims_text(text: str) -> bool:
    """Anything with a heading or a list. Ask after every other reader."""
    return _SHAPE.search(text) is not None and not text.lstrip("\ufeff \r\n\t").startswith(
        ("{", "<?xml", "<!DOCTYPE")
    )


def read(text: str, path: Path) -> Roadmap:
    """The roadmap in a Markdown file; without tasks where none are found."""
    del path
    found = outline(scan(text))
    drafts, repeats = without_repeats(find_drafts(found))
    roadmap = assemble(Findings(found, drafts, repeats), MANNER)
    if drafts and all(is_criterion(draft.place) for draft in drafts):
        reason = f"remark: all that could be a task ({len(drafts)} in all) is a criterion: the work may stand elsewhere"
        told = Ignored(drafts[0].line.number, drafts[0].line.text, reason, look=True)
        roadmap.ignored = sorted([*roadmap.ignored, told], key=lambda entry: entry.line)
    return roadmap


def ticks(text: str, path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]:
    """What says in the list's own notation that these tasks are done, see docs/ticking.md."""
    return edits(text, roadmap, done, lambda after: read(after, path))


def find_drafts(found: Outline, criteria: Criteria = "of tasks") -> list[Draft]:
    """The tasks by the first way that finds any.   criteria: which boxes that are criteria are left out."""
    drafts = next((drafts for way in _ways(criteria) if (drafts := way(found))), [])
    if criteria == "all" or any(draft.line.kind != "item" or draft.line.box is not None for draft in drafts):
        return drafts
    boxes = box_drafts(found, "none")
    return boxes if len(boxes) > 3 * len(drafts) else drafts


def _ways(criteria: Criteria) -> Iterator[Callable[[Outline], list[Draft]]]:
    yield lambda found: _boxes_and_named(found, criteria)
    yield _named
    yield _labelled
    yield _numbered_with_criteria
    yield lambda found: box_drafts(found, criteria)
    yield running_drafts
    yield fielded_drafts
    yield _marked
    yield _in_phases
    yield lambda found: heading_drafts(found, [])
    yield lambda found: max((theme_drafts(found), table_drafts(found, with_state=False)), key=len)
    yield lambda found: heading_drafts(found, [], ordinals=True)
    yield lambda found: box_drafts(found, "none")


def _boxes_and_named(found: Outline, criteria: Criteria) -> list[Draft]:
    """Boxes, and the headings with ids that have none. Where all boxes are criteria, firmer ways come first."""
    boxes = box_drafts(found, criteria)
    if all(is_criterion(draft.place) for draft in boxes):
        return []
    return boxes + heading_drafts(found, boxes, strong=True)


def _named(found: Outline) -> list[Draft]:
    """Headings with ids that name tasks, and those of a series of codes."""
    drafts = heading_drafts(found, [], strong=True)
    known = {draft.line.number for draft in drafts}
    return drafts + [draft for draft in series_drafts(found) if draft.line.number not in known]


def _labelled(found: Outline) -> list[Draft]:
    """Lists under Tasks, unless the phases list far more without that label, or TODO is one list of several."""
    drafts = labelled_drafts(found)
    if not drafts:
        return []
    names = {draft.place.labels[-1] if draft.place.labels else draft.place.section.title for draft in drafts}
    if all(is_list_name(name) for name in names):
        return drafts if _is_all_there_is(found, drafts) else []
    return drafts if len(drafts) * 3 >= len(phase_drafts(found)) else []


def _is_all_there_is(found: Outline, drafts: list[Draft]) -> bool:
    """Whether a file names no other work than a list: no bullets, no boxes, no phases beside it."""
    holding = {section for draft in drafts for section in draft.place.section.chain()}
    phases = [section for section in found.sections if section not in holding and is_plan_phase(section)]
    return len(drafts) == len(theme_drafts(found)) and not box_drafts(found) and not phases


def _numbered_with_criteria(found: Outline) -> list[Draft]:
    """`### 2. Title` with boxes or bullets under Acceptance criteria below it."""
    judged = {place.section for place in found.places if place.line.kind == "item" and is_criterion(place)}
    drafts = heading_drafts(found, [], ordinals=True)
    held = [draft for draft in drafts if draft.place.section in judged]
    return drafts if held and len(held) * 2 >= len(drafts) else []


def _marked(found: Outline) -> list[Draft]:
    """State marks, where an empty box or ☑ is among them, or ticks and marks of open work stand side by side."""
    drafts = marked_drafts(found)
    empty = any(leading_mark(draft.line.body) in GLYPHS_OPEN + BALLOT for draft in drafts)
    undone = sum(not draft.done for draft in drafts)
    return drafts if empty or (undone * 4 >= len(drafts) > undone) else []


def _in_phases(found: Outline) -> list[Draft]:
    """What the phases list, in lists or tables; where most list nothing the phases, or their table of states."""
    listed = max((phase_drafts(found), table_drafts(found, with_state=True)), key=len)
    phases, stages = bare_drafts(found, listed), stage_drafts(found)
    if phases and stages and not any(draft.done for draft in phases) and len(stages) + 1 >= len(phases):
        return stages
    return phases or listed or stages


def reason_for(place: Place) -> Reason:
    """Why a line became neither a phase, a task nor a detail."""
    line = place.line
    fixed = {
        "comment": "a comment",
        "front": "front matter",
        "wrapper": "a fence around the whole file",
        "rule": "a rule",
        "table": "a table",
    }
    if line.kind in fixed:
        return Reason(fixed[line.kind])
    if line.kind == "fence":
        return Reason("inside a code fence" + " that is never closed" * line.open_fence)
    if line.kind == "heading" or place.opens is not None:
        return Reason("a heading without tasks")
    if line.box == SKIPPED:
        return Reason("skipped, as its box says")
    return _reason_for_words(place)


def _reason_for_words(place: Place) -> Reason:
    line = place.line
    if is_criterion(place):
        return Reason("a criterion, not a task")
    if is_legend(place.section.title) or any(is_legend(words) for words in place.labels):
        return Reason("a legend")
    if place.is_label:
        return Reason("a label")
    if line.box is not None:
        what = "a box that names no task: a legend, struck out, a step or another name of a phase"
        return Reason(what, look=True)
    is_item = line.kind == "item"
    return Reason("a list item, while the tasks of this file are others" if is_item else "prose")


MANNER = Manner(
    format=NAME,
    rule="phase by phase, tasks of a phase together",
    order="phases",
    leaf="needs",
    branch="phases",
    reason=reason_for,
)
