"""Lines that judge work instead of naming it: acceptance criteria, exit criteria, checkpoints."""

from __future__ import annotations

from beastmode.runner.formats.outline import Outline, Place, Section
from beastmode.runner.formats.task_text import has_strong_id, own_id_of
from beastmode.runner.formats.vocabulary import is_criteria, is_criteria_heading


def is_criterion(place: Place) -> bool:
    """Whether a line stands below a label (`**Acceptance criteria:**`) or a heading about criteria."""
    return any(is_criteria(words) for words in place.labels) or is_criteria_section(place.section)


def is_criteria_section(section: Section) -> bool:
    """Whether a section, or one it lies in, is about criteria: not the file, nor `Task 6: Quality gates`."""
    return any(
        is_criteria_heading(above.title) and not own_id_of(above.title)[0] for above in section.inner_chain()
    )


def criteria_label(place: Place) -> str:
    """The label about criteria that a line stands under; "" without one."""
    return next((words for words in place.labels if is_criteria(words)), "")


class Judges:
    """Which boxes are criteria of one task, and so belong to it.

    Those below a box, and those below a heading that is a task itself (`### Task 2: title`, and no box there but
    criteria). Other boxes under criteria, of a phase or of the whole file, are a last list of things to do.
    """

    def __init__(self, outline: Outline, boxes: list[Place]) -> None:
        working: set[Section] = set()
        for place in boxes:
            if not is_criterion(place):
                working.update(place.section.chain())
        self._tasks = {
            section
            for section in outline.sections
            if section not in working and has_strong_id(section.title) and not outline.is_title(section)
        }

    def judges(self, place: Place) -> bool:
        """Whether a box is a criterion of a task."""
        if not is_criterion(place):
            return False
        return place.below_box or any(section in self._tasks for section in place.section.chain())
