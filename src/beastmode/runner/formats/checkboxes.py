"""Tasks that are boxes (`- [ ] text`), and headings with an id of their own (`### Quest 0.1: title`)."""

from __future__ import annotations

import re

from beastmode.runner.formats.drafts import Draft, box_says
from beastmode.runner.formats.lines import SKIPPED
from beastmode.runner.formats.outline import Outline, Place, Section
from beastmode.runner.formats.task_text import own_id_of, task_text
from beastmode.runner.formats.titles import plain, says_done
from beastmode.runner.formats.vocabulary import explains_mark, is_criteria, is_legend, is_phase

_STEP = re.compile(r"\W*step\s+\d+\b", re.IGNORECASE)
_STRUCK = re.compile(r"~~.+~~\W*$")
_PHASE_NAME = re.compile(r"\W*((?:phase|stage|milestone|sprint)\s+[\d.]+)\b", re.IGNORECASE)
_STRONG = re.compile(r"(?:quest|task|ticket|story|work item)\s*#?\s*\d|[A-Z]{1,6}\d{0,2}-\d", re.IGNORECASE)


def is_criterion(place: Place) -> bool:
    """Whether a line tells when a phase or a task is finished.

    Under a label (`**Acceptance criteria:**`) or a heading inside a phase it does. A section of the file's
    own (`## Success criteria`) is a last list of things to do or to check: its boxes are kept.
    """
    if any(is_criteria(words) for words in place.labels):
        return True
    chain = place.section.inner_chain()
    return any(
        is_criteria(section.title)
        and any(is_phase(above.title) or own_id_of(above.title)[0] for above in chain[:depth])
        for depth, section in enumerate(chain)
    )


def in_criteria_section(place: Place) -> bool:
    """Whether a line stands anywhere below a heading or label about criteria."""
    return is_criterion(place) or _is_criteria_section(place.section)


def is_task_box(place: Place) -> bool:
    """Whether a line has a box that could be a task: with a text, not skipped, struck out or a legend."""
    line = place.line
    if line.kind != "item" or line.box is None or line.box == SKIPPED or not line.body:
        return False
    if any(is_legend(words) for words in place.labels) or is_legend(place.section.title):
        return False
    struck = _STRUCK.match(line.body) is not None and not line.done
    return not struck and not explains_mark(line.body)


def box_drafts(outline: Outline, *, criteria: bool = False) -> list[Draft]:
    """A draft for every box.   criteria: also for those that are criteria."""
    inside = [] if criteria else _sections_as_steps(outline)
    boxes = [
        place
        for place in outline.places
        if is_task_box(place) and (criteria or not is_criterion(place)) and place.section not in inside
    ]
    overview = _overview(boxes)
    return [draft_of_box(place) for place in boxes if place.line.number not in overview]


def draft_of_box(place: Place) -> Draft:
    """The draft of one box."""
    text = task_text(place.line.body)
    return Draft(place, text.title, text.own_id, box_says(place.line))


def _sections_as_steps(outline: Outline) -> set[Section]:
    """Headings with an id whose boxes are steps (`- [ ] **Step 1: ...**`): there the heading is the task."""
    steps: set[Section] = set()
    others: set[Section] = set()
    for place in outline.places:
        if is_task_box(place):
            (steps if _STEP.match(place.line.body) else others).add(place.section)
    return {section for section in steps - others if own_id_of(section.title)[0]}


def _overview(boxes: list[Place]) -> set[int]:
    """Boxes that only name a phase which has boxes of its own (`- [ ] **Phase 1: Name** - its goal`)."""
    filled: dict[str, Section] = {}
    for place in boxes:
        for section in place.section.inner_chain():
            if match := _PHASE_NAME.match(section.title):
                filled.setdefault(match[1].lower(), section)
    lines = set()
    for place in boxes:
        match = _PHASE_NAME.match(place.line.body)
        phase = filled.get(match[1].lower()) if match else None
        if phase and phase not in place.section.chain() and _same_phase(plain(place.line.body), phase.title):
            lines.add(place.line.number)
    return lines


def _same_phase(text: str, title: str) -> bool:
    return text.lower().startswith(title.partition("(")[0].strip().lower())


def heading_drafts(
    outline: Outline, taken: list[Draft], *, ordinals: bool = False, strong: bool = False
) -> list[Draft]:
    """A draft for every heading with an id that has no task of `taken` below it, nor such a heading above.

    ordinals: `### 2. Title` counts as an id.   strong: only ids that name a task (`Quest 0.1`, `ABC-12`).
    """
    busy = {section for draft in taken for section in draft.place.section.chain()}
    drafts: list[Draft] = []
    inside: set[Section | None] = set()
    for place in outline.places:
        section = place.opens
        if section is None or place.line.kind != "heading":
            continue
        if section.parent in inside:
            inside.add(section)
        elif section not in busy and (draft := _heading_draft(place, ordinals, strong)):
            inside.add(section)
            drafts.append(draft)
    return drafts


def _heading_draft(place: Place, ordinals: bool, strong: bool) -> Draft | None:
    text = task_text(place.line.body, ordinals=ordinals)
    if not text.own_id or (strong and not _STRONG.match(text.own_id)) or _is_criteria_section(place.section):
        return None
    return Draft(place, text.title, text.own_id, True if says_done(place.line.body) else None)


def _is_criteria_section(section: Section) -> bool:
    return any(is_criteria(above.title) for above in section.inner_chain())
