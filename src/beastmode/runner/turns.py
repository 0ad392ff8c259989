"""Turns: tasks that are ready, in the order in which their turns come; those that a person holds back stand aside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from beastmode.runner.line import Line
from beastmode.runner.rank import inverse
from beastmode.runner.touches import Touches, TurnLine


class Turns:
    """Who comes next.

    rank: place of each task in the line, lowest first; None: the order of the file.   touches: those that overlap are
    not at work at once; None: no task says.   It is true where one may start now; its length counts all that may still
    come, those aside included.   paused: a person holds these back.
    """

    def __init__(self, rank: Sequence[int] | None, touches: Callable[[int], Touches] | None) -> None:
        self.paused: set[int] = set()
        self._aside: set[int] = set()
        self._stale: set[int] = set()
        self._rank, self._by_rank = rank, inverse(rank) if rank is not None else None
        self._line = Line() if touches is None else TurnLine(lambda place: touches(self._task_at(place)))

    def __len__(self) -> int:
        return len(self._line) + len(self._aside)

    def __bool__(self) -> bool:
        return bool(self._line)

    @property
    def ready(self) -> int:
        """Tasks that stand in line."""
        return len(self._line)

    def join(self, tasks: Iterable[int]) -> None:
        """Stand in line, each once."""
        rank = self._rank
        self._line.join(task if rank is None else rank[task] for task in tasks)

    def pop(self) -> int:
        """The next, which leaves the line. `over` is to follow. Raises IndexError where there is none."""
        task = self._task_at(self._line.pop())
        self._stale.discard(task)
        return task

    def over(self, task: int) -> None:
        """One that was popped is over: what waited for its touches may come."""
        self._line.over(task if self._rank is None else self._rank[task])

    def put_aside(self, task: int) -> None:
        """One that was popped and is paused: `resume` brings it back."""
        self.over(task)
        self._aside.add(task)

    def resume(self, task: int) -> None:
        """Nobody holds it back any more."""
        self.paused.discard(task)
        if task in self._aside:
            self._aside.discard(task)
            self.join([task])

    def leave(self, task: int) -> None:
        """One that is in line or aside will not be started when its turn comes."""
        if task in self._aside:
            self._aside.discard(task)
        else:
            self._stale.add(task)

    def come_back(self, tasks: Iterable[int]) -> None:
        """Tasks may be started again. One that has left, but whose turn has not come since, still stands in line."""
        self.join([task for task in tasks if task not in self._stale])

    def _task_at(self, place: int) -> int:
        return place if self._by_rank is None else self._by_rank[place]
