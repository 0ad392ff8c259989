"""Allowances: how much a key may use up in a day or a month, and a run in all, as text and as numbers. Pure; days and
months are UTC."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from beastmode.errors import SettingError

Unit = Literal["usd", "tokens", "requests"]
Period = Literal["day", "month", "run"]
"""`run`: all of a run, however many days it takes; no key has such."""

_UNITS: dict[str, Unit] = {
    "usd": "usd", "$": "usd", "tokens": "tokens", "token": "tokens", "requests": "requests", "request": "requests",
}  # fmt: skip
_PERIODS: dict[str, Period] = {"day": "day", "d": "day", "month": "month", "mo": "month"}
_ALLOWANCE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z$]+)\s*/\s*([a-z]+)")
_TIP = "Write an amount like 5usd/day, 200000tokens/day or 1000requests/month, several with commas, or none."
_DAY_S = 86400
_LEAST, _MOST = 1e-9, 1e12
"""Amounts beyond are slips of the finger."""


class Use(NamedTuple):
    """What was used.   tokens: of prompts and answers.   usd: of the requests that have a price; unpriced: how many
    have none."""

    requests: int = 0
    tokens: int = 0
    usd: float = 0.0
    unpriced: int = 0

    def plus(self, more: Use) -> Use:
        """Both together."""
        requests, tokens = self.requests + more.requests, self.tokens + more.tokens
        return Use(requests, tokens, self.usd + more.usd, self.unpriced + more.unpriced)

    def minus(self, less: Use) -> Use:
        """What is left of it."""
        return self.plus(Use(-less.requests, -less.tokens, -less.usd, -less.unpriced))


NO_USE = Use()


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `amount` of a unit in each day or calendar month, or in a run.   amount: more than 0."""

    amount: float
    unit: Unit
    period: Period

    def __str__(self) -> str:
        return f"{plain(self.amount)}{self.unit}/{self.period}"

    def used(self, use: Use) -> float:
        """How much of its unit that is."""
        return use.usd if self.unit == "usd" else use.tokens if self.unit == "tokens" else use.requests


def parse_allowances(text: str) -> tuple[Allowance, ...]:
    """What `5usd/day, 1000requests/month` allows; nothing is limited by `none`. Raises SettingError."""
    if text.strip().lower() == "none":
        return ()
    allowances = tuple(_parse(part.strip()) for part in text.split(","))
    kinds = {(one.unit, one.period) for one in allowances}
    if len(kinds) < len(allowances):
        raise SettingError(
            f"{text!r} limits one thing twice", tip="Name each unit once for a day or a month."
        )
    return allowances


def plain(number: float) -> str:
    """A number as people write it, without an exponent; read again it is the same."""
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def written(parts: Sequence[object]) -> str:
    """Limits as they are written, and read again: with commas between them, `none` without any."""
    return ",".join(map(str, parts)) or "none"


def period_name(period: Period, unix: float) -> str:
    """The day or month that it is then: `2026-11-26` or `2026-11`; a run has but one, `run`."""
    if period == "run":
        return period
    day, month = _names(int(unix // _DAY_S))
    return day if period == "day" else month


def period_names(unix: float) -> tuple[str, str]:
    """The day and the month that it is then."""
    return _names(int(unix // _DAY_S))


def begins_unix(period: Period, unix: float) -> float:
    """When that day or month began."""
    day = _date(unix).replace(hour=0, minute=0, second=0, microsecond=0)
    return (day if period == "day" else day.replace(day=1)).timestamp()


def ends_unix(period: Period, unix: float) -> float:
    """When the next one begins; infinite for a run."""
    if period == "run":
        return math.inf
    begun = _date(begins_unix(period, unix))
    days = 1 if period == "day" else 32
    return begins_unix(period, (begun + timedelta(days=days)).timestamp())


def _parse(text: str) -> Allowance:
    match = _ALLOWANCE.fullmatch(_dollars_behind(text.lower()))
    if match is None or match[2] not in _UNITS or match[3] not in _PERIODS:
        raise SettingError(f"{text!r} is not a budget", tip=_TIP)
    allowance = Allowance(float(match[1]), _UNITS[match[2]], _PERIODS[match[3]])
    if not _LEAST <= allowance.amount <= _MOST:
        tip = "Write an amount above 0; `beast keys revoke` takes a key away."
        raise SettingError(f"a budget of {text} is not possible", tip=tip)
    return allowance


def _dollars_behind(text: str) -> str:
    """`$5/day` as `5$/day`."""
    return re.sub(r"^\$\s*([\d.]+)", r"\1$", text)


@lru_cache(maxsize=8)
def _names(day: int) -> tuple[str, str]:
    date = _date(day * _DAY_S)
    return date.strftime("%Y-%m-%d"), date.strftime("%Y-%m")


def _date(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)
