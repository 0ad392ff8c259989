"""Line: who of those that wait goes next. A pure queue decides; a thin shell lets one at a time through."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

AGES_S = 240.0
"""After so long in line a place counts no more: nobody starves, and a client that bears five minutes is served."""

Item = TypeVar("Item", bound=Hashable)
_Ring = OrderedDict[str, OrderedDict[Item, None]]
"""Keys of one class and place, the next one first; of each its items, the oldest first."""


class FairQueue(Generic[Item]):
    """Items wait by class and place; within those, keys take turns; within a key, first come, first served.

    A key's next item goes after at most one of every other key of its class and place, however many those have
    waiting. A lower class always goes first, and within a class a lower place, so a higher one waits for as long as
    lower ones come. Every act takes constant time, but for a look at each class and place in use.
    """

    def __init__(self) -> None:
        self._rings: dict[tuple[int, int], _Ring[Item]] = {}
        self._waiting: dict[Item, tuple[tuple[int, int], str]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def push(self, item: Item, key: str, priority: int = 0, place: int = 0) -> None:
        """Put an item at the end of its key's; a key that had none waiting joins behind the others of its place.

        priority: its class.   place: within that; where all have the same, keys take turns.   Of both lower goes first.
        Raises ValueError for an item that waits already.
        """
        if item in self._waiting:
            raise ValueError(f"{item!r} waits already")
        self._waiting[item] = (priority, place), key
        ring = self._rings.setdefault((priority, place), OrderedDict())
        ring.setdefault(key, OrderedDict())[item] = None

    def first(self) -> Item:
        """The item whose turn it is. Raises IndexError where none waits."""
        if not self._rings:
            raise IndexError("nobody waits")
        ring = self._rings[min(self._rings)]
        return next(iter(next(iter(ring.values()))))

    def pop(self) -> Item:
        """Take out the item whose turn it is; its key is behind the others then. Raises IndexError likewise."""
        item = self.first()
        where, key = self._waiting[item]
        self._rings[where].move_to_end(key)
        self.remove(item)
        return item

    def remove(self, item: Item) -> bool:
        """Take out an item from wherever it waits; False where it does not. Its key keeps its turn for the next."""
        if item not in self._waiting:
            return False
        where, key = self._waiting.pop(item)
        ring = self._rings[where]
        del ring[key][item]
        if not ring[key]:
            del ring[key]
        if not ring:
            del self._rings[where]
        return True


class LineFullError(Exception):
    """As many stand in line as may.   waiting: how many."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} are in line already")
        self.waiting = waiting


class Line:
    """Lets one at a time have its turn, in the order of a FairQueue: `async with line.turn(key, priority)`.

    place: from 0. Whoever has waited for AGES_S goes before all of a higher one, and takes turns with those of 0.
    most_waiting: in line at once, the one whose turn it is included; one more gets LineFullError.   Whoever is
    cancelled leaves the line, or passes on the turn that it was just given.   To be used from one event loop.
    """

    def __init__(self, most_waiting: int) -> None:
        self.most_waiting = most_waiting
        self._waiting: FairQueue[asyncio.Future[None]] = FairQueue()
        self._taken = False

    def __len__(self) -> int:
        return len(self._waiting) + self._taken

    @property
    def empty(self) -> bool:
        """Nobody waits, and it is nobody's turn."""
        return not self._taken

    @property
    def full(self) -> bool:
        """The next one would get LineFullError."""
        return len(self) >= self.most_waiting

    def turn(self, key: str, priority: int = 0, place: int = 0) -> Turn:
        """Entering waits in line; within, it is one's turn. Raises LineFullError."""
        return Turn(self, key, priority, place)

    async def _wait(self, key: str, priority: int, place: int) -> None:
        if self.full:
            raise LineFullError(len(self))
        if not self._taken:
            self._taken = True
            return
        loop = asyncio.get_running_loop()
        mine = loop.create_future()
        self._waiting.push(mine, key, priority, place)
        ages = loop.call_later(AGES_S, self._age, mine, key, priority) if place else None
        try:
            await mine
        except BaseException:
            if mine.done() and not mine.cancelled():
                self._pass_on()  # the turn came in the same moment as the cancellation
            else:
                self._waiting.remove(mine)
            raise
        finally:
            if ages is not None:
                ages.cancel()

    def _age(self, mine: asyncio.Future[None], key: str, priority: int) -> None:
        if self._waiting.remove(mine):
            self._waiting.push(mine, key, priority)

    def _pass_on(self) -> None:
        """Straight to the next, so that nobody who comes just now gets in between."""
        while self._waiting:
            mine = self._waiting.first()
            if not mine.done():
                self._waiting.pop().set_result(None)
                return
            self._waiting.remove(mine)  # it is cancelled and has not heard of it yet: its key keeps its turn
        self._taken = False


class Turn:
    """One turn in a line, from entering it to leaving it."""

    __slots__ = ("_key", "_line", "_place", "_priority")

    def __init__(self, line: Line, key: str, priority: int, place: int) -> None:
        self._line, self._key, self._priority, self._place = line, key, priority, place

    async def __aenter__(self) -> None:
        await self._line._wait(self._key, self._priority, self._place)

    async def __aexit__(self, *_: object) -> None:
        self._line._pass_on()
