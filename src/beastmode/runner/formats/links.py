"""Ids and needs of a list that has them: each id made safe, each need followed or told."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence

from beastmode.runner.formats.accounts import Account
from beastmode.runner.formats.slugs import slug_with_dots
from beastmode.runner.roadmap import Task

MOST_SHARED = 100
"""Of what a group waits for, this many are followed for each of its parts: each stands there for all of them."""
_SAFE = re.compile(r"\w[\w.-]{0,79}")


class Ids:
    """Task ids by the ids that a list writes: the same where that is a safe argument and file name."""

    def __init__(self) -> None:
        self._by_own: dict[str, str] = {}
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def give(self, own: str) -> str:
        """The id for an own id; for the same always the same, "" for none."""
        if own in self._by_own or not own:
            return self._by_own.get(own, "")
        name = self._free(own if own.isascii() and _SAFE.fullmatch(own) else slug_with_dots(own), self._taken)
        self._taken.add(name)
        self._by_own[own] = name
        return name

    def fresh(self, own: str) -> str:
        """An id that nothing had before: that for an own id, with a number where something had it."""
        return self.give(self._free(own, self._by_own))

    def get(self, own: str) -> str:
        """The id that was given for an own id; "" where none was."""
        return self._by_own.get(own, "")

    def _free(self, wanted: str, taken: Container[str]) -> str:
        name, count = wanted, self._counts.get(wanted, 1)
        while name in taken:
            count += 1
            name = f"{wanted}-{count}"
        self._counts[wanted] = count
        return name


class Links:
    """What waits for what. A need that nothing answers to is told, and not followed.

    Firm needs are what the list says of the task itself. Loose ones follow from something else (a part of a task, a
    group): where they would close a circle they are told and left out, while a circle of firm ones stays, and is an
    error of the list. Only what is done already is never part of one.
    """

    def __init__(self, tasks: Iterable[Task], account: Account) -> None:
        self._tasks = {task.id: task for task in tasks}
        self._account = account
        self._firm: dict[str, dict[str, None]] = {}
        self._loose: dict[str, dict[str, None]] = {}

    def need(self, task: Task, need: str, written: str) -> None:
        """`task` waits for the task `need`; "" where the list has none by the name that is written."""
        if not need or need not in self._tasks:
            if task.state != "done":  # else it waits for nothing more
                self._account.remark(task.line, task.id, f"need not followed: no task {written[:80]}")
        elif need == task.id:
            self._account.remark(task.line, task.id, "need not followed: it is the task itself")
        else:
            self._firm.setdefault(task.id, {})[need] = None

    def need_loosely(self, task: Task, need: str) -> None:
        """The same, unless that closes a circle. Both have to be tasks of the list."""
        if task.state != "done" and need != task.id and need not in self._firm.get(task.id, ()):
            self._loose.setdefault(task.id, {})[need] = None

    def below(self, parents: Mapping[str, Sequence[str]]) -> None:
        """What is below a task comes before it, unless it says that it waits for it, and waits for what it waits for.
        parents: what each is below of."""
        for name, groups in parents.items():
            for group in groups:
                if group not in self._firm.get(name, ()):
                    self.need_loosely(self._tasks[group], name)
                shared = [need for need in self._firm.get(group, ()) if self._tasks[need].state != "done"]
                for need in shared[:MOST_SHARED]:
                    if group not in parents.get(need, ()):
                        self.need_loosely(self._tasks[name], need)

    def settle(self) -> None:
        """Give every task its needs."""
        circles = self._circles()
        for name, task in self._tasks.items():
            closing = {need for need in self._needs(name) if circles.get(name, -1) == circles.get(need, -2)}
            needs = dict.fromkeys(self._needs(name))
            for need in closing if closing else ():
                if task.state == "done":
                    del needs[need]  # it waits for nothing more
                elif need not in self._firm.get(name, ()):
                    self._account.remark(
                        task.line, name, f"need not followed: {need} waits for {name} itself"
                    )
                    del needs[need]
            task.needs = tuple(needs)

    def _circles(self) -> dict[str, int]:
        """The number of the circle that each task is part of, for those that are part of one.

        Tarjan's algorithm, without recursion: a list may be one chain of 100,000 tasks.
        """
        order: dict[str, int] = {}
        low: dict[str, int] = {}
        open_: dict[str, None] = {}
        circles: dict[str, int] = {}
        for root in self._tasks:
            work = [] if root in order else [(root, iter(self._needs(root)))]
            while work:
                name, needs = work[-1]
                if name not in order:
                    order[name] = low[name] = len(order)
                    open_[name] = None
                for need in needs:
                    if need not in order:
                        work.append((need, iter(self._needs(need))))
                        break
                    if need in open_:
                        low[name] = min(low[name], order[need])
                else:
                    work.pop()
                    if work:
                        low[work[-1][0]] = min(low[work[-1][0]], low[name])
                    if low[name] == order[name]:
                        members = self._take(open_, name)
                        if len(members) > 1:
                            circles |= dict.fromkeys(members, order[name])
        return circles

    def _needs(self, name: str) -> list[str]:
        return [*self._firm.get(name, ()), *self._loose.get(name, ())]

    @staticmethod
    def _take(open_: dict[str, None], name: str) -> list[str]:
        """The last of those that are open, down to `name`."""
        members = []
        while name in open_:
            members.append(open_.popitem()[0])
        return members


def without_repeats(tasks: Sequence[Task], account: Account) -> list[Task]:
    """The tasks without those that say word for word what one before them says, which is told. Ids that come twice with
    different words stay, and are an error of the list."""
    first: dict[str, Task] = {}
    kept = []
    for task in tasks:
        known = first.setdefault(task.id, task)
        if known is not task and task.id and same(known, task):
            account.remark(task.line, task.id, f"repeats {task.id} of line {known.line}")
        else:
            kept.append(task)
    return kept


def same(one: Task, other: Task) -> bool:
    """Whether two tasks say the same, and of the same state."""
    return (one.title, one.details, one.state) == (other.title, other.details, other.state)
