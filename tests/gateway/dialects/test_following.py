"""A stream that is followed holds what it holds only for as long as somebody follows it."""

from __future__ import annotations

import gc
import weakref

from beastmode.gateway.dialects import dialect_for


def test_nobody_has_to_collect_the_line_that_a_stream_broke_off_in() -> None:
    """Of a thousand that were left in the midst of a picture, each would hold up to 1 MB until then."""
    follower = dialect_for("POST", "/v1/chat/completions").follow()
    follower.feed(
        b'data: {"choices": [{"index": 0, "delta": {"content": "word"}}]}\n\ndata: ' + b"x" * 900_000
    )
    assert not follower.ended
    known = weakref.ref(follower)
    gc.disable()
    try:
        del follower
        assert known() is None
    finally:
        gc.enable()
