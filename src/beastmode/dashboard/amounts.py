"""Amounts of bytes, and short times, for people."""

from __future__ import annotations


def size(number: float | None) -> str:
    """Bytes: 512 B, 3.4 kB, 1.2 GB; "" where it is not known."""
    if number is None:
        return ""
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.1f}".rstrip("0").rstrip(".") + f" {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def brief(seconds: float | None) -> str:
    """A time that may be very short: 0.4 µs, 61 µs, 3.1 ms, 1.2 s; "" where it is not known."""
    if seconds is None:
        return ""
    for number, unit in ((seconds * 1e6, "µs"), (seconds * 1e3, "ms")):
        if number < 999.5:
            return f"{number:.1f} {unit}" if number < 9.95 else f"{number:.0f} {unit}"
    return f"{seconds:.1f} s"
