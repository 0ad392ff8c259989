"""What came packed, read on the side: a few bytes can hold very many."""

from __future__ import annotations

import gzip

import pytest

from beastmode.gateway.client.packing import Unpacking

EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "word"}}]}\n\n'


def test_a_stream_that_unpacks_to_more_than_any_holds_is_broken_before_it_takes_long() -> None:
    unpacking, seen = Unpacking("gzip"), 0
    bomb = gzip.compress(bytes(100_000_000))
    with pytest.raises(ValueError, match="unpacks to more than 200 times its size"):
        for part in unpacking.parts(bomb[:65_536]):
            seen += len(part)
    assert 16_000_000 < seen < 31_000_000


def test_a_long_stream_that_packs_well_is_read_to_its_end() -> None:
    unpacking, packed = Unpacking("gzip"), gzip.compress(EVENT * 400_000, 1)
    pieces = [packed[at : at + 10_000] for at in range(0, len(packed), 10_000)]
    assert sum(len(part) for piece in pieces for part in unpacking.parts(piece)) == 400_000 * len(EVENT)
