"""Tasks in files without boxes: lists under `**Tasks:**`, state marks, lists under phases, tables, plain
bullets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from beastmode.runner.formats.checkboxes import is_task_box
from beastmode.runner.formats.criteria import is_criterion
from beastmode.runner.formats.drafts import Draft
from beastmode.runner.formats.finished import marks_done
from beastmode.runner.formats.outline import Outline, Place, Section, ends_in_colon, label_of
from beastmode.runner.formats.plan_sections import in_phase, in_summarised_phase, in_theme, phase_of
from beastmode.runner.formats.task_text import task_text
from beastmode.runner.formats.titles import leading_mark, plain
from beastmode.runner.formats.vocabulary import is_aside, is_criteria, is_field, is_tasks, is_yield


def labelled_drafts(outline: Outline) -> list[Draft]:
    """The items directly under a label or heading that says Tasks, wherever it stands."""
    return _drafts(_outermost(outline, _under_tasks))


def marked_drafts(outline: Outline) -> list[Draft]:
    """The items that begin with a state mark, in a file that has marks for open ones (⬜, ☐)."""
    marked = [place for place in outline.places if place.line.kind == "item" and place.line.box is None]
    marked = [place for place in marked if leading_mark(place.line.body) and not is_criterion(place)]
    return _drafts(marked)


def phase_drafts(outline: Outline) -> list[Draft]:
    """The items below headings that name phases: the numbered ones of a section, or else its bullets.

    A phase that lists no work has its deliverables for work. Phases in a summary count where there are no
    others.
    """
    for wanted in (in_phase, in_summarised_phase):
        places = _outermost(outline, wanted)
        work = _numbered_first([place for place in places if not _beside_the_work(place)])
        busy = {phase_of(place) for place in work}
        yields = [place for place in places if _only_yields(place) and phase_of(place) not in busy]
        if work or yields:
            return _drafts(sorted(work + yields, key=lambda place: place.line.number))
    return []


def theme_drafts(outline: Outline) -> list[Draft]:
    """The outermost items of a file without phases, except where it only talks about the plan."""
    return _drafts([place for place in _outermost(outline, in_theme) if not _under_an_aside(place)])


def _drafts(places: Sequence[Place]) -> list[Draft]:
    drafts = []
    for place in places:
        text = task_text(place.line.body)
        if text.title:
            drafts.append(Draft(place, text.title, text.own_id, marks_done(place.line.body)))
    return drafts


def _outermost(outline: Outline, wanted: Callable[[Place], bool]) -> list[Place]:
    """The wanted items that do not lie below another wanted item; what lies deeper is their details."""
    found: list[Place] = []
    section: Section | None = None
    indent = -1
    for place in outline.places:
        line = place.line
        if line.kind not in ("item", "heading"):
            continue
        if place.section is not section or line.kind == "heading":
            section, indent = place.section, -1
        if wanted(place) and _could_be_work(place):
            if 0 <= indent < line.indent:
                continue
            indent = line.indent
            found.append(place)
        elif line.kind == "item" and line.indent <= indent:
            indent = -1
    return found


def _could_be_work(place: Place) -> bool:
    line = place.line
    return (
        line.kind == "item"
        and not place.is_label
        and bool(line.body)
        and (line.box is None or is_task_box(place))
    )


def _under_tasks(place: Place) -> bool:
    if place.labels:
        return is_tasks(place.labels[-1])
    return is_tasks(place.section.title)


def _beside_the_work(place: Place) -> bool:
    """Goals, files, criteria of a phase, by the label or heading they stand under or their own (`- **Goal:** x`)."""
    return _under_an_aside(place) or is_aside(place.section.title)


def _under_an_aside(place: Place) -> bool:
    if any(is_aside(words) or is_criteria(words) or is_yield(words) for words in place.labels):
        return True
    return _names_an_aside(place.line.body)


def _names_an_aside(body: str) -> bool:
    words, rest = label_of(body)
    if not words:
        words, _, rest = plain(body)[:200].partition(":")
        return bool(rest) and is_field(words)
    return (bool(rest) or ends_in_colon(body)) and (is_aside(words) or is_criteria(words))


def _only_yields(place: Place) -> bool:
    return any(is_yield(words) for words in place.labels) and not any(
        is_criteria(words) for words in place.labels
    )


def _numbered_first(places: Sequence[Place]) -> list[Place]:
    numbered = {place.section for place in places if place.line.numbered}
    return [place for place in places if place.line.numbered or place.section not in numbered]
