"""The process of `aside.py`: reads large bodies for a gateway, one after the other, until there is none any more.

Said to it, on its standard input: a head of `HEAD` with two lengths, then a `Reading`, then the body. It answers with
a length, then what it has found.
"""

from __future__ import annotations

import os
import struct
import sys
from typing import BinaryIO

import msgspec

from beastmode.gateway.reading import Found, Reading, found_in

HEAD = struct.Struct("<QQ")
LENGTH = struct.Struct("<Q")
_NICER = 5
"""It takes the processor where nobody else wants it, and a third of it where others do."""

_READING = msgspec.msgpack.Decoder(Reading)
_FOUND = msgspec.msgpack.Encoder()


def main(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the end of the questions."""
    while head := questions.read(HEAD.size):
        of_reading, of_body = HEAD.unpack(head)
        found = _answer(_READING.decode(questions.read(of_reading)), _taken(questions, of_body))
        answers.write(LENGTH.pack(len(found)) + found)
        answers.flush()


def _taken(questions: BinaryIO, size: int) -> bytearray:
    body = bytearray(size)
    view, at = memoryview(body), 0
    while at < size and (read := questions.readinto(view[at:])):  # type: ignore[attr-defined]
        at += read
    return body


def _answer(reading: Reading, body: bytearray) -> bytes:
    found: Found = found_in(reading, body)  # type: ignore[arg-type]  # nobody changes it
    return _FOUND.encode(found)


if __name__ == "__main__":
    os.nice(_NICER)
    main(sys.stdin.buffer, sys.stdout.buffer)
