"""Lines: the text of a file in a form that can be edited and put back with everything that was not touched.

Line ends, a byte order mark and a missing last line break stay as they are; new lines end as the others do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_MARK = "\ufeff"


class NotTextError(Exception):
    """The bytes or the text are none that can be edited; says why."""


@dataclass(frozen=True, slots=True)
class Lines:
    """lines: without their line feed, but with a carriage return where they have one.   ended: the last one has its
    line break.   mark: it begins with a byte order mark."""

    lines: tuple[str, ...] = ()
    ended: bool = True
    mark: bool = False

    @property
    def plain(self) -> list[str]:
        """The lines as they are read, without carriage returns."""
        return [line.removesuffix("\r") for line in self.lines]

    @property
    def end(self) -> str:
        """What new lines end with before their line feed: as most others do."""
        whole = self.lines if self.ended else self.lines[:-1]
        return "\r" if sum(line.endswith("\r") for line in whole) * 2 > len(whole) else ""

    def with_lines(self, begin: int, end: int, new: Sequence[str]) -> Lines:
        """The lines from `begin` to before `end` become `new`, which are plain; all others stay byte for byte."""
        before, after = list(self.lines[:begin]), self.lines[end:]
        fresh = [line + self.end for line in new]
        if not (self.ended or after):  # the last line has no line break, and so nothing before it either
            if fresh:
                fresh[-1] = new[-1]
                before[-1:] = [line + self.end for line in before[-1:] if begin == len(self.lines)] or before[
                    -1:
                ]
            else:
                before[-1:] = [line.removesuffix("\r") for line in before[-1:]]
        return Lines((*before, *fresh, *after), self.ended, self.mark)

    def with_text(self, text: str) -> Lines:
        """Another text altogether, in the form that this one has."""
        return self.with_lines(0, len(self.lines), plain_lines(text))

    def encoded(self) -> bytes:
        """The bytes of the file. Raises NotTextError."""
        text = "\n".join(self.lines) + ("\n" if self.ended and self.lines else "")
        if "\0" in text:
            raise NotTextError("the new text holds a NUL character")
        try:
            return ((_MARK if self.mark else "") + text).encode()
        except UnicodeEncodeError:
            raise NotTextError("the new text holds half a character") from None


def lines_of(content: bytes) -> Lines:
    """The text of a file. Raises NotTextError where it is none."""
    if b"\0" in content:
        raise NotTextError("it is not a text: it holds NUL bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise NotTextError("it is not a text in UTF-8") from None
    mark = text.startswith(_MARK)
    text = text.removeprefix(_MARK)
    if not text:
        return Lines(mark=mark)
    ended = text.endswith("\n")
    return Lines(tuple(text.removesuffix("\n").split("\n")), ended, mark)


def plain_lines(text: str) -> list[str]:
    """The lines of a text in an edit."""
    return text.removesuffix("\n").split("\n") if text else []
