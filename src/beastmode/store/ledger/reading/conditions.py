"""What is sought, as conditions of SQL. The text of others is never part of it, only its values. Pure."""

from __future__ import annotations

from beastmode.store.ledger.entry import GONE_WRONG
from beastmode.store.ledger.schema import HAS_CLASS, HAS_GONE_WRONG
from beastmode.store.ledger.sought import Sought

_FREE = "outcome IN ('hit', 'shared')"


def indexed(sought: Sought) -> bool:
    """One index has all that is sought, in order, and nothing else."""
    others = (
        sought.upstream,
        sought.key,
        sought.run,
        sought.task,
        sought.cache,
        sought.slower_than_s,
        *sought.words,
    )
    asked = [bool(sought.class_), bool(sought.model), sought.wrong]
    return sum(asked) <= 1 and not any(other not in ("", None) for other in others)


def _named(sought: Sought) -> dict[str, str]:
    """The columns that have to be just that."""
    names = {"upstream": sought.upstream, "model": sought.model, "key": sought.key, "class": sought.class_}
    return {column: fit(value) for column, value in names.items() if value}


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
    for column, value in (_named(sought) | {"run": fit(sought.run), "task": fit(sought.task)}).items():
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
    for column, value in _named(sought).items():
        parts.append(f"{column} = ?" if column == "class" else f"{column} IN (?, '{any_name}')")
        values.append(value)
    if sought.wrong:
        parts.append(f"outcome IN {GONE_WRONG}")
    if sought.cache:
        parts.append(_FREE if sought.cache == "hit" else f"NOT {_FREE}")
    return " AND ".join(parts), values
