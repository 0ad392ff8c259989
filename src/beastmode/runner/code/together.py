"""Together: two steps that do not need each other, at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

One = TypeVar("One")
Other = TypeVar("Other")


async def together(one: Awaitable[One], other: Awaitable[Other]) -> tuple[One, Other]:
    """What both give, once both have ended, well or not: whoever goes on finds nothing of them still at work.

    Raises what the first raised that did. Cancelled, it cancels both, and lets them end.
    """
    given, more = await asyncio.gather(one, other, return_exceptions=True)
    if isinstance(given, BaseException):
        raise given
    if isinstance(more, BaseException):
        raise more
    return given, more
