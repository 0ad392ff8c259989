"""Differing: the paths by which one commit differs from another, where a checkout can be brought from one to the other
by writing these alone. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath

_SUBMODULE = "160000"
_MOST = 2000
"""For more, git's own way through the whole tree is as fast."""


def paths_alone(raw: str) -> list[str] | None:
    """The paths in what `git diff-tree -r -z --no-renames` prints; None where to write them alone is not enough.

    That is so with submodules, with attributes, by which other files are written otherwise, with a file in place of a
    folder or a folder in place of a file, and where they are many.
    """
    fields = raw.split("\0")[:-1]
    modes, paths = fields[::2], fields[1::2]
    there = set(paths)
    odd = (
        len(paths) > _MOST
        or any(_SUBMODULE in mode for mode in modes)
        or any(PurePosixPath(path).name == ".gitattributes" for path in paths)
        or any(not there.isdisjoint(map(str, PurePosixPath(path).parents)) for path in paths)
    )
    return None if odd else paths
