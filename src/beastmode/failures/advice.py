"""Advice: the tip of one failure: the row of `special_tips.ADVICE` that fits, filled with the facts of the case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from beastmode.failures import amounts
from beastmode.failures.facts import Facts
from beastmode.failures.phrases import Phrases
from beastmode.failures.place import host_of
from beastmode.failures.rules import Rule
from beastmode.failures.special_tips import ADVICE, Advice, worded
from beastmode.failures.tips import TIPS, filled
from beastmode.failures.traits import place_in
from beastmode.failures.words import one_line

_SIZED = frozenset(("context_length", "payload_too_large", "insufficient_memory", "quota_exhausted"))
_SAID = Phrases(part for advice in ADVICE for part in advice.says)
_TOKENS = ("requested", "limit", "used")


def tip_for(rule: Rule, facts: Facts, *, wait_s: float | None, models: Sequence[str], now_unix: float) -> str:
    """What to do about a failure, filled with what is known of it.

    wait_s: the stated wait, as the Failure has it.   models: what the server has, for the nearest name.
    """
    known = _known(rule.class_, facts, wait_s, now_unix)
    if rule.class_ == "not_found_model" and models and facts.model:
        known["nearest"] = nearest(facts.model, models)
    said = _SAID.found(facts.text, facts.begun)
    for advice in _about(rule.class_):
        if _fits(advice, rule, facts, said):
            tip = worded(advice, known)
            if tip is not None:
                return tip
    return filled(TIPS[rule.class_], known)


def nearest(model: str, models: Sequence[str]) -> str:
    """The name among `models` that is most like `model`, or "" where none is like it."""
    from difflib import get_close_matches  # rarely needed

    by_lower = {one.lower(): one for one in list(models)[:2000]}
    short = model.lower()[:200]
    close = get_close_matches(short, by_lower, n=1, cutoff=0.5)
    return by_lower[close[0]] if close else next((one for low, one in by_lower.items() if short in low), "")


def spoken(seconds: float) -> str:
    """A length of time as a person says it: 26 s, 13 min, 3 h 51 min, 5 days 22 h."""
    if seconds < 120:
        return f"{seconds:.3g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "days" if days > 1 else "day"), (hours, "h"), (minutes if not days else 0, "min")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def _known(class_: str, facts: Facts, wait_s: float | None, now_unix: float) -> dict[str, str]:
    provider = facts.provider
    known = {
        "where": one_line(host_of(facts.where), 200) if facts.where else _named(facts),
        "public": one_line(host_of(facts.where), 200) if "public_host" in facts.traits else "",
        "place": one_line(place_in(facts.text), 60) if "field_path" in facts.traits else "",
        "model": one_line(facts.model, 100) if facts.model else "",
        "status": f"HTTP {facts.status}" if facts.status else "",
        "param": one_line(_param(facts), 60),
        "hosted": provider.name if provider.key else "",
        "key": provider.key,
        "keys": provider.keys,
        "billing": provider.billing,
        "models": provider.models,
    }
    if wait_s is not None:
        known["wait"] = spoken(wait_s)
        known["at"] = _clock(now_unix + wait_s, wait_s)
    if class_ in _SIZED or class_ == "rate_limit":
        known |= _numbers(class_, facts)
    if class_ == "rate_limit":
        known |= _pace(facts)
    return known


def _param(facts: Facts) -> str:
    """The parameter that the error names; gateways of the one-api kind write the status there."""
    named = facts.values.get("param", "")
    return "" if named.isdigit() else named


def _numbers(class_: str, facts: Facts) -> dict[str, str]:
    found = amounts.of_budget(facts.text)
    if class_ in _SIZED and found.requested is None:
        found = amounts.of_size(facts.text)
    if "n_ctx" in facts.values:
        found = amounts.of_values(facts.values)
    return {name: f"{value:,.10g}" for name, value in zip(_TOKENS, found, strict=True) if value}


def _pace(facts: Facts) -> dict[str, str]:
    """The limit of a minute that the words state, and the flag that keeps to it, or comes nearest."""
    stated = amounts.of_pace(facts.text)
    if stated is None:
        return {}
    number, tokens = stated
    if tokens:
        return {"pace_of": f"{number:,.0f} tokens a minute", "pace": "--max-concurrency 1"}
    return {"pace_of": f"{number:,.0f} requests a minute", "pace": f"--rate {number:.0f}/min"}


def _named(facts: Facts) -> str:
    """Who was called, where no address is known; not "openai", as clients call every server."""
    provider = facts.provider
    return "" if provider.name in ("", "openai", "litellm") else provider.name


def _clock(at_unix: float, wait_s: float) -> str:
    try:
        at = datetime.fromtimestamp(at_unix, UTC)
    except (ValueError, OverflowError, OSError):
        return f"in {spoken(wait_s)}"
    return f"{at:%Y-%m-%d %H:%M} UTC (in {spoken(wait_s)})"


@lru_cache(maxsize=64)
def _about(class_: str) -> tuple[Advice, ...]:
    return tuple(advice for advice in ADVICE if advice.class_ == class_)


def _fits(advice: Advice, rule: Rule, facts: Facts, said: set[str]) -> bool:
    return (
        (not advice.case or advice.case == rule.tip or (advice.case == "long" and facts.long_wait))
        and (not advice.provider or advice.provider == facts.provider.name)
        and (not advice.says or not said.isdisjoint(advice.says))
    )
