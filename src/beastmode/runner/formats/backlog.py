"""Backlog.md: a file is a task, a folder is a list, see docs/roadmaps-backlog.md.

The boxes in a file are criteria of its task: they are told to whoever does it, and are never tasks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from beastmode.errors import Problem, RoadmapError
from beastmode.runner.formats.accounts import Account
from beastmode.runner.formats.backlog_config import Config, config_of, has_config
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.front_matter import FrontMatter, front_matter, is_text, plain, set_word
from beastmode.runner.formats.grouping import grouped, in_phases
from beastmode.runner.formats.json_records import options, priority_of
from beastmode.runner.formats.links import Ids, Links
from beastmode.runner.formats.list_states import DONE, Said, as_written, said_by
from beastmode.runner.formats.record_text import cleaned, details_of, named, title_of, word, words
from beastmode.runner.roadmap import Roadmap, Task

NAME = "backlog.md"

_RULE = "dependencies only; a task comes after its subtasks"
_FOLDERS = ("tasks", "completed")
_PLACES = {(root, folder) for root in ("backlog", ".backlog") for folder in _FOLDERS}
_NAME = re.compile(r"[A-Za-z]+-\d[\d.]* - .+\.md")
_LEFT_OUT = {"drafts": "drafts, no tasks yet", "archive": "archived: neither done nor to be done"}
_MOST_BYTES = 4 * 1024 * 1024
_ID = re.compile(r"((?:[A-Za-z]+-)?)(\d+(?:\.\d+)*)")
_SIGNS = named(
    "assignee created_date updated_date labels dependencies parent_task_id priority milestone ordinal"
)
"""Keys of which one at least stands beside `id` and `status`: other front matter has those two as well."""
_HEADINGS = {"references": "References", "documentation": "Documentation", "milestone": "Milestone"}
_SILENT = named(
    "id title status assignee reporter labels dependencies parent_task_id subtasks blocked_by priority type "
    "ordinal created_date updated_date completed_date completion_date created updated modified_files "
    "onStatusChange onstatuschange estimated_effort"
)
_KNOWN = _SILENT | _HEADINGS.keys()
_MARK = re.compile(
    r"^[ \t]*<!-- (?:AC|DOD|SECTION:\w+|COMMENTS?|COMMENT:\w+):(?:BEGIN|END) -->[ \t]*\r?\n?", re.MULTILINE
)


@dataclass(slots=True)
class _File:
    """A task and the file it is in.   folder: below `tasks`.   completed: it lies among the completed ones."""

    path: Path
    text: str
    found: FrontMatter
    folder: tuple[str, ...] = ()
    completed: bool = False
    line: int = 0
    task: Task = field(default_factory=lambda: Task(""))
    data: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.data = {key: plain(value) for key, value in self.found.keys.items()}


def claims_path(path: Path) -> bool:
    """Whether a file lies where Backlog.md keeps tasks, and is called as it calls them: `task-7 - Title.md`."""
    above = path.parts[:-1]
    return _NAME.fullmatch(path.name) is not None and any(pair in pairwise(above) for pair in _PLACES)


def claims_text(text: str) -> bool:
    """Front matter with an id like `task-7`, a state, and another key that Backlog.md writes."""
    if text.lstrip()[:3] != "---":
        return False
    found = front_matter(text)
    if not isinstance(found, FrontMatter):
        return False
    keys = found.keys
    return is_text(keys.get("id")) and "status" in keys and "title" in keys and bool(_SIGNS & keys.keys())


def claims_folder(path: Path) -> bool:
    """A folder of Backlog.md, or the `tasks` in it."""
    root = root_of(path)
    if not (root / "tasks").is_dir():
        return False
    return has_config(root) or any(_looks_like_task(file) for file, _ in _markdown_in(root / "tasks"))


def read(text: str, path: Path) -> Roadmap:
    """A list of one: the task in a file. Raises RoadmapError where the file has no front matter."""
    found = front_matter(text)
    if not isinstance(found, FrontMatter):
        tip = "Backlog.md begins a task with a line of three dashes, keys like `id:` and `status:`, and dashes again."
        raise RoadmapError(
            path, [found or Problem(1, "it has no front matter, as a task of Backlog.md has", tip)]
        )
    file = _File(path, text, found, completed=path.parent.name == "completed", line=1)
    return _roadmap([file], config_of(_root_of(path)), "", Account())


def read_folder(path: Path) -> Roadmap:
    """The tasks of a folder and those completed; drafts and what is archived are told. Raises RoadmapError for tasks
    that cannot be read."""
    root, account = root_of(path), Account()
    files = _files(root, path, account)
    for name, reason in _LEFT_OUT.items():
        count = sum(1 for _ in _markdown_in(root / name))
        if count:
            account.tell(0, f"{name}/ ({count} files)", reason)
    config = config_of(root)
    return _roadmap(files, config, config.project or root.resolve().parent.name, account)


def ticks(text: str, path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]:
    """`status: Done`, or what the configuration calls it."""
    found = front_matter(text)
    if not isinstance(found, FrontMatter) or not any(task.id in done for task in roadmap.tasks()):
        return []
    return _tick(_File(path, text, found), config_of(_root_of(path)))


def ticks_in_folder(path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]:
    """The same for each of these tasks in its own file. No file is moved to `completed`."""
    del roadmap
    root = root_of(path)
    files, config = _files(root, path, Account()), config_of(root)
    _roadmap(files, config, "", Account())
    marked = [file for file in files if file.task.id in done and file.task.state != "done"]
    return [edit._replace(path=file.path) for file in marked for edit in _tick(file, config)]


def _tick(file: _File, config: Config) -> list[Edit]:
    if _state(file, config).state == "done":
        return []
    edit = set_word(file.text, file.found, "status", config.done)
    return [] if edit is None else [edit]


def root_of(path: Path) -> Path:
    """The folder of a backlog, of which its tasks may have been named; its own files say how they are read."""
    return path.parent if path.name == "tasks" and not (path / "tasks").is_dir() else path


def _root_of(file: Path) -> Path:
    """The same for a file in it; its own folder where it lies in none."""
    return next((above.parent for above in file.parents if above.name in _FOLDERS), file.parent)


def _markdown_in(folder: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The Markdown files of a folder, and of those in it, in the order of their numbers; links are not followed."""
    for place, folders, names in os.walk(folder):
        folders.sort(key=_natural)
        inside = Path(place).relative_to(folder).parts
        for name in sorted(names, key=_natural):
            if name.lower().endswith(".md"):
                yield Path(place, name), inside


def _natural(name: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isascii() and part.isdecimal() else (-1, part)
        for part in re.split(r"(\d+)", name)
    ]


def _files(root: Path, named: Path, account: Account) -> list[_File]:
    files, problems = [], []
    for name in _FOLDERS:
        for path, inside in _markdown_in(root / name):
            text, short = _text_of(path), str(path.relative_to(root))
            found = None if text is None else front_matter(text)
            if text is None:
                account.tell(0, short, f"no UTF-8 text of at most {_MOST_BYTES >> 20} MiB: no task")
            elif isinstance(found, Problem):
                problems.append(Problem(0, f"{short}, line {found.line}: {found.what}", found.tip))
            elif found is None or not is_text(found.keys.get("id")):
                account.tell(0, short, "a file without an id in its front matter: no task")
            else:
                files.append(_File(path, text, found, inside, completed=name == "completed"))
    if problems:
        raise RoadmapError(named, problems)
    return files


def _text_of(path: Path) -> str | None:
    """The text of a file; None where it is none, or too long to be a task."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        return content.decode("utf-8-sig") if len(content) <= _MOST_BYTES else None
    except (OSError, UnicodeDecodeError):
        return None


def _looks_like_task(path: Path) -> bool:
    return claims_text(_text_of(path) or "")


def _roadmap(files: list[_File], config: Config, title: str, account: Account) -> Roadmap:
    names = _Names()
    for file in files:
        file.task = _task(file, config, names, account)
    tasks = [file.task for file in files]
    links, parents = Links(tasks, account), dict[str, list[str]]()
    for file in files:
        data = file.data
        for written in (*words(data.get("dependencies")), *words(data.get("blocked_by"))):
            links.need(file.task, names.find(written), written)
        written = word(data.get("parent_task_id"))
        parent = names.find(written) if written else ""
        if parent and parent != file.task.id:
            parents[file.task.id] = [parent]
        elif written and len(files) > 1:
            account.remark(
                file.task.line, file.task.id, f"need not followed: no task {written[:80]} to be below of"
            )
    links.below(parents)
    links.settle()
    above = {name: found[0] for name, found in parents.items()}
    children = in_phases(grouped(tasks, above), {file.task.id: file.folder for file in files})
    return Roadmap(children, title, format=NAME, rule=_RULE, ignored=account.all())


def _task(file: _File, config: Config, names: _Names, account: Account) -> Task:
    data = file.data
    own, line = word(data.get("id")), file.line
    account.unknown(line, data, _KNOWN)
    said = _state(file, config)
    account.state(line, own, data.get("status"), said)
    priority = priority_of(data.get("priority"))
    if priority is None:
        account.remark(line, own, f"unknown priority {word(data['priority'])[:40]!r}: taken as medium")
    body = _MARK.sub("", file.found.body.replace("\r\n", "\n")).strip("\n")
    return Task(
        names.give(own, file.path, account),
        title=title_of(data, "title") or own,
        options=options(word(data.get("type"))[:60], priority or 0, said.gate, said.word),
        details="\n\n".join(part for part in (cleaned(body), details_of(data, _HEADINGS, _SILENT)) if part),
        line=line,
        state=said.state,
    )


def _state(file: _File, config: Config) -> Said:
    """What a file says of its state, in the words of the configuration."""
    written = word(file.data.get("status"))
    if file.completed or as_written(written) in config.done_words:
        return DONE
    if as_written(written) == "draft":
        return Said("held", written)
    said = said_by(written)
    return said._replace(unknown=False) if as_written(written) in config.words else said


class _Names:
    """Ids by all that a list may call a task: `task-7` and `TASK-07` are one, and so is `7` where no other has it."""

    def __init__(self) -> None:
        self._ids = Ids()
        self._exactly: dict[str, tuple[str, Path]] = {}
        self._by_number: dict[str, str] = {}

    def give(self, own: str, path: Path, account: Account) -> str:
        """The id of the task in a file; an id that another file has already is told, and gets a number."""
        whole, number = _keys(own)
        known = self._exactly.get(whole)
        if known is None:
            name = self._ids.give(own)
            self._exactly[whole] = name, path
            self._by_number.setdefault(number, name)
            return name
        name = self._ids.fresh(own)
        what = f"repeats the id of {known[1].name}: the task of {path.name} is called {name} here"
        account.remark(0, own, what)
        return name

    def find(self, written: str) -> str:
        """The task that is called so; "" where none is."""
        whole, number = _keys(written)
        return self._exactly[whole][0] if whole in self._exactly else self._by_number.get(number, "")


def _keys(own: str) -> tuple[str, str]:
    """An id without case and leading zeros, and the number in it alone: prefixes change in the life of a list."""
    match = _ID.fullmatch(own)
    if match is None:
        return own.lower(), own.lower()
    number = match[2].lstrip("0") or "0"
    return f"{match[1].lower()}{number}", number
