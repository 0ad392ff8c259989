"""Filters of the requests: what an address asks for, and the address that asks for it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from beastmode.store.ledger.sought import Sought

MOST_CHARS = 300
"""Of one filter; nothing that is recorded is asked for by more."""
_TEXTS = {
    "class": "class_",
    "upstream": "upstream",
    "model": "model",
    "key": "key",
    "run": "run",
    "task": "task",
    "words": "text",
    "before": "before",
}
"""By its name in an address: the field."""
_CACHE = {"hit": "from the cache", "miss": "not from the cache"}
_NAMED = ("class", "upstream", "model", "key", "run", "task")
"""Of these, those that have to be just that."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set.   words: for people.   without: the query that leaves it out."""

    words: str
    without: str


def sought_of(asked: Mapping[str, str]) -> Sought:
    """What the query of an address asks for. What cannot be understood counts as not said."""
    texts = {field: asked.get(name, "").strip()[:MOST_CHARS].strip() for name, field in _TEXTS.items()}
    cache = asked.get("cache", "")
    return Sought(
        gone_wrong="failed" in asked,
        cache="hit" if cache == "hit" else "miss" if cache == "miss" else "",
        slower_than_s=_seconds(asked.get("slower", "")),
        **texts,
    )


def query_of(sought: Sought) -> str:
    """The query that asks for it, with its question mark; "" where all are sought."""
    said = {"failed": "on"} if sought.gone_wrong else {}
    said |= {name: value for name, field in _TEXTS.items() if (value := getattr(sought, field))}
    said |= {"cache": sought.cache} if sought.cache else {}
    if sought.slower_than_s is not None:
        said["slower"] = f"{sought.slower_than_s:.15g}"
    return f"?{urlencode(said)}" if said else ""


def chips_of(sought: Sought) -> list[Chip]:
    """The filters that are set, each with the way to do without it. None of them keeps `before`: with other filters
    one begins at the newest."""
    newest = replace(sought, before="")
    chips = (
        [Chip("what went wrong", query_of(replace(newest, gone_wrong=False)))] if sought.gone_wrong else []
    )
    for name in _NAMED:
        if value := getattr(sought, _TEXTS[name]):
            without: dict[str, Any] = {_TEXTS[name]: ""}
            chips.append(Chip(f"{name} {value}", query_of(replace(newest, **without))))
    if sought.cache:
        chips.append(Chip(_CACHE[sought.cache], query_of(replace(newest, cache=""))))
    if sought.slower_than_s is not None:
        slower = f"slower than {sought.slower_than_s:.15g} s"
        chips.append(Chip(slower, query_of(replace(newest, slower_than_s=None))))
    if sought.text:
        chips.append(Chip(f"words {sought.text}", query_of(replace(newest, text=""))))
    return chips


def _seconds(text: str) -> float | None:
    """A length of time of an address; None where it is none, or nothing is shorter."""
    try:
        seconds = float(f"{float(text.replace(',', '.')):.15g}") if len(text) <= 30 else 0.0
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None
