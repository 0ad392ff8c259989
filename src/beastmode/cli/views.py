"""Which view there is of a run at work: a live one in a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

from beastmode.cli.lines import PlainView
from beastmode.compose.run.session import View


def view_for(stream: TextIO) -> AbstractContextManager[View]:
    """A live view where `stream` is a terminal that can move its cursor, plain lines elsewhere."""
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        return nullcontext(PlainView(stream))
    from beastmode.cli.live import live_view  # rich: 20 ms, and most runs of programs have no terminal

    return live_view(stream)
