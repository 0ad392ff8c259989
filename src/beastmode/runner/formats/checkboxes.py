"""Tasks that are boxes (`- [ ] text`), and headings with an id of their own (`### Quest 0.1: title`)."""

from __future__ import annotations

import re
from typing import Literal

from beastmode.runner.formats.criteria import Judges, criteria_label, is_criteria_section, is_criterion
from beastmode.runner.formats.drafts import Draft, box_says
from beastmode.runner.formats.finished import says_done, without_done
from beastmode.runner.formats.lines import SKIPPED
from beastmode.runner.formats.outline import Outline, Place, Section
from beastmode.runner.formats.task_text import has_strong_id, own_id_of, task_text
from beastmode.runner.formats.titles import plain
from beastmode.runner.formats.vocabulary import explains_mark, is_legend

_STEP = re.compile(r"\W*step\s+\d+\b", re.IGNORECASE)
_SEVERAL = re.compile(r"(?:and|to|&|/|,|与|和|及)\s*[A-Z]{1,6}-?\d", re.IGNORECASE)
"""What goes on behind an id with another one: `API-008 and API-009` is about two tasks and is none."""
_STRUCK = re.compile(r"~~.+~~\W*$")
_PHASE_NAME = re.compile(r"\W*((?:phase|stage|milestone|sprint)\s+[\d.]+)\b", re.IGNORECASE)

Criteria = Literal["all", "of tasks", "none"]


def is_task_box(place: Place) -> bool:
    """Whether a line has a box that could be a task: with a text, not skipped, struck out or a legend."""
    line = place.line
    if line.kind != "item" or line.box is None or line.box == SKIPPED or not line.body:
        return False
    if any(is_legend(words) for words in place.labels) or is_legend(place.section.title):
        return False
    struck = _STRUCK.match(line.body) is not None and not line.done
    return not struck and not explains_mark(line.body)


def box_drafts(outline: Outline, criteria: Criteria = "of tasks") -> list[Draft]:
    """A draft for every box.   criteria: which boxes that are criteria are left out."""
    boxes = [place for place in outline.places if is_task_box(place)]
    if not boxes:
        return []
    if criteria != "none":
        inside = _sections_as_steps(boxes)
        judges = Judges(outline, boxes).judges if criteria == "of tasks" else is_criterion
        boxes = [place for place in boxes if place.section not in inside and not judges(place)]
    named = _named_phases(outline, boxes)
    return [_draft_of_box(place, named.get(place.line.number)) for place in boxes + _between(outline, boxes)]


def _draft_of_box(place: Place, phase: Section | None) -> Draft:
    text = task_text(place.line.body)
    checks = place.section.title if phase else criteria_label(place)
    return Draft(place, text.title, text.own_id, box_says(place.line), checks=checks, phase=phase)


def _between(outline: Outline, boxes: list[Place]) -> list[Place]:
    """Numbered items without a box whose numbers go on where numbered boxes leave off: not ticked yet.

    Only where every box is numbered and no number comes twice.
    """
    numbers = [_number(place) for place in boxes]
    if not boxes or 0 in numbers or len(set(numbers)) < len(numbers):
        return []
    known, indent = set(numbers), boxes[0].line.indent
    found = []
    for place in outline.places:
        line = place.line
        number = _number(place) if line.kind == "item" and line.box is None and line.indent == indent else 0
        if number and number not in known and number - 1 in known:
            known.add(number)
            found.append(place)
    return found


def _number(place: Place) -> int:
    """The number of a numbered item; 0 for any other."""
    return int(place.line.marker[:-1]) if place.line.numbered else 0


def _sections_as_steps(boxes: list[Place]) -> set[Section]:
    """Headings with an id whose boxes are steps (`- [ ] **Step 1: ...**`): there the heading is the task."""
    steps: set[Section] = set()
    others: set[Section] = set()
    for place in boxes:
        (steps if _STEP.match(place.line.body) else others).add(place.section)
    return {section for section in steps - others if own_id_of(section.title)[0]}


def _named_phases(outline: Outline, boxes: list[Place]) -> dict[int, Section]:
    """Lines whose box stands for a phase with a section elsewhere (`- [ ] **Phase 1: Name** - its goal`)."""
    sections: dict[str, Section] = {}
    for section in outline.sections:
        if match := _PHASE_NAME.match(section.title):
            sections.setdefault(match[1].lower(), section)
    named = {}
    for place in boxes:
        match = _PHASE_NAME.match(place.line.body)
        phase = sections.get(match[1].lower()) if match else None
        if phase and phase not in place.section.chain() and _same_phase(plain(place.line.body), phase.title):
            named[place.line.number] = phase
    return named


def _same_phase(text: str, title: str) -> bool:
    return text.lower().startswith(title.partition("(")[0].strip().lower())


def heading_drafts(
    outline: Outline,
    taken: list[Draft],
    *,
    ordinals: bool = False,
    strong: bool = False,
    innermost: bool = False,
) -> list[Draft]:
    """A draft for every heading with an id that has no task of `taken` below it, nor such a heading above.

    ordinals: `### 2. Title` counts as an id.   strong: only ids that name a task (`Quest 0.1`, `ABC-12`).   innermost:
    of headings with ids below each other the last counts, and not the first.
    """
    busy = {section for draft in taken for section in draft.place.section.chain()}
    drafts: list[Draft] = []
    inside: set[Section | None] = set()
    for place in outline.places:
        section = place.opens
        if section is None or place.line.kind != "heading" or outline.is_title(section):
            continue
        if section.parent in inside:
            inside.add(section)
        elif section not in busy and (draft := _heading_draft(place, ordinals, strong)):
            inside.update(() if innermost else (section,))
            drafts.append(draft)
    above = {section for draft in drafts for section in draft.place.section.chain()[:-1]}
    return [draft for draft in drafts if draft.place.section not in above]


def _heading_draft(place: Place, ordinals: bool, strong: bool) -> Draft | None:
    text = task_text(without_done(place.line.body), ordinals=ordinals)
    if (
        not text.own_id
        or _SEVERAL.match(text.title)
        or (strong and not has_strong_id(place.line.body))
        or is_criteria_section(place.section)
    ):
        return None
    return Draft(place, text.title, text.own_id, True if says_done(place.line.body) else None)
