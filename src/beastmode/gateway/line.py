"""Line: who of those that wait goes next. A pure queue decides; a thin shell lets one at a time through."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)
_Ring = OrderedDict[str, OrderedDict[Item, None]]
"""Keys of one class, the next one first; of each its items, the oldest first."""


class FairQueue(Generic[Item]):
    """Items wait by class; within a class, keys take turns; within a key, first come, first served.

    A key's next item goes after at most one of every other key of its class, however many those have waiting. A
    lower class always goes first, so a higher one waits for as long as lower ones come. Every act takes constant
    time, but for a look at each class in use.
    """

    def __init__(self) -> None:
        self._rings: dict[int, _Ring[Item]] = {}
        self._places: dict[Item, tuple[int, str]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def push(self, item: Item, key: str, priority: int = 0) -> None:
        """Put an item at the end of its key's; a key that had none waiting joins behind the others of its class.

        priority: its class; lower goes first.   Raises ValueError for an item that waits already.
        """
        if item in self._places:
            raise ValueError(f"{item!r} waits already")
        self._places[item] = (priority, key)
        ring = self._rings.setdefault(priority, OrderedDict())
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
        priority, key = self._places[item]
        self._rings[priority].move_to_end(key)
        self.remove(item)
        return item

    def remove(self, item: Item) -> bool:
        """Take out an item from wherever it waits; False where it does not. Its key keeps its turn for the next."""
        if item not in self._places:
            return False
        priority, key = self._places.pop(item)
        ring = self._rings[priority]
        del ring[key][item]
        if not ring[key]:
            del ring[key]
        if not ring:
            del self._rings[priority]
        return True


class LineFullError(Exception):
    """As many stand in line as may.   waiting: how many."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} are in line already")
        self.waiting = waiting


class Line:
    """Lets one at a time have its turn, in the order of a FairQueue: `async with line.turn(key, priority)`.

    most_waiting: in line at once, the one whose turn it is included; one more gets LineFullError.   Whoever is
    cancelled leaves the line, or passes on the turn that it was just given.   To be used from one event loop.
    """

    def __init__(self, most_waiting: int) -> None:
        self.most_waiting = most_waiting
        self._waiting: FairQueue[asyncio.Future[None]] = FairQueue()
        self._taken = False

    def __len__(self) -> int:
        return len(self._waiting) + self._taken

    def turn(self, key: str, priority: int = 0) -> Turn:
        """Entering waits in line; within, it is one's turn. Raises LineFullError."""
        return Turn(self, key, priority)

    async def _wait(self, key: str, priority: int) -> None:
        if len(self) >= self.most_waiting:
            raise LineFullError(len(self))
        if not self._taken:
            self._taken = True
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.push(mine, key, priority)
        try:
            await mine
        except BaseException:
            if mine.done() and not mine.cancelled():
                self._pass_on()  # the turn came in the same moment as the cancellation
            else:
                self._waiting.remove(mine)
            raise

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

    __slots__ = ("_key", "_line", "_priority")

    def __init__(self, line: Line, key: str, priority: int) -> None:
        self._line, self._key, self._priority = line, key, priority

    async def __aenter__(self) -> None:
        await self._line._wait(self._key, self._priority)

    async def __aexit__(self, *_: object) -> None:
        self._line._pass_on()
