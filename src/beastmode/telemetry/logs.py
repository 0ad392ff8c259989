"""Logs: one line for each thing that happens to a gateway, as JSON for programs or as text for people."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from beastmode.stamps import milliseconds, rfc3339
from beastmode.store.ledger.entry import GONE_WRONG, Entry

Format = Literal["text", "json"]
Level = Literal["debug", "info", "warning", "error"]
_RANK: dict[Level, int] = {"debug": 0, "info": 1, "warning": 2, "error": 3}

STARTED = "started"
"""The gateway listens: url, and in front of what. Programs only: people are greeted by the command."""
DRAINING = "draining"
"""It was told to end: nothing new is taken."""
LIMITED = "limit_found"
"""An upstream bears another number of requests at once than was thought, where that is `auto`: which, how many, why."""
STOPPED = "stopped"
"""It has ended: how many requests it received, how they ended, and how many lines nobody took."""
REQUEST_RECEIVED = "request_received"
"""A request came in (level debug)."""
REQUEST_ENDED = "request_ended"
"""A request has its record: level debug where it went well or its client went away, else warning with class and tip."""
ALARM = "alarm"
"""Something needs a person: cause, tip."""
ALARM_OVER = "alarm_over"
"""It passed."""
TELEMETRY = "telemetry"
"""Traces could not be sent; requests are not affected."""

EVENTS = (STARTED, LIMITED, DRAINING, STOPPED, REQUEST_RECEIVED, REQUEST_ENDED, ALARM, ALARM_OVER, TELEMETRY)


class Logs:
    """Tells what happens, from `level` on.

    put: takes a line; must not block.   hide: takes secrets out of a text; every line goes through it.
    unix: seconds since 1970, for the time of a line.
    """

    def __init__(
        self,
        put: Callable[[str], None],
        *,
        format_: Format,
        level: Level,
        hide: Callable[[str], str],
        unix: Callable[[], float],
    ) -> None:
        self._put, self._hide, self._unix = put, hide, unix
        self._render = _as_json if format_ == "json" else _as_text
        self._least = _RANK[level]

    def tell(self, level: Level, event: str, **fields: Any) -> None:
        """Write a line, where the level is wanted. Fields that are None or "" are left out."""
        if _RANK[level] < self._least:
            return
        known = {name: value for name, value in fields.items() if value not in (None, "")}
        self._put(self._hide(self._render(self._unix(), level, event, known)))

    def received(self, entry: Entry) -> None:
        """A request came in."""
        if self._least == 0:
            asked = {"id": entry.id, "method": entry.method, "path": entry.path}
            self.tell("debug", REQUEST_RECEIVED, **asked, dialect=entry.dialect)

    def ended(self, entry: Entry) -> None:
        """A request has ended."""
        wrong = entry.outcome in GONE_WRONG
        if wrong or self._least == 0:
            self.tell("warning" if wrong else "debug", REQUEST_ENDED, **_fields(entry))

    def alarm(self, words: str) -> None:
        """Something needs a person.   words: what it is, then what to do on a line of its own."""
        cause, _, tip = words.partition("\n")
        self.tell("error", ALARM, cause=cause.strip(), tip=tip.strip())

    def alarm_over(self, words: str) -> None:
        """It has passed."""
        self.tell("info", ALARM_OVER, cause=words)


class Handler(logging.Handler):
    """Brings what a library logs into our lines."""

    def __init__(self, logs: Logs) -> None:
        super().__init__(logging.WARNING)
        self._logs = logs

    def emit(self, record: logging.LogRecord) -> None:
        level: Level = "error" if record.levelno >= logging.ERROR else "warning"
        self._logs.tell(level, TELEMETRY, cause=record.getMessage()[:500], source=record.name)


def _fields(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "outcome": entry.outcome,
        "status": entry.status,
        "class": entry.class_,
        "cause": entry.cause,
        "tip": entry.tip,
        "method": entry.method,
        "path": entry.path,
        "model": entry.model,
        "dialect": entry.dialect,
        "upstream": entry.upstream,
        "key": entry.key,
        "run": entry.run,
        "task": entry.task,
        "attempt": entry.attempt,
        "cache": entry.cache,
        "tries": entry.tries,
        "queue_ms": milliseconds(entry.queue_s),
        "first_byte_ms": milliseconds(entry.first_byte_s),
        "total_ms": milliseconds(entry.total_s),
        "tokens_in": entry.tokens_in,
        "tokens_out": entry.tokens_out,
        "cost_usd": entry.cost_usd,
    }


def _as_json(unix: float, level: Level, event: str, known: dict[str, Any]) -> str:
    return json.dumps({"at": rfc3339(unix), "level": level, "event": event, **known})


def _as_text(unix: float, level: Level, event: str, known: dict[str, Any]) -> str:
    """What happened, then what was said, then what to do; the rest as name=value."""
    head = f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d %H:%M:%SZ} {level:<7} {event}"
    words = [str(known.pop(name)) for name in ("outcome", "status", "class", "id") if name in known]
    said = ". ".join(str(known.pop(name)).rstrip(". ") for name in ("cause", "tip") if name in known)
    rest = " ".join(f"{name}={value}" for name, value in known.items())
    return _one_line(" ".join(filter(None, (head, *words, said and f"{said}.", rest and f"[{rest}]"))))


def _one_line(text: str) -> str:
    """Without anything that a terminal would obey."""
    return (
        text
        if text.isprintable()
        else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    )
