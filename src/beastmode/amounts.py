"""Amounts for people: how many, what share, how long, how large, how dear. Reports, pages and the terminal say them in
the same words.

What is something is never told as nothing, what is not all never as all, and more never as less.
"""

from __future__ import annotations

UNKNOWN = "—"
_MILLION = 1e6


def counted(count: float, noun: str, plural: str = "") -> str:
    """`1 task`, `2 tasks`, `12,000 tasks`.   plural: where it is not the noun with an s."""
    return f"{amount(count, short=False)} {noun if count == 1 else plural or f'{noun}s'}"


def amount(number: float, *, short: bool = True) -> str:
    """`7`, `1,930`, and from a million on `1.23 million` where it may be short. Of a fraction, what is whole of it."""
    if not short or number < _MILLION:
        return "< 1" if 0 < number < 1 else f"{int(number):,}"
    millions = number / _MILLION
    return f"{millions:.2f} million" if round(millions, 2) < 1000 else f"{millions / 1000:,.2f} billion"


def percent(share: float | None) -> str:
    """A share of 1 as per cent; never 100 % for what is not all, never 0 % for what is something."""
    if share is None:
        return UNKNOWN
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    return f"{(max(0.001, min(share, 0.999)) if share < 1 else max(1.001, share)) * 100:.1f} %"


def duration(seconds: float | None) -> str:
    """Seconds for people: `40 ms`, `2.4 s`, `3 min 12 s`, `1 h 02 min`, `2 d 03 h`; `—` for None."""
    if seconds is None:
        return UNKNOWN
    if seconds < 0.0995:
        return f"{max(1, round(seconds * 1000))} ms" if seconds >= 0.0005 else "< 1 ms" if seconds else "0 s"
    if seconds < 59.95:
        return f"{seconds:.{2 if seconds < 9.995 else 1}f}".rstrip("0").rstrip(".") + " s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = whole // 60
    if minutes < 2880:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // 1440} d {minutes // 60 % 24:02} h"


def took(seconds: float | None) -> str:
    """A recorded time, kept to the millisecond: 0 is less than one."""
    return "< 1 ms" if seconds == 0 else duration(seconds)


def brief(seconds: float) -> str:
    """A time that may be very short: `0.4 µs`, `61 µs`, `3.1 ms`; else as any other."""
    for number, unit in ((seconds * 1e6, "µs"), (seconds * 1e3, "ms")):
        if number < (999.5 if unit == "µs" else 99.5):
            least = "< 0.1" if 0 < number < 0.05 else f"{number:.1f}" if number < 9.95 else f"{number:.0f}"
            return f"{least.removesuffix('.0')} {unit}"
    return duration(seconds)


def size(whole: int) -> str:
    """Bytes: `512 B`, `3.4 kB`, `1.2 GB`."""
    number = float(whole)
    for unit in ("B", "kB", "MB", "GB"):
        if round(number, 1) < 1000:
            return f"{number:.1f}".removesuffix(".0") + f" {unit}"
        number /= 1000
    return f"{number:,.1f} TB"


def usd(dollars: float, *, sign: str = "$") -> str:
    """`$1,234.50`, and of small sums as many digits as they need: `$0.0012`.   sign: "" where USD stands elsewhere."""
    digits = 2 if dollars >= 0.99995 or not dollars else 4 if dollars >= 0.0099995 else 6
    whole, _, cents = f"{dollars:,.{digits}f}".partition(".")
    told = f"{sign}{whole}.{cents.rstrip('0'):0<2}"
    return f"< {sign}0.000001" if dollars and told == f"{sign}0.00" else told
