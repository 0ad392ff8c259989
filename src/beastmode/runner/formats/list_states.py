"""The words that lists in JSON and front matter use for the state of a task."""

from __future__ import annotations

import re
from typing import NamedTuple

from beastmode.runner.roadmap import Gate, ListState


class Said(NamedTuple):
    """What a list says of a task.   word: its own, where that is neither to be done nor done.   unknown: a word that
    means nothing here; it is taken as not done, which has to be told."""

    state: ListState = "pending"
    word: str = ""
    gate: Gate = ""
    unknown: bool = False


PENDING, DONE = Said(), Said("done")
_DONE = (
    "done complete completed pass passes passed passing finished closed implemented shipped verified resolved"
)
_PENDING = (
    "pending todo to-do open new planned backlog ready not-started notstarted in-progress inprogress doing wip active "
    "started working current next queued hooked fail fails failed failing incomplete unstarted not-done reopened"
)
_HELD = "blocked deferred on-hold hold paused postponed pinned waiting later icebox"
_DROPPED = (
    "cancelled canceled skipped skip dropped wontfix wont-fix wont-do obsolete superseded removed duplicate"
)
_REVIEW = "review in-review needs-review ready-for-review awaiting-review"
_WORDS: dict[str, tuple[ListState, Gate]] = {
    **dict.fromkeys(_PENDING.split(), ("pending", "")),
    **dict.fromkeys(_DONE.split(), ("done", "")),
    **dict.fromkeys(_HELD.split(), ("held", "")),
    **dict.fromkeys(_DROPPED.split(), ("dropped", "")),
    **dict.fromkeys(_REVIEW.split(), ("pending", "only")),
}


def as_written(word: object) -> str:
    """A word as it is compared: `In Progress`, `in_progress` and `IN-PROGRESS` are one."""
    return re.sub(r"[\s_-]+", "-", str(word).strip().lower().replace("'", ""))


def said_by(word: object) -> Said:
    """What a word for a state means. Nothing there (None, an empty text) is not done; true and false mean what they
    say."""
    if word is None or word == "" or isinstance(word, bool):
        return DONE if word is True else PENDING
    known = _WORDS.get(as_written(word))
    if known is None:
        return Said(unknown=True)
    state, gate = known
    return Said(state, "" if state in ("pending", "done") and not gate else str(word), gate)
