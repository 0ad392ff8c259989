"""Edits: what a model may want done to files. Data only: paths are as the model wrote them, and not yet trusted.

Texts are whole lines, each with its line break: "" is no line at all, and a line break alone is an empty one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replace:
    """Lines of a file that become others.   search: where "", the file must not exist or be empty."""

    path: str
    search: str
    replace: str


@dataclass(frozen=True, slots=True)
class Write:
    """A whole file.   new: it must not exist yet, for the answer named it only in a comment, which a piece of a file
    may begin with too."""

    path: str
    text: str
    new: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """A file goes."""

    path: str


@dataclass(frozen=True, slots=True)
class Rename:
    """A file moves, with its mode.   to: must not exist."""

    path: str
    to: str


Edit = Replace | Write | Delete | Rename
