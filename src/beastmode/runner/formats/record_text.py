"""What stands in a record (an object of JSON, front matter), as text for whoever does the task."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
"""A NUL ends an argument, half a character cannot be written to any file: each becomes a mark of its own."""
_LONGEST_TITLE = 160
_MOST_LEVELS = 20
"""Lists and objects inside each other that are told; nobody reads deeper."""
Record = Mapping[str, Any]


def named(names: str) -> frozenset[str]:
    """Many short names, as they are written one after the other."""
    return frozenset(names.split())


def cleaned(text: str) -> str:
    """A text that can be an argument and stand in a file."""
    return text if text.isascii() and "\0" not in text else _UNWRITABLE.sub("\ufffd", text)


def word(value: object) -> str:
    """A text, a number or a truth as one text; "" for anything else."""
    if isinstance(value, str):
        return cleaned(value.strip())
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else ""


def words(value: object) -> list[str]:
    """The texts of a list, or of one text with commas; nothing for anything else."""
    if isinstance(value, str):
        value = re.split(r"[,\n]", value)
    elif not isinstance(value, list):
        value = [value]
    return [text for text in map(word, value) if text]


def title_of(record: Record, *keys: str) -> str:
    """The first of these keys that says something, as one line."""
    for key in keys:
        if key not in record:
            continue
        text = " ".join(word(record[key]).split())
        if text:
            return text if len(text) <= _LONGEST_TITLE else text[: _LONGEST_TITLE - 1] + "…"
    return ""


def details_of(record: Record, headings: Mapping[str, str], silent: Collection[str]) -> str:
    """What is to be done, at length: the keys that have a heading first, in that order, then all others that are not
    `silent` under their own names.   headings: by key; "" for a text that needs none."""
    keys = [key for key in headings if key in record]
    keys += [key for key in record if key not in headings and key not in silent]
    parts = (_part(headings.get(key, cleaned(key)), record[key]) for key in keys)
    return "\n\n".join(part for part in parts if part)


def _part(heading: str, value: Any) -> str:
    text = "\n".join(_lines(value)).strip("\n")
    if not text or not heading:
        return text
    return (
        f"{heading}: {text}"
        if isinstance(value, (str, int, float)) and "\n" not in text
        else f"{heading}:\n{text}"
    )


def _lines(value: Any, indent: str = "") -> Iterator[str]:
    if isinstance(value, (list, dict)) and len(indent) >= 2 * _MOST_LEVELS:
        yield f"{indent}…"
    elif isinstance(value, list):
        for one in value:
            inner = list(_lines(one, indent + "  "))
            if inner:
                yield f"{indent}- {inner[0].lstrip()}"
                yield from inner[1:]
    elif isinstance(value, dict):
        for key, one in value.items():
            inner = list(_lines(one, indent + "  "))
            if len(inner) == 1 and not isinstance(one, (list, dict)):
                yield f"{indent}{cleaned(key)}: {inner[0].lstrip()}"
            elif inner:
                yield f"{indent}{cleaned(key)}:"
                yield from inner
    elif isinstance(value, str):
        for line in cleaned(value).replace("\r\n", "\n").strip("\n").split("\n"):
            yield f"{indent}{line}" if line.strip() else ""
    elif value is not None:
        yield indent + json.dumps(value)
