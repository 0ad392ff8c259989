"""Which requests are looked for, and as conditions of SQL. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from beastmode.store.entry import GONE_WRONG
from beastmode.store.ledger_schema import HAS_CLASS, HAS_GONE_WRONG
from beastmode.store.ledger_texts import words_of

_FREE = "outcome IN ('hit', 'shared')"


@dataclass(frozen=True, slots=True)
class Sought:
    """Which requests; what is "", False or None does not matter. All of it is text of others, and never part of SQL.

    cache: answered from it (shared ones too), or not.   slower_than_s: in all.   text: words that class, cause or tip
    of one that went wrong hold, all of them, in whatever case.
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

    @property
    def words(self) -> tuple[str, ...]:
        return words_of(self.text)

    @property
    def wrong(self) -> bool:
        """Only what has gone wrong is meant: only that says something that can be looked for."""
        return self.gone_wrong or bool(self.words)

    @property
    def named(self) -> dict[str, str]:
        """The columns that have to be just that."""
        names = {"upstream": self.upstream, "model": self.model, "key": self.key, "class": self.class_}
        return {column: fit(value) for column, value in names.items() if value}

    @property
    def indexed(self) -> bool:
        """One index has all that is sought, in order, and nothing else."""
        others = self.upstream, self.key, self.run, self.task, self.cache, self.slower_than_s, *self.words
        asked = [bool(self.class_), bool(self.model), self.wrong]
        return sum(asked) <= 1 and not any(other not in ("", None) for other in others)


def fit(text: str) -> str:
    """The text as a database can take it: of half surrogates it is known that nothing has them."""
    return text.encode("utf-8", "replace").decode()


def conditions(sought: Sought) -> tuple[str, list[object]]:
    """What a row of `requests` has to be, and the values in it. Not the words of its failure."""
    parts, values = ["1"], list[object]()
    if sought.wrong:
        parts.append(str(HAS_GONE_WRONG))
    if sought.class_:
        parts.append(str(HAS_CLASS))
    if sought.cache:
        parts.append(_FREE if sought.cache == "hit" else f"(outcome IS NULL OR NOT {_FREE})")
    for column, value in (sought.named | {"run": fit(sought.run), "task": fit(sought.task)}).items():
        if value:
            parts.append(f"requests.{column} = ?")
            values.append(value)
    if sought.slower_than_s is not None:
        parts.append("total_s > ?")
        values.append(sought.slower_than_s)
    return " AND ".join(parts), values


def kind_conditions(sought: Sought, any_name: str) -> tuple[str, list[object]]:
    """What a row of `kinds` has to be to be one of those sought; "" where every kind is."""
    parts, values = list[str](), list[object]()
    for column, value in sought.named.items():
        parts.append(f"{column} = ?" if column == "class" else f"{column} IN (?, '{any_name}')")
        values.append(value)
    if sought.wrong:
        parts.append(f"outcome IN {GONE_WRONG}")
    if sought.cache:
        parts.append(_FREE if sought.cache == "hit" else f"NOT {_FREE}")
    return " AND ".join(parts), values
