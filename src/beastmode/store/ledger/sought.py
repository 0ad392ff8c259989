"""Sought: which requests somebody looks for. Pure: what makes conditions of it is `reading/conditions.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from beastmode.store.ledger.texts import words_of


@dataclass(frozen=True, slots=True)
class Sought:
    """Which requests; what is "", False or None does not matter. All of it is text of others.

    gone_wrong: those that failed, were rejected or cut off.   upstream, model, key, run, task: exactly this one.
    cache: answered from it (shared ones too), or not.   slower_than_s: in all.   text: words that class, cause or tip
    of one that went wrong hold, all of them, in whatever case.   before: only those older than this id, or as of a
    `next_before`.
    """

    gone_wrong: bool = False
    class_: str = ""
    upstream: str = ""
    model: str = ""
    key: str = ""
    run: str = ""
    task: str = ""
    cache: Literal["", "hit", "miss"] = ""
    slower_than_s: float | None = None
    text: str = ""
    before: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        return words_of(self.text)

    @property
    def wrong(self) -> bool:
        """Only what has gone wrong is meant: only that says something that can be looked for."""
        return self.gone_wrong or bool(self.words)
