"""Finding: which files of the tree a text speaks of. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"[\w.@+\-/\[\]()*~]+")
_BEFORE, _BEHIND = "([*'\"`~-", ".,:;!?)]*'\"`~-"
_ABOVE = re.compile(r"^(?:\.{0,2}/)+")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


def named_in(text: str, files: Sequence[str]) -> list[str]:
    """The files that a text names, in the order in which it does: by their whole path, by its end where that fits one
    file only, by a Python module, or by a folder that is written with a slash: all in it.

    files: paths of the tree, sorted.
    """
    index = _Index(files)
    found = (path for word in _words(text) for path in index.meant_by(word))
    return list(dict.fromkeys(found))


def _words(text: str) -> Iterable[str]:
    for match in _WORD.finditer(text):
        yield match[0]
        if (bare := _ABOVE.sub("", match[0].lstrip(_BEFORE).rstrip(_BEHIND))) != match[0]:
            yield bare


class _Index:
    """Paths by themselves, by their ends and by their folders."""

    def __init__(self, files: Sequence[str]) -> None:
        self._files = files
        self._known = frozenset(files)
        self._by_name: dict[str, list[str]] = {}
        for path in files:
            self._by_name.setdefault(path.rpartition("/")[2], []).append(path)

    def meant_by(self, word: str) -> list[str]:
        if word in self._known:
            return [word]
        if word.endswith("/"):
            return self._below(word)
        if "." in word or "/" in word:
            return (
                self._ending(word) or self._module(word) or (self._below(f"{word}/") if "/" in word else [])
            )
        return []

    def _ending(self, word: str) -> list[str]:
        fits = [
            path
            for path in self._by_name.get(word.rpartition("/")[2], ())
            if path == word or path.endswith(f"/{word}")
        ]
        return fits if len(fits) == 1 else []

    def _module(self, word: str) -> list[str]:
        """`package.module` or `package.module.name`."""
        if not _MODULE.fullmatch(word):
            return []
        whole = word.replace(".", "/")
        for stem in (whole, whole.rpartition("/")[0]):
            if stem and (found := self._ending(f"{stem}.py") or self._ending(f"{stem}/__init__.py")):
                return found
        return []

    def _below(self, folder: str) -> list[str]:
        return [path for path in self._files if path.startswith(folder)]
