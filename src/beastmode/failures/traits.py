"""Traits: what the structure of an error shows: spans of time, numbers, whether a stream ended. Rules name them."""

from __future__ import annotations

import re

from beastmode.failures import amounts
from beastmode.failures.facts import Facts

TRAITS = {
    "json": "the body is JSON",
    "html": "the body is a page",
    "stream": "the body is a stream of events",
    "unended": "the stream has no terminal event and no error",
    "ended": "the stream has its terminal event and said something",
    "silent": "the stream has its terminal event and said nothing",
    "answer": "the body is an answer, without an error in it",
    "no_body": "nothing was received",
    "mid_stream": "the answer had begun to stream",
    "hint": "a wait was stated",
    "long_hint": "a wait beyond two minutes was stated",
    "per_day": "a limit per day is named",
    "per_longer": "a limit per week or month is named",
    "per_minute": "a limit per minute or second is named",
    "over_limit": "more is requested than the limit itself",
    "limit_zero": "the limit is 0",
    "spent": "an allowance, quota, balance or credit is said to be used up",
    "field_path": "a place in the request is named, such as messages.3.content or tools[0].name",
    "refills": "what is used up is said to come back by itself",
    "model_missing": "a model is said not to exist",
    "model_path": "the URL is one where only the model can be missing",
    "public_host": "the host is a known provider's",
}
SPANS = {
    "per_day": (
        "perday",
        "per day",
        "per-day",
        "daily",
        "/day",
        "/ day",
        "a day",
        "(rpd)",
        "(tpd)",
        "per 86400s",
        "per 24 hours",
    ),
    "per_longer": (
        "monthly",
        "per month",
        "per-month",
        "this month",
        "/ month",
        "/month",
        "a month",
        "weekly",
        "per week",
    ),
    "per_minute": (
        "per minute",
        "per-minute",
        "per min",
        "(tpm)",
        "(rpm)",
        "per second",
        "/min",
        "per 60s",
        "tokens_per_minute",
        "requests_per_minute",
    ),
}
"""Words for spans of time."""
_IN_CODES = (
    ("per_day", "perday"),
    ("per_longer", "permonth"),
    ("per_minute", "perminute"),
    ("per_minute", "persecond"),
)
_MODEL_PATHS = ("/api/chat", "/api/generate", "/models/")
_GONE = re.compile(
    r"not found|does ?n[o']t exist|not exist|(?:is|was|are) not available|not a valid|not loaded|is invalid|"
    r"no longer (?:available|supported)|is not supported(?! (?:with|by) this)|not recogni[sz]ed|could not be found|"
    r"cannot be found|has been (?:deprecated|decommissioned|retired|removed|shut ?down)|unavailable for|is deprecated|"
    r"end of (?:its )?life|is not valid for"
)
"""What stands behind the word where there is no such model."""
_WANTED = (
    "unknown ",
    "invalid ",
    "no such ",
    "unsupported ",
    "unrecognized ",
    "could not find ",
    "cannot find ",
    "no matching ",
    "pull the ",
    "unavailable ",
    "not a valid ",
    "passed in ",
    "non-serverless ",
)
"""What stands before the word where there is no such model."""
_PATH = re.compile(
    r"\b(?:messages|tools|functions|contents?|input|body|parameters)(?:\.|\[)\d{1,4}\b\]?(?:[.\[][\w]{1,30}\]?){0,6}"
)
_SPENT = re.compile(
    r"(?:exhaust|exceed|reach|\bhit|us(?:ed|ing) (?:up|all)|r[au]n out|(?<!with)out of|depleted|insufficient|"
    r"not enough|\bno (?:more|remaining))[a-z]{0,4}(?: up| all| of)?"
    r"(?: your| the| its| this| my)?(?: [\w'-]{1,20}){0,3}? "
    r"(?:allowance|quota|usage limit|usage cap|credits?\b|balance|budget|spend(?:ing)? limit|funds)|"
    r"(?:allowance|credits?|balance|funds) (?:(?:is|are|was|were|has|have|been|now|already|all|fully) ){0,3}"
    r"(?:exhaust|used up|depleted|r[au]n out|insufficient|too low|empty)"
)
_STORES = frozenset(("allow", "quota", "usage", "credi", "balan", "budge", "spend", "funds"))
"""How the words for what can be used up begin, as `phrases.beginnings` has them; `_PLACES`: those of a request."""
_PLACES = frozenset(("messa", "tools", "funct", "conte", "input", "body", "param"))
_REFILLS = re.compile(
    r"\bwait\b|renew|\bresets?\b|refill|hourly|daily|weekly|(?:session|window|\d[- ]?hour) (?:usage )?limit|"
    r"tomorrow|next month"
)
"""An allowance that comes back, beside one that somebody has to pay for."""
_NOTHING = re.compile(r"\blimit:? 0(?![\d.])(?! ?%)")
_SENTENCE = re.compile(r"[;\n]")
_REACH = 160
"""Characters after the word: beyond, something else is spoken of."""


def note_traits(facts: Facts, *, zero: bool, streaming: bool) -> None:
    """Add to the facts what their text, codes and numbers show.   zero: a field stated a quota of 0."""
    traits = facts.traits
    traits.update(trait for trait, marks in SPANS.items() if not facts.marks.isdisjoint(marks))
    codes = " ".join(facts.codes)
    if "per" in codes:
        traits.update(trait for trait, mark in _IN_CODES if mark in codes)
    _note_numbers(facts, zero=zero)
    if not facts.begun.isdisjoint(_PLACES) and _PATH.search(facts.text):
        traits.add("field_path")
    if not facts.begun.isdisjoint(_STORES) and _SPENT.search(facts.text):
        traits.add("spent")
        if _REFILLS.search(facts.text):
            traits.add("refills")
    if facts.wait_s is not None:
        traits.add("hint")
    if facts.long_wait:
        traits.add("long_hint")
    if streaming:
        traits.add("mid_stream")
    if _model_is_missing(facts.text):
        traits.add("model_missing")
    if any(path in facts.where for path in _MODEL_PATHS):
        traits.add("model_path")
    if _is_public(facts):
        traits.add("public_host")


def place_in(text: str) -> str:
    """The place in the request that an error names, such as messages.3.content.0; "" where it names none."""
    match = _PATH.search(text)
    return match[0] if match else ""


def _model_is_missing(text: str) -> bool:
    """Whether some model is said not to be there: "unknown model", "model x ... not found"."""
    at = text.find("model")
    for _ in range(12):
        if at < 0:
            return False
        before, after = text[max(0, at - 20) : at], text[at + 5 : at + 5 + _REACH]
        if before.endswith(_WANTED) or after.startswith((" not found", "_not_found", " pulled")):
            return True
        if (not before[-1:].isalpha()) and _GONE.search(_SENTENCE.split(after, maxsplit=1)[0]):
            return True
        at = text.find("model", at + 5)
    return False


def _note_numbers(facts: Facts, *, zero: bool) -> None:
    text = facts.text
    asked = amounts.of_budget(text) if "requested" in text else amounts.Amounts()
    if asked.requested is not None and asked.limit is not None and asked.requested > asked.limit > 0:
        facts.traits.add("over_limit")
    if zero or ("limit" in text and _NOTHING.search(text)):
        facts.traits.add("limit_zero")


def _is_public(facts: Facts) -> bool:
    host = facts.where.lower()
    return any("." in mark and (mark in host or mark in facts.marks) for mark in facts.provider.marks)
