"""Leave out what a file says twice: an id that was there before, a section copied with all its boxes."""

from __future__ import annotations

from collections.abc import Sequence

from beastmode.runner.formats.accounts import Reason
from beastmode.runner.formats.drafts import Draft
from beastmode.runner.formats.slugs import safe_id


def without_repeats(drafts: Sequence[Draft], *, by_id: bool = False) -> tuple[list[Draft], dict[int, Reason]]:
    """The first draft of each, and the lines of the others with the reason.

    by_id: an own id alone tells (T001); otherwise its title must be the same too, or, for a draft without an id,
    its title and the titles of all sections above it. Of lines with one id the first with a state of its own
    (a box) is the task.
    """
    ordered = sorted(drafts, key=lambda one: one.line.number)
    first: dict[tuple[object, ...], Draft] = {}
    for draft in ordered:
        known = first.setdefault(_key(draft, by_id), draft)
        if draft.own_id and known.done is None and draft.done is not None:
            first[_key(draft, by_id)] = draft
    kept: list[Draft] = []
    repeats: dict[int, Reason] = {}
    for draft in ordered:
        known = first[_key(draft, by_id)]
        if known is draft or (not draft.own_id and known.place.section is draft.place.section):
            kept.append(draft)
        else:
            what = f"repeats {draft.own_id or 'a task'} of line {known.line.number}"
            repeats[draft.line.number] = Reason(what, look=True)
    return kept, repeats


def _key(draft: Draft, by_id: bool) -> tuple[object, ...]:
    if draft.own_id and by_id:
        return ("id", safe_id(draft.own_id).lower())
    words = draft.title.lower()
    if draft.own_id:
        return ("id", safe_id(draft.own_id).lower(), words)
    return ("title", words, *(section.title.lower() for section in draft.place.section.chain()))
