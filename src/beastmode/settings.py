"""Durations, rates and the settings of a run: what they are called, what they mean, what they default to."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from beastmode.errors import SettingError

Durability = Literal["full", "process"]
Order = Literal["needs", "sequence", "phases"]
Gates = Literal["ask", "pass"]

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|min|s|m|h|d)")
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)?\s*(sec|second|s|minute|min|m|hour|h)")
_DURATION_TIP = "Write seconds, or a duration like 500ms, 30s, 10m, 1h30m."
_RATE_TIP = "Write starts per time, like 8/s, 60/min or 500/h, several with a comma, or none for no limit."
_TOKENS_TIP = (
    "Write tokens per time, like 200000/min or 5000000/h, several with a comma, or none for no limit."
)

PAD_SHARE, PAD_LEAST_S = 0.05, 0.050
"""How much longer than asked a window is kept: with a window of exactly 1 s, 5 ms of jitter on the way to the
server turned 8/s into 14 seen there; 5 % (at least 50 ms) held against 200 ms windows of jitter."""

_MOST_COUNT = 999_999_999
_LONGEST_SPAN_S = 366 * 86_400.0
"""Of a rate: after a kill a window counts as full."""
_MOST_TOKENS = 10**15
"""Sums of them fit into 64 bits, and every amount up to here is exact as it is read."""

AUTO_CEILING, AUTO_START = 32, 3
"""`auto` is at most so many where nobody says: a server that neither refuses nor slows down (it keeps a long line)
would be sent all there is. It begins with what holds by default."""

SHORT_WAIT_S = 120.0
"""A hint up to this long passes by itself, so it is waited for even where `max_wait` is 0 by default (CI)."""


def parse_duration(value: object) -> float:
    """Seconds, from a number of seconds or a text such as `90`, `500ms`, `10m`, `1h30m`. Never negative."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise SettingError(f"{value!r} is not a duration", tip=_DURATION_TIP)
    seconds = _seconds(str(value).strip().lower())
    if seconds == math.inf:  # where it has hundreds of digits, nobody wants to see them
        raise SettingError("a time without end is not a duration", tip=_DURATION_TIP)
    if not math.isfinite(seconds):
        raise SettingError(f"{value!r} is not a duration", tip=_DURATION_TIP)
    if seconds < 0:
        raise SettingError(f"a duration of {value} is negative", tip=_DURATION_TIP)
    return seconds


def _seconds(text: str) -> float:
    """Not a number where it is no duration; of any sign."""
    parts = _PART.findall(text)
    if parts and not _PART.sub("", text).strip():
        return sum(float(number) * _UNITS_S[unit] for number, unit in parts)
    try:
        return float(text)
    except ValueError:
        return math.nan


def parse_timeout(value: object) -> float:
    """Seconds, more than 0, written as a duration."""
    if str(value).lstrip().startswith("-"):
        raise SettingError(f"a timeout of {value} is negative", tip=_DURATION_TIP)
    seconds = parse_duration(value)
    if seconds == 0:
        raise SettingError("a timeout of 0 would end everything at once", tip="Leave it out for the default.")
    return seconds


def parse_count(value: object, least: int) -> int:
    """A whole number from `least`, of at most nine digits: what is stored and counted with it fits everywhere."""
    text = str(value).strip()
    if _is_beyond(text):
        raise SettingError(f"{value!r} is too large", tip=f"Write a whole number up to {_MOST_COUNT:,}.")
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or int(text) < least:
        tip = f"Write a whole number from {least}, or leave it out for the default."
        raise SettingError(f"{value!r} is not a whole number from {least}", tip=tip)
    return int(text)


def _is_beyond(text: str) -> bool:
    """Whether it is a whole number that no count may be."""
    return re.fullmatch(r"[0-9]{10,}", text.lstrip("0"), re.ASCII) is not None


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `starts` in every window of `span_s` seconds, wherever the window begins.   starts >= 1."""

    starts: int
    span_s: float

    @property
    def padded_span_s(self) -> float:
        """The window that is kept in front of the server, see `PAD_SHARE`."""
        return _padded(self.span_s)

    def __str__(self) -> str:
        return f"{self.starts}/{_unit(self.span_s)}"


@dataclass(frozen=True, slots=True)
class TokenRate:
    """At most `tokens` in every window of `span_s` seconds, wherever the window begins.   tokens >= 1."""

    tokens: int
    span_s: float

    @property
    def padded_span_s(self) -> float:
        """The window that is kept in front of the server, see `PAD_SHARE`."""
        return _padded(self.span_s)

    def __str__(self) -> str:
        return f"{self.tokens}/{_unit(self.span_s)}"


def _padded(span_s: float) -> float:
    return span_s + max(PAD_SHARE * span_s, PAD_LEAST_S)


def _unit(span_s: float) -> str:
    return {1.0: "s", 60.0: "min", 3600.0: "h"}.get(span_s, f"{span_s:g}s")


def parse_rates(value: object) -> tuple[Rate, ...]:
    """The limits named by `8/s`, `60/min`, `8/s, 500/h`; none at all for `none`. A rate of 0 is refused."""
    return tuple(_parse_rate(part) for part in _parts(value, _RATE_TIP))


def parse_token_rates(value: object) -> tuple[TokenRate, ...]:
    """The limits named by `200000/min`, `200000/min, 5000000/h`; none at all for `none`. Whole tokens, from 1."""
    return tuple(_parse_token_rate(part) for part in _parts(value, _TOKENS_TIP))


def _parts(value: object, tip: str) -> list[str]:
    if not isinstance(value, str):
        raise SettingError(f"{value!r} is not a rate", tip=tip)
    if value.strip().lower() == "none":
        return []
    return [part.strip() for part in value.split(",")]


def _parse_rate(text: str) -> Rate:
    amount, span_s = _amount_and_span(text, _RATE_TIP)
    if amount > _MOST_COUNT:
        raise SettingError(
            f"a rate of {text} is no limit", tip=f"Write up to {_MOST_COUNT:,} starts, or none for no limit."
        )
    if amount < 1:
        amount, span_s = 1, span_s / amount
    if span_s > _LONGEST_SPAN_S:
        raise SettingError(f"a rate of {text} looks back further than a year", tip=_RATE_TIP)
    if amount != int(amount):
        raise SettingError(f"{text!r} is not a whole number of starts", tip="Write 17/2s instead of 8.5/s.")
    return Rate(int(amount), span_s)


def _parse_token_rate(text: str) -> TokenRate:
    amount, span_s = _amount_and_span(text, _TOKENS_TIP)
    if span_s > _LONGEST_SPAN_S:
        raise SettingError(f"a rate of {text} looks back further than a year", tip=_TOKENS_TIP)
    if amount != int(amount) or amount > _MOST_TOKENS:
        raise SettingError(f"{text!r} is not a whole number of tokens up to {_MOST_TOKENS}", tip=_TOKENS_TIP)
    return TokenRate(int(amount), span_s)


def _amount_and_span(text: str, tip: str) -> tuple[float, float]:
    """Both more than 0."""
    match = _RATE.fullmatch(text.lower())
    if match is None:
        raise SettingError(f"{text!r} is not a rate", tip=tip)
    amount = float(match[1])
    span_s = float(match[2] or 1) * _UNITS_S[match[3][0]]
    if not math.isfinite(amount) or not math.isfinite(span_s):
        raise SettingError(f"{text!r} is not a rate", tip=tip)
    if amount <= 0 or span_s <= 0:
        raise SettingError(f"a rate of {text} would never start anything", tip=tip)
    return amount, span_s


class Auto(int):
    """As many at once as turn out to be borne; as a number, the most that it will ever be."""

    @property
    def start(self) -> int:
        """What it begins with."""
        return min(AUTO_START, self)

    @property
    def written(self) -> str:
        """As a person writes it, and the journal where what was asked for is recorded."""
        return f"auto:{int(self)}"

    def __str__(self) -> str:
        return f"{int(self)} (auto)"


def parse_concurrency(value: object) -> int | None:
    """A number of tasks or requests at once, >= 1; None for `none`, no limit; an Auto for `auto`, and for `auto:16`,
    which is at most 16."""
    word, _, ceiling = str(value).strip().lower().partition(":")
    if isinstance(value, str) and word == "none" and not ceiling:
        return None
    if isinstance(value, Auto):
        return value
    if isinstance(value, str) and word == "auto":
        return Auto(AUTO_CEILING) if ceiling == "" and ":" not in value else Auto(_at_once(ceiling, value))
    return _at_once(value, value)


def _at_once(number: object, written: object) -> int:
    text = str(number).strip()
    if _is_beyond(text):
        tip = f"Write a whole number up to {_MOST_COUNT:,}, or none for no limit."
        raise SettingError(f"{written!r} is too large", tip=tip)
    if isinstance(number, bool) or not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or int(text) < 1:
        tip = "Write a whole number from 1, none, auto, or auto:16 for at most 16."
        raise SettingError(f"{written!r} is not a concurrency", tip=tip)
    return int(text)


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a run behaves. Flags win over the roadmap's `limits`, which win over these defaults.

    concurrency: tasks at once; None: no limit; an Auto: as many as are borne.   rates: limits on their starts.
    server: the limits are kept together with all runs of this host and user that name the same server.   health: URL, `tcp://host:port`
    or a command that says whether the server is well.   timeout_s: for one attempt.   retries: attempts after
    the first that count.   max_wait_s: how long a hint, a quota or an unhealthy server is waited for.
    linger_s: how much longer a slot is held after a timeout, since the server may still be at work.
    log_limit_bytes: how much of an attempt's output is kept.   max_attempts, max_time_s: the run's budget.
    gates: where the list wants a person's word, it is waited for (`ask`), or done without (`pass`).
    """

    concurrency: int | None = 3
    rates: tuple[Rate, ...] = (Rate(8, 1.0),)
    server: str = ""
    health: str = ""
    timeout_s: float = 3600.0
    retries: int = 2
    verify: str = ""
    max_wait_s: float = 12 * 3600.0
    linger_s: float = 2.0
    log_limit_bytes: int = 10 * 1024 * 1024
    max_attempts: int | None = None
    max_time_s: float | None = None
    durability: Durability = "full"
    order: Order | None = None
    gates: Gates = "ask"

    def __post_init__(self) -> None:
        for name, fits, tip in self._checks():
            if not fits:
                raise SettingError(f"{getattr(self, name)!r} is not possible", where=name, tip=tip)

    def _checks(self) -> Iterator[tuple[str, bool, str]]:
        """Of each setting that can be wrong: its name, whether it is right, and what to write instead."""
        yield (
            "concurrency",
            _from(1, self.concurrency),
            "Use a whole number from 1, an Auto, or None for no limit.",
        )
        yield "rates", all(r.starts >= 1 and r.span_s > 0 for r in self.rates), _RATE_TIP
        yield "timeout_s", self.timeout_s > 0, "Use seconds, more than 0."
        yield "retries", self.retries >= 0, "Use a whole number from 0."
        for name in ("max_wait_s", "linger_s", "log_limit_bytes"):
            yield name, getattr(self, name) >= 0, "Use a number from 0."
        yield "max_attempts", _from(1, self.max_attempts), "Use a whole number from 1, or None for no limit."
        yield (
            "max_time_s",
            self.max_time_s is None or self.max_time_s > 0,
            "Use seconds, more than 0, or None.",
        )
        yield "durability", self.durability in get_args(Durability), "Use full or process."
        yield "gates", self.gates in get_args(Gates), "Use ask or pass."
        yield "order", self.order in (None, *get_args(Order)), "Use needs, sequence, phases or None."


def _from(least: int, number: int | None) -> bool:
    return number is None or number >= least


def understood(flag: str, text: str, parse: Callable[[str], Any]) -> Any:
    """What the text of a flag means. Raises SettingError that names it."""
    filled(flag, text)
    try:
        return parse(text)
    except SettingError as error:
        raise SettingError(error.what, where=flag, tip=error.tip) from None


def filled(flag: str, text: str) -> str:
    """The text of a flag, which must hold something."""
    if not text.strip():
        raise SettingError("nothing was given", where=flag, tip="Write a value behind it, or leave it out.")
    return text
