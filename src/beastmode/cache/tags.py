"""Tags: the names under which answers can be forgotten together. Pure.

Ours say where an answer comes from (`model:…`, `upstream:…`, in a run `run:…` and `task:…`); a client adds its own in
a header. They are no part of the key: whoever asks the same gets the same answer, whatever tags it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

HEADER = b"x-beast-cache-tags"
"""In which a client names its tags, separated by commas. It goes no further."""
MOST_SAID, MOST_CHARACTERS = 8, 64
"""Tags of one request, and characters of each, that a client may name."""
MOST_OF_OURS = 256
"""Characters of a tag of ours; of a longer one the beginning counts."""

_KINDS = ("model", "upstream", "run", "task")
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+=-]*", re.ASCII)


def tag_of(kind: str, name: str) -> str:
    """A tag of ours.   kind: model, upstream, run or task."""
    return f"{kind}:{name}"[:MOST_OF_OURS]


@lru_cache(maxsize=256)  # a run asks many times for one task
def of_ours(model: str, upstream: str, run: str, task: str) -> tuple[str, ...]:
    """The tags that an answer has by itself.   upstream: its base URL, of which the host and the port count.
    run, task: "" where the request comes from none."""
    host = urlsplit(upstream).netloc.rpartition("@")[2]
    named = (("model", model), ("upstream", host), ("run", run), ("task", task))
    return tuple(tag_of(kind, name) for kind, name in named if name)


def said_in(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, ...], bool]:
    """The tags that a client names, and whether some of what it says was dropped: too many, too long, with other
    characters than letters, digits and `._:/@+=-`, or one that looks like ours."""
    values = [value for name, value in headers if name == HEADER]
    if not values:
        return (), False
    words = [word.strip(" \t") for word in b",".join(values).decode("latin-1").split(",")]
    words = [word for word in dict.fromkeys(words) if word]
    good = [word for word in words if _is_good(word)][:MOST_SAID]
    return tuple(good), len(good) < len(words)


def _is_good(word: str) -> bool:
    kind, colon, _ = word.partition(":")
    ours = bool(colon) and kind.lower() in _KINDS
    return len(word) <= MOST_CHARACTERS and not ours and bool(_TAG.fullmatch(word))
