"""The lists in a folder: found by their paths, in bounded time, however large the folder is."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from beastmode.errors import BeastError
from beastmode.runner.formats import execplan, markdown, native
from beastmode.runner.formats.readers import READERS
from beastmode.runner.formats.reading import read_roadmap

MOST_DEEP, MOST_ENTRIES, MOST_LISTS, MOST_S = 6, 100_000, 200, 5.0
"""Where a search ends: folders below the first, files and folders seen, lists, seconds."""
_LEFT_OUT = frozenset(
    "node_modules vendor venv env target dist build out site-packages __pycache__".split()  # noqa: SIM905
)
_PUT_AWAY = frozenset(("archive", "archived", "completed", "templates"))
"""Below these, lists are finished or none yet."""
_DOTTED = frozenset(
    ".kiro .claude .spec-workflow .specify .taskmaster .beads .agent .agents .codex .planning".split()  # noqa: SIM905
)
"""Folders with a dot that hold lists; all others are caches, settings and environments."""
_NAMES = re.compile(
    r"@?(?:roadmap|implementation[_-](?:plan|roadmap)|todo|plan|fix[_-]plan)\.(?:md|markdown)", re.IGNORECASE
)
_JSON = ("prd.json", "feature_list.json", "features.json")
_IN_DOCS = re.compile(r".*roadmap.*\.(?:md|markdown)|" + _NAMES.pattern, re.IGNORECASE)
_YAML = re.compile(r".*\.ya?ml", re.IGNORECASE)
_YAML_KEYS = re.compile(rb"^(?:tasks|phases)[ ]*:", re.MULTILINE)
_MOST_YAML = 1 << 20
_OWN_PATHS = tuple(reader for reader in READERS if reader not in (native, markdown))
"""Readers whose paths are proof; those of the others are found by the names above."""
_COMMON = (native.NAME, markdown.NAME)
LOOKED_FOR = (
    ".kiro/specs/*/tasks.md, specs/*/tasks.md, openspec/changes/*/tasks.md, .taskmaster/tasks/tasks.json, backlog/, "
    ".beads/issues.jsonl, prd.json, feature_list.json, ROADMAP.md, IMPLEMENTATION_PLAN.md, TODO.md, PLAN.md, "
    "fix_plan.md, docs/*ROADMAP*.md, exec-plans and YAML files with tasks or phases"
)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that was found.   to_run, done: tasks.   trouble: why it cannot be read; "" where it can."""

    path: Path
    format: str = ""
    to_run: int = 0
    done: int = 0
    trouble: str = ""


@dataclass(slots=True)
class Search:
    """What a search found, nearest first.   stopped: what bound ended it before all was seen; "" where none did."""

    lists: list[Listing] = field(default_factory=list)
    stopped: str = ""

    @property
    def readable(self) -> list[Listing]:
        return [one for one in self.lists if not one.trouble]


def is_list(folder: Path) -> bool:
    """Whether a folder is itself a list, whose files are its tasks."""
    return any(reader.claims_folder(folder) for reader in READERS if hasattr(reader, "claims_folder"))


def find_lists(root: Path, now: Callable[[], float] = time.monotonic) -> Search:
    """The lists in a folder. A list by its path is told even if it cannot be read; a ROADMAP.md, a plan or a YAML file
    only where it holds tasks."""
    search = Search()
    until = now() + MOST_S
    for path in _candidates(root, search, lambda: now() > until):
        if listing := _looked_at(path):
            search.lists.append(listing)
        if len(search.lists) == MOST_LISTS:
            search.stopped = f"after {MOST_LISTS} lists"
            break
    search.lists.sort(key=lambda one: (bool(one.trouble), not one.to_run, one.format in _COMMON))
    return search


def _candidates(root: Path, search: Search, late: Callable[[], bool]) -> Iterator[Path]:
    """Paths that may be lists, nearest first."""
    folders = deque([(root, 0)])
    seen = 0
    while folders:
        folder, depth = folders.popleft()
        for entry in _entries(folder):
            seen += 1
            if seen > MOST_ENTRIES or late():
                search.stopped = (
                    f"after {MOST_ENTRIES:,} entries" if seen > MOST_ENTRIES else f"after {MOST_S:g} s"
                )
                return
            path = folder / entry.name
            if not entry.is_dir(follow_symlinks=False):
                if _is_file(entry) and _may_be_list(path, depth):
                    yield path
            elif is_list(path):
                yield path
            elif depth < MOST_DEEP and _is_looked_into(entry):
                folders.append((path, depth + 1))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)
    return []


def _is_file(entry: os.DirEntry[str]) -> bool:
    """A pipe of such a name would be waited for."""
    with suppress(OSError):
        return entry.is_file()
    return False


def _is_looked_into(entry: os.DirEntry[str]) -> bool:
    """Not other people's code, what was put away, nor another checkout: a worktree or a submodule has a file `.git`."""
    name = entry.name.lower()
    if name in _LEFT_OUT or name.lstrip("._") in _PUT_AWAY or (name.startswith(".") and name not in _DOTTED):
        return False
    return not os.path.lexists(os.path.join(entry.path, ".git"))


def _may_be_list(path: Path, depth: int) -> bool:
    whole = path.absolute()
    if any(reader.claims_path(whole) for reader in _OWN_PATHS):
        return True
    if depth > 1 and whole.parts[-3:] != ("scripts", "ralph", "prd.json"):
        return False
    in_docs = path.parent.name.lower() in ("docs", "doc", ".planning")
    name = _IN_DOCS if in_docs else _NAMES
    if name.fullmatch(path.name):
        return (depth == 0 or in_docs) and not path.with_name("tasks.md").exists()  # the plan of a spec
    if path.name.lower() in _JSON:
        return True
    return _YAML.fullmatch(path.name) is not None and _has_tasks(path)


def _has_tasks(path: Path) -> bool:
    with suppress(OSError):
        return path.stat().st_size <= _MOST_YAML and _YAML_KEYS.search(path.read_bytes()) is not None
    return False


def _looked_at(path: Path) -> Listing | None:
    """What a list holds; None where a file only has the name of one."""
    try:
        roadmap = read_roadmap(path)
    except BeastError as error:
        known = any(reader.claims_path(path.absolute()) for reader in _OWN_PATHS if reader is not execplan)
        return Listing(path, trouble=error.what) if known or path.is_dir() else None
    states = [task.state for task in roadmap.tasks()]
    return Listing(path, roadmap.format, states.count("pending"), states.count("done"))
