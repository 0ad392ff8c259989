"""A Failure as it is shown: to programs and to people."""

from __future__ import annotations

import time
from typing import Any

from beastmode.failures.failure import Failure


def as_object(failure: Failure) -> dict[str, Any]:
    """What `--json` prints. The names are relied on by other programs."""
    return {
        "class": failure.class_,
        "retryable": failure.passing,
        "retry_after_s": failure.retry_after_s,
        "cause": failure.cause,
        "tip": failure.tip,
    }


def as_text(failure: Failure) -> str:
    """For people: what it is, what was said, whether a retry can help and when, and what to do."""
    return "\n".join(
        (
            f"Class:  {failure.class_}",
            f"Cause:  {failure.cause or 'nothing was said'}",
            f"Retry:  {_retry(failure)}",
            f"To do:  {failure.tip}",
        )
    )


def _retry(failure: Failure) -> str:
    if failure.passing is True:
        wait = f" after {_span(failure.retry_after_s)}" if failure.retry_after_s else ""
        return f"yes{wait}; it passes by itself"
    if failure.passing is False:
        return "no; it never passes unchanged"
    if failure.retry_after_s is None:
        return "only once something has changed"
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + failure.retry_after_s))
    return f"only after {_span(failure.retry_after_s)}, at {at} UTC"


def _span(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 120:
        return f"{seconds:g} s"
    minutes = round(seconds / 60)
    hours, days = divmod(minutes, 60)[0], minutes // 1440
    if minutes < 120:
        return f"{minutes} min"
    return f"{hours} h {minutes % 60} min" if days < 2 else f"{days} d {hours % 24} h"
