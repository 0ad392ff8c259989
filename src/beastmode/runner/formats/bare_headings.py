"""Headings that are the tasks themselves: phases that list nothing, numbers that run on through all phases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from beastmode.runner.formats.drafts import Draft
from beastmode.runner.formats.outline import Outline, Place, Section
from beastmode.runner.formats.plan_sections import is_beside_the_work, is_plan_phase, is_summarised_phase
from beastmode.runner.formats.task_text import own_id_of, task_text
from beastmode.runner.formats.titles import plain, says_done

_ORDINAL = re.compile(r"(\d{1,3})[.):]\s")


def running_drafts(outline: Outline) -> list[Draft]:
    """Numbered headings inside phases whose numbers do not begin anew with each phase (`### 4. Title`).

    At least three, in at least two phases: such a number is the task's own, whatever is listed below it.
    """
    places = [place for place in _headings(outline) if _in_phase(place.section.parent)]
    numbered = [
        (int(match[1]), place) for place in places if (match := _ORDINAL.match(plain(place.line.body)))
    ]
    numbers = [number for number, _ in numbered]
    parents = {place.section.parent for _, place in numbered}
    if len(numbers) < 3 or len(parents) < 2 or any(later <= number for number, later in pairwise(numbers)):
        return []
    return [_draft(place) for _, place in numbered]


def bare_drafts(outline: Outline, listed: Sequence[Draft]) -> list[Draft]:
    """The phases, or the numbered headings in them, where most of them list no work.   listed: what they list.

    Phases in a summary count where there are no others.
    """
    busy = {section for draft in listed for section in draft.place.section.chain()}
    for is_one in (is_plan_phase, is_summarised_phase):
        leaves = [place for place in _headings(outline) if _is_leaf(place.section, is_one)]
        idle = [place for place in leaves if place.section not in busy]
        if leaves:
            return (
                [_draft(place) for place in leaves] if len(leaves) > 1 and len(idle) * 2 > len(leaves) else []
            )
    return []


def _draft(place: Place) -> Draft:
    text = task_text(place.line.body, ordinals=True)
    return Draft(place, text.title, text.own_id, True if says_done(place.line.body) else None)


def _headings(outline: Outline) -> Iterator[Place]:
    return (place for place in outline.places if place.opens is not None)


def _in_phase(section: Section | None) -> bool:
    return section is not None and any(is_plan_phase(above) for above in section.inner_chain())


def _is_leaf(section: Section, is_one: Callable[[Section], bool]) -> bool:
    """A phase without numbered headings or phases of its own, or such a numbered heading.   is_one: of phases."""
    if is_one(section):
        return not any(_is_part(inner, is_one) for inner in section.children)
    return section.parent is not None and is_one(section.parent) and _is_part(section, is_one)


def _is_part(section: Section, is_one: Callable[[Section], bool]) -> bool:
    if is_beside_the_work(section):
        return False
    return is_one(section) or bool(own_id_of(section.title, ordinals=True)[0])
