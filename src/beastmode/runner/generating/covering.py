"""Covering: does a declared pattern (of `touches`, of `copy`) cover a path? Pure.

A pattern is a path, a folder (all below it) or a glob: `*`, `?` and `[…]` within a name, `**` for any folders. What is
more (`{a,b}`, `!x`, `..`) counts as the whole folder above, as it does where tasks take turns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from functools import lru_cache

from beastmode.runner.generating.paths import same_name

_ANY_DEPTH = "**"


def covers(patterns: Sequence[str], path: str) -> bool:
    """Whether one of them covers it. Capitals are no difference: on some disks they are none."""
    names = tuple(map(same_name, path.split("/")))
    return any(_covers(_parts(pattern), names) for pattern in patterns)


@lru_cache(maxsize=1000)
def _parts(pattern: str) -> tuple[str, ...]:
    names: list[str] = []
    for name in (same_name(part) for part in pattern.strip().split("/")):
        if name in ("", "."):
            continue
        if name == ".." or name[0] == "!" or set(name) & set("{}\\") or ("**" in name and name != _ANY_DEPTH):
            return () if name == ".." else tuple(names)
        names.append(name)
    return tuple(names)


def _covers(parts: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """Whether the names begin as the parts say: then the pattern is the path, or a folder above it."""
    if not parts:
        return True
    if parts[0] == _ANY_DEPTH:
        return any(_covers(parts[1:], names[skipped:]) for skipped in range(len(names) + 1))
    return bool(names) and bool(_name(parts[0]).match(names[0])) and _covers(parts[1:], names[1:])


@lru_cache(maxsize=1000)
def _name(part: str) -> re.Pattern[str]:
    return re.compile(translate(part))
