"""What came packed, read on the side: a few bytes can hold very many."""

from __future__ import annotations

import gzip
import zlib

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


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("packing", ["gzip", "members", "more behind", "deflate", "raw"])
def test_a_stream_is_unpacked_however_servers_pack_it(packing: str, size: int) -> None:
    """In several parts one behind the other, or deflated without its frame; wherever it is cut."""
    raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = {
        "gzip": gzip.compress(EVENT * 2),
        "members": gzip.compress(EVENT) + gzip.compress(EVENT),
        "more behind": gzip.compress(EVENT * 2) + b"no gzip",
        "deflate": zlib.compress(EVENT * 2),
        "raw": raw.compress(EVENT * 2) + raw.flush(),
    }[packing]
    unpacking = Unpacking("deflate" if packing in ("deflate", "raw") else "gzip")
    pieces = [packed[at : at + size] for at in range(0, len(packed), size)]
    assert b"".join(part for piece in pieces for part in unpacking.parts(piece)) == EVENT * 2
