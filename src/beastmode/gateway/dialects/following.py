"""Following: a stream of server-sent events read as it passes, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from beastmode.failures import answers
from beastmode.gateway.dialects.protocol import NO_USAGE, Stop, Usage
from beastmode.gateway.dialects.stopping import UNTOLD, Told, together

_MOST_LAST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """How the events of a dialect are read, and which: within strings quotes are escaped, so that marks with a quote
    tell, and most events need not be decoded.

    usage_mark: in every event with usage.   usage: what such an event tells.   stop_marks: one of them is in every
    event that tells why the answer stops, but for the terminal one.   told: what an event tells of that, and whether it
    says something; not asked of `[DONE]`.
    """

    shape: answers.Dialect
    usage_mark: bytes
    usage: Callable[[bytes], Usage]
    stop_marks: tuple[bytes, ...]
    told: Callable[[bytes], Told]


class _Seen:
    """What the events have told so far. It knows no follower: in a circle, all that one holds would stay until the next
    collection of garbage."""

    __slots__ = ("_reading", "last", "told", "usage")

    def __init__(
        self, reading: Reading, usage: Usage = NO_USAGE, told: Told = UNTOLD, last: bytes = b""
    ) -> None:
        self._reading, self.usage, self.told, self.last = reading, usage, told, last

    def copy(self) -> _Seen:
        return _Seen(self._reading, self.usage, self.told, self.last)

    def look(self, ending: answers.Ending, data: bytes) -> None:
        reading = self._reading
        if reading.usage_mark in data:
            self.usage = updated(self.usage, reading.usage(data))
        if not self.told.said or ending.complete or _any_in(data, reading.stop_marks):
            told = reading.told(data) if data and data != b"[DONE]" else UNTOLD
            if told != UNTOLD:
                self.told = together((self.told, told))
        if not ending.failed or b'"error"' in data:
            self.last = data[:_MOST_LAST]


class EventFollower:
    """Follows a stream of one dialect. Holds one line of at most 1 MB, the last event, and what was told so far."""

    def __init__(self, reading: Reading, seen: _Seen | None = None) -> None:
        self._reading, self._seen = reading, seen or _Seen(reading)
        self._ending = answers.Ending(reading.shape, self._seen.look)

    def feed(self, piece: bytes) -> None:
        self._ending.feed(piece)

    @property
    def complete(self) -> bool:
        return self._ending.complete or self._closed()._ending.complete

    @property
    def failed(self) -> bool:
        return self._ending.failed or self._closed()._ending.failed

    @property
    def begun(self) -> bool:
        return self._ending.events > self._ending.failed

    @property
    def ended(self) -> bool:
        return self.complete or self.failed

    @property
    def last(self) -> bytes:
        return self._closed()._seen.last

    @property
    def usage(self) -> Usage:
        return self._closed()._seen.usage

    @property
    def stopped(self) -> Stop:
        end = self._closed()
        if end._ending.failed:
            return "error"
        return end._seen.told.judged() if end._ending.complete else "unknown"

    def _closed(self) -> EventFollower:
        """As it would be if the stream ended here: its last line may have come without a line break."""
        if not self._ending.rest:
            return self
        end = EventFollower(self._reading, self._seen.copy())
        end._ending.complete, end._ending.failed = self._ending.complete, self._ending.failed
        end.feed(self._ending.rest)
        end._ending.close()
        return end


def _any_in(data: bytes, marks: tuple[bytes, ...]) -> bool:
    for mark in marks:  # noqa: SIM110 a generator takes three times as long, for every event of every stream
        if mark in data:
            return True
    return False


class PlainFollower:
    """Follows what no dialect is known of: HTTP alone says when it has ended, and whether well."""

    complete, failed, begun, ended = True, False, True, False
    usage = NO_USAGE
    stopped: Stop = "unknown"

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
