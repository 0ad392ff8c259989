"""Amounts: the numbers of an error: how much was asked for, how much is allowed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_N = r"~?([\d,]{1,15}(?:\.\d{1,6})?)"
_LIMIT = re.compile(rf"\blimit:? {_N}")
_USED = re.compile(rf"\b(?:used|current):? {_N}")
_REQUESTED = re.compile(rf"\brequested:? {_N}")
_PAIRS = (
    re.compile(
        rf"(?:context|prompt) (?:length|window|size) (?:is|of)(?: only)? {_N}(?P<limit>).{{0,120}}?"
        rf"(?:requested|resulted in|contains|has|have|got|given:?|sent|prompt is)(?: about| at least)? {_N}"
    ),
    re.compile(
        rf"(?:requested|given|prompt is too long|length|contains|has|tokens|input|count)[: ]{{1,2}}"
        rf"(?:tokens )?\(?{_N}(?: tokens)?"
        rf"(?: in the \w+)?\)?,? (?:>|exceeds?|is (?:larger|greater|longer) than|too large)[a-z' ()]{{0,70}} ?\(?{_N}"
    ),
    re.compile(rf"must (?:have less than|be <=?) {_N}(?P<limit>).{{0,40}}?given: {_N}"),
    re.compile(rf"more (?:system )?memory \({_N} [kmgt]i?b\) than is available \({_N} [kmgt]i?b\)"),
    re.compile(rf"requested up to {_N}(?: tokens)?, but can only afford {_N}"),
)
"""How a request that is too large is told: what was asked and what fits; `limit`: the other way round."""
_LIMITS = (
    re.compile(
        rf"(?:limit of|limit is|limit for [\w /-]{{1,60}} is|at most|maximum of|max size:|"
        rf"limited to|only supports?) {_N}"
    ),
    re.compile(rf"\blimit: {_N}"),
)


_PACE = re.compile(
    r"([\d,]{1,13}(?:\.\d)?) (?:(?:input|output|api|prompt|completion) )?(tokens|requests|calls|queries)"
    r" ?(?:per|/|a) ?min"
)


class Amounts(NamedTuple):
    """What was asked for, what is allowed, what was used already; None where not said."""

    requested: float | None = None
    limit: float | None = None
    used: float | None = None


def of_budget(text: str) -> Amounts:
    """The numbers of a rate limit that names them ("Limit 30000, Used 2, Requested 31538").   text: lower case."""
    if "limit" not in text:
        return Amounts()
    return Amounts(*(_first(pattern, text) for pattern in (_REQUESTED, _LIMIT, _USED)))


def of_pace(text: str) -> tuple[float, bool] | None:
    """A limit of a minute that stands in the words, and whether it is one of tokens; not of requests.

    text: lower case.
    """
    match = _PACE.search(text) if " min" in text or "/min" in text else None
    number = _number(match[1]) if match else None
    return None if match is None or not number else (number, match[2] == "tokens")


def of_size(text: str) -> Amounts:
    """The numbers of a request that is too large for a model, a machine or a balance.   text: lower case."""
    text = text[:3000]
    for pattern in _PAIRS:
        match = pattern.search(text)
        if match:
            first, second = _number(match[1]), _number(match[match.re.groups])
            return Amounts(second, first) if "limit" in match.re.groupindex else Amounts(first, second)
    for pattern in _LIMITS:
        match = pattern.search(text)
        if match:
            return Amounts(None, _number(match[1]))
    return Amounts()


def of_values(values: Mapping[str, str]) -> Amounts:
    """The numbers that llama.cpp sends as fields of their own."""
    return Amounts(_number(values.get("n_prompt_tokens", "")), _number(values.get("n_ctx", "")))


def _first(pattern: re.Pattern[str], text: str) -> float | None:
    match = pattern.search(text)
    return _number(match[1]) if match else None


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None
