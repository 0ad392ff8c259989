"""Which list is meant where a folder is named: the only one in it, or the one that a person picks."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from beastmode.errors import PreconditionError

if TYPE_CHECKING:
    from beastmode.runner.formats.finding import Listing, Search

_SHOWN = 40


def chosen(
    file: Path,
    command: str,
    *,
    ask: Callable[[], str] = input,
    on_terminal: Callable[[], bool] = lambda: sys.stdin.isatty() and sys.stderr.isatty(),
) -> Path:
    """The list to read.   command: that this is for, like `run`. Anything but a folder with lists in it is returned as
    it is. Raises PreconditionError where a folder holds none, or several and nobody is there to pick one.
    """
    if not file.is_dir():
        return file
    # 0.2 s that a named file does without
    from beastmode.runner.formats.finding import find_lists, is_list

    if is_list(file):
        return file
    search = find_lists(file)
    if not search.readable:
        raise _none(file, search)
    if len(search.readable) == 1:
        [only] = search.readable
        print(f"The list is {_shown(only.path)}: {_counts(only)}.{_cut(search)}", file=sys.stderr)
        return only.path
    if not on_terminal():
        raise _several(file, search, command)
    print(
        "\n".join([f"{len(search.readable)} lists of tasks are in {file}:", *_lines(search)]), file=sys.stderr
    )
    return _picked(search.readable, ask)


def _several(file: Path, search: Search, command: str) -> PreconditionError:
    first = shlex.quote(str(_shown(search.readable[0].path)))
    what = "\n".join([f"{len(search.readable)} lists of tasks are here:", *_lines(search)])
    return PreconditionError(what, where=str(file), tip=f"Name one of them, like: beast {command} {first}")


def _none(file: Path, search: Search) -> PreconditionError:
    if search.lists:
        broken = search.lists[0]
        tip = f"Correct it; `beast plan {shlex.quote(str(_shown(broken.path)))}` says all of it."
        return PreconditionError(broken.trouble, where=str(broken.path), tip=tip)
    from beastmode.runner.formats.finding import LOOKED_FOR

    stopped = f"; the search ended {search.stopped}" if search.stopped else ""
    tip = f"Name the file that holds the tasks. Looked for: {LOOKED_FOR}."
    return PreconditionError(f"no list of tasks was found in this folder{stopped}", where=str(file), tip=tip)


def _picked(readable: Sequence[Listing], ask: Callable[[], str]) -> Path:
    """The list of the number that a person types. stdout is for what they wanted. Raises typer.Abort at the end of
    input."""
    while True:
        print(f"Which one (1-{len(readable)})? ", end="", file=sys.stderr, flush=True)
        try:
            answer = ask().strip()
        except EOFError:
            raise typer.Abort from None
        if answer.isdecimal() and 1 <= int(answer) <= len(readable):
            return readable[int(answer) - 1].path


def _lines(search: Search) -> Iterator[str]:
    """Each list with its number; what cannot be read has none."""
    for number, one in enumerate(search.readable[:_SHOWN], 1):
        yield f"  {number:>3}  {_shown(one.path)}  ({one.format}: {_counts(one)})"
    if len(search.readable) > _SHOWN:
        yield f"       and {len(search.readable) - _SHOWN} more"
    for one in [one for one in search.lists if one.trouble][:_SHOWN]:
        yield f"       {_shown(one.path)}  cannot be read: {one.trouble}"
    if search.stopped:
        yield f"      {_cut(search)}"


def _cut(search: Search) -> str:
    return f" The search ended {search.stopped}: there may be more." if search.stopped else ""


def _counts(one: Listing) -> str:
    return f"{one.to_run} to run, {one.done} done"


def _shown(path: Path) -> Path:
    """The path as a person would type it."""
    with suppress(ValueError, OSError):
        return path.absolute().relative_to(Path.cwd())
    return path
