"""Headings that are the tasks themselves: phases that list nothing, numbers that run on, lists of fields."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from beastmode.runner.formats.drafts import Draft
from beastmode.runner.formats.finished import says_done, without_done
from beastmode.runner.formats.outline import Outline, Place, Section
from beastmode.runner.formats.plan_sections import is_beside_the_work, is_plan_phase, is_summarised_phase
from beastmode.runner.formats.task_text import own_id_of, task_text
from beastmode.runner.formats.titles import plain
from beastmode.runner.formats.vocabulary import is_phase

_SERIES = re.compile(r"(?!FR|NFR|REQ|SC|AC|NF|[DGQRA]-?\d)([A-Z]{1,5})-?(\d{1,3})\b(?!\.)")
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


def series_drafts(outline: Outline) -> list[Draft]:
    """Headings with the codes of one series (PR1, PR2, ...), at least four of them in a row."""
    found: dict[str, list[tuple[int, Place]]] = {}
    for place in _headings(outline):
        match = _SERIES.match(plain(place.line.body))
        if match and not is_phase(place.section.title):
            found.setdefault(match[1], []).append((int(match[2]), place))
    longest = max(found.values(), key=len, default=[])
    numbers = [number for number, _ in longest]
    if len(numbers) < 4 or any(later != number + 1 for number, later in pairwise(numbers)):
        return []
    return [_draft(place) for _, place in longest]


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


def fielded_drafts(outline: Outline) -> list[Draft]:
    """Numbered headings whose lists only fill in the same fields (`- **Why:** ...`) again and again.

    At least three headings; four in five of the items below them name a field that half of the headings have.
    """
    headings = [place for place in _headings(outline) if _ORDINAL.match(plain(place.line.body))]
    fields: dict[Section, list[str]] = {place.section: [] for place in headings}
    for place in outline.places:
        line = place.line
        if line.kind == "item" and place.section in fields and not place.inside_item:
            fields[place.section].append(_field(line.body))
    often = Counter(word for words in fields.values() for word in set(words) if word)
    shared = {word for word, count in often.items() if count * 2 >= len(headings)}
    items = [word for words in fields.values() for word in words]
    if len(headings) < 3 or sum(word in shared for word in items) * 5 < len(items) * 4 or not items:
        return []
    return [_draft(place) for place in headings if fields[place.section]]


def _field(body: str) -> str:
    words, colon, _ = plain(body)[:80].partition(":")
    return words.strip().lower() if colon else ""


def _draft(place: Place) -> Draft:
    text = task_text(without_done(place.line.body), ordinals=True)
    return Draft(place, text.title, text.own_id, True if says_done(place.line.body) else None)


def _headings(outline: Outline) -> Iterator[Place]:
    return (place for place in outline.places if place.line.kind == "heading")


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
