"""Leave out what a file says twice: an id that was there before, a section copied with all its boxes."""

from __future__ import annotations

from collections.abc import Sequence

from beastmode.runner.formats.drafts import Draft
from beastmode.runner.formats.titles import safe_id


def without_repeats(drafts: Sequence[Draft], *, by_id: bool = False) -> tuple[list[Draft], dict[int, str]]:
    """The first draft of each, and the lines of the others with the reason.

    by_id: an own id alone tells (T001); otherwise its title must be the same too, or, for a draft without
    an id, its title and the titles of all sections above it. A later ticked box ticks a first line that
    had no box.
    """
    first: dict[tuple[object, ...], Draft] = {}
    kept: list[Draft] = []
    repeats: dict[int, str] = {}
    for draft in sorted(drafts, key=lambda one: one.line.number):
        key = _key(draft, by_id)
        known = first.setdefault(key, draft)
        if known is draft or (not draft.own_id and known.place.section is draft.place.section):
            kept.append(draft)
            continue
        if known.done is None:
            known.done = draft.done
        what = draft.own_id or "a task"
        repeats[draft.line.number] = f"repeats {what} of line {known.line.number}"
    return kept, repeats


def _key(draft: Draft, by_id: bool) -> tuple[object, ...]:
    if draft.own_id and by_id:
        return ("id", safe_id(draft.own_id).lower())
    words = draft.title.lower()
    if draft.own_id:
        return ("id", safe_id(draft.own_id).lower(), words)
    return ("title", words, *(section.title.lower() for section in draft.place.section.chain()))
