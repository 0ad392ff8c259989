"""Model lists: the names in what OpenAI, Anthropic, Gemini and Ollama list, and the nearest to one. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

_SHOWN = 5


def names_in(body: bytes) -> tuple[str, ...] | None:
    """The names of a list of models; None where it is none. Gemini's `models/x` is `x`."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    items = value
    if isinstance(value, dict):
        items = next((value[key] for key in ("data", "models") if isinstance(value.get(key), list)), None)
    if not isinstance(items, list):
        return None
    names = tuple(filter(None, map(_name, items)))
    return names if names or not items else None


def is_listed(model: str, names: Iterable[str]) -> bool:
    """Whether a list has it; `x` and Ollama's `x:latest` are the same, `models/x` and `x` too."""
    return _plain(model) in {_plain(name) for name in names}


def what_there_is(model: str, names: Sequence[str]) -> str:
    """The nearest names, or some of those there are, as the end of a sentence."""
    last_parts = {name.rpartition("/")[2]: name for name in names}
    near = get_close_matches(model, names, n=3, cutoff=0.6)
    near += [last_parts[part] for part in get_close_matches(model, last_parts, n=2, cutoff=0.7)]
    if near:
        return "Did you mean " + " or ".join(dict.fromkeys(near)) + "?"
    if not names:
        return "It lists no models at all; load one there first."
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"Name one that it has: {', '.join(names[:_SHOWN])}{more}."


def _name(item: Any) -> str:
    if isinstance(item, str):
        return item
    if not isinstance(item, dict):
        return ""
    name = item.get("id") or item.get("name") or item.get("model")
    return name.removeprefix("models/") if isinstance(name, str) else ""


def _plain(name: str) -> str:
    return name.removeprefix("models/").removesuffix(":latest")
