"""Tasks as they are found, before they have ids and phases; and which lines below them are their details."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from beastmode.runner.formats.lines import SKIPPED, Line
from beastmode.runner.formats.outline import Outline, Place, Section
from beastmode.runner.formats.status_lines import first_state


@dataclass(slots=True, eq=False)
class Draft:
    """A task that was found.

    own_id: as the list writes it, "" without one.   done: None where nothing on its line says.   details: the
    lines below that belong to it.   checks: what the last part of a phase is called that it belongs to, such as the
    label about criteria (`Exit criteria`) it stands under.   phase: the one it is a box for, if that is elsewhere.
    """

    place: Place
    title: str
    own_id: str = ""
    done: bool | None = None
    parallel: bool = False
    checks: str = ""
    phase: Section | None = None
    details: list[Line] = field(default_factory=list)

    @property
    def line(self) -> Line:
        return self.place.line

    @property
    def finished(self) -> bool:
        """What its own line says, else what the lines below it say, else what its section says."""
        if self.done is not None:
            return self.done
        return _status_says_done(self.details) or self.place.section.done


def box_says(line: Line) -> bool | None:
    """Whether a box is ticked; None without a box."""
    return None if line.box is None or line.box == SKIPPED else line.done


def give_details(outline: Outline, drafts: Iterable[Draft], ends: Collection[int] = ()) -> None:
    """Hand every line that stands below a draft, and belongs to it, to that draft.   ends: lines that end
    one.
    """
    starts = {draft.line.number: draft for draft in drafts}
    reach: _Reach | None = None
    for place in outline.places:
        number = place.line.number
        if number in starts:
            _close(reach)
            reach = _Reach(starts[number])
        elif reach is not None and (number in ends or not reach.takes(place)):
            _close(reach)
            reach = None
    _close(reach)


class _Reach:
    """How far down a draft goes: a heading to the next one of its rank, an item as far as lines are
    indented.
    """

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.adjacent = True
        self.inside_fence = False

    def takes(self, place: Place) -> bool:
        line = place.line
        taken = self._below_heading(line) if self.draft.line.kind == "heading" else self._below_item(place)
        if taken:
            self.draft.details.append(line)
            self.inside_fence = line.kind == "fence"
            self.adjacent = line.kind != "blank" and (self.adjacent or self.draft.line.marker != "")
        return taken

    def _below_heading(self, line: Line) -> bool:
        return line.kind != "heading" or line.level > self.draft.line.level

    def _below_item(self, place: Place) -> bool:
        line, own = place.line, self.draft.line
        if line.kind == "blank" or (line.kind == "fence" and self.inside_fence):
            return True
        if line.kind in ("heading", "rule", "wrapper") or place.opens is not None:
            return False
        if line.indent > own.indent:
            return True
        if not own.marker and self.adjacent:
            return True
        return line.kind == "prose" and self.adjacent and not place.is_label


def _close(reach: _Reach | None) -> None:
    """What a draft ends with is its last line with words, not the blanks and rules behind it."""
    if reach is not None:
        details = reach.draft.details
        while details and details[-1].kind in ("blank", "rule"):
            details.pop()


def _status_says_done(details: list[Line]) -> bool:
    found = first_state(details)
    return found is not None and found[1].done
