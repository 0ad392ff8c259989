"""Paths: may a text that a model wrote be the name of a file of the project? Pure: what lies there is asked elsewhere.

Stricter than this machine's file system: what one person's tree holds another one checks out on a Mac or on Windows.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LONGEST_NAME, _LONGEST_PATH, _DEEPEST = 200, 800, 30
_DEVICES = re.compile(r"^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)$")
_SHORT_GIT = re.compile(r"^git~\d+$")
_NOT_ON_WINDOWS = frozenset('<>:"|?*')
_OURS = frozenset((".beast",))
_OF_GIT = frozenset((".git", ".gitmodules"))


def refused(path: str) -> str:
    """Why no edit may name this path; "" where its text is all right."""
    if not path:
        return "it is empty"
    if strange := _strange_in(path):
        return f"it holds the character U+{ord(strange):04X}"
    if "\\" in path:
        return "it holds a backslash; folders are divided by /"
    if path.startswith(("/", "~")) or re.match(r"^[A-Za-z]:", path):
        return "it is absolute; paths are relative to the folder that the task works in"
    if len(path.encode()) > _LONGEST_PATH or path.count("/") >= _DEEPEST:
        return f"it is longer than {_LONGEST_PATH} bytes or deeper than {_DEEPEST} folders"
    return next(filter(None, map(_refused_name, path.split("/"))), "")


def same_name(name: str) -> str:
    """What two names have in common that some file systems take for one: case and the composition of letters."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


@lru_cache(maxsize=20_000)
def _refused_name(name: str) -> str:
    if name in ("", ".", ".."):
        return f"{name!r} is no name of a file or folder" if name else "a name in it is empty"
    if len(name.encode()) > _LONGEST_NAME:
        return f"a name in it is longer than {_LONGEST_NAME} bytes"
    if bad := next((one for one in name if one in _NOT_ON_WINDOWS), ""):
        return f"it holds {bad!r}, which no file name can hold everywhere"
    if name != name.strip(" ") or name.endswith("."):
        return f"{name!r} begins or ends with a space, or ends with a dot"
    if name != unicodedata.normalize("NFC", name):
        return f"{name!r} is not in composed form (NFC)"
    plain = same_name(name)
    if plain in _OF_GIT or _SHORT_GIT.match(plain):
        return f"{name!r} is git's own"
    if plain in _OURS:
        return f"{name!r} is where beast keeps its records"
    if _DEVICES.match(plain.split(".")[0].rstrip(" ")):
        return f"{name!r} is the name of a device on Windows"
    return ""


def _strange_in(path: str) -> str:
    """The first control character, one that is not seen, half of a character, one without meaning, or the tick that
    ends a name in answers; "" where there is none."""
    if path.isascii() and path.isprintable() and "`" not in path:
        return ""
    return next(
        (one for one in path if one == "`" or (one != " " and unicodedata.category(one)[0] in "CZ")), ""
    )
