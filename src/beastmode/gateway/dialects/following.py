"""Following: a stream of server-sent events read as it passes, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable

from beastmode.failures import answers
from beastmode.gateway.dialects.protocol import NO_USAGE, Usage

_MOST_LAST = 64 * 1024


class EventFollower:
    """Follows a stream of one dialect. Holds one line of at most 1 MB, the last event, and what was told of usage.

    mark: a key, in its quotes, that every event with usage has; within strings quotes are escaped, so that most events
    need not be decoded.   read: the usage in the data of such an event.
    """

    def __init__(self, shape: answers.Dialect, mark: bytes, read: Callable[[bytes], Usage]) -> None:
        self._shape, self._mark, self._read = shape, mark, read
        self._ending = answers.Ending(shape, self._look)
        self._usage = NO_USAGE
        self._last = b""

    def feed(self, piece: bytes) -> None:
        self._ending.feed(piece)

    @property
    def complete(self) -> bool:
        return self._ending.complete or self._closed()._ending.complete

    @property
    def failed(self) -> bool:
        return self._ending.failed or self._closed()._ending.failed

    @property
    def last(self) -> bytes:
        return self._closed()._last

    @property
    def usage(self) -> Usage:
        return self._closed()._usage

    def _closed(self) -> EventFollower:
        """As it would be if the stream ended here: its last line may have come without a line break."""
        if not self._ending.rest:
            return self
        end = EventFollower(self._shape, self._mark, self._read)
        end._usage, end._last = self._usage, self._last
        end._ending.failed = self._ending.failed
        end.feed(self._ending.rest)
        end._ending.close()
        return end

    def _look(self, data: bytes) -> None:
        if self._mark in data:
            self._usage = updated(self._usage, self._read(data))
        if not self._ending.failed or b'"error"' in data:
            self._last = data[:_MOST_LAST]


class PlainFollower:
    """Follows what no dialect is known of: HTTP alone says when it has ended, and whether well."""

    complete, failed = True, False
    usage = NO_USAGE

    def __init__(self) -> None:
        self.last = b""

    def feed(self, piece: bytes) -> None:
        if piece:
            self.last = piece[-_MOST_LAST:]


def updated(before: Usage, told: Usage) -> Usage:
    """What was told later, and what only was told before."""
    if told is NO_USAGE:
        return before
    return Usage(*(old if new is None else new for new, old in zip(told, before, strict=True)))
