"""Unwrap: Evidence in any shape becomes Facts: one status, a set of codes, one text, one cause, one wait."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from beastmode.failures import chain, hints, said, stream
from beastmode.failures.evidence import Evidence
from beastmode.failures.facts import Facts
from beastmode.failures.fields import Fields, decoded, scan, unescaped, walk
from beastmode.failures.phrases import Phrases, beginnings
from beastmode.failures.place import mentioned, model_in
from beastmode.failures.providers import MARKS, told
from beastmode.failures.traits import SPANS, note_traits

_HEAD, _TAIL = 48 * 1024, 16 * 1024
"""Of a body: an error page of megabytes says nothing more in its middle."""
_FIELDS, _FIELDS_END = 8000, 4000
_TEXT, _TEXT_END = 600, 250
"""Of the words: what tells of an error stands at its beginning or at its end."""
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,300})", re.IGNORECASE)
_TAG = re.compile(r"<(?:script|style)\b[^<]{0,4000}+|<[^<>]{0,500}+>", re.IGNORECASE)
_HTML = re.compile(r"<(?:!doctype html|html|head|body|title)\b", re.IGNORECASE)
_FRAMES = re.compile(r'\n[ \t│]{1,40}+(?:File "[^\n]{0,400}+(?:\n {4,40}+[^\n]{0,400}+)?|at [^\n]{0,400}+)')
"""Of a stack trace, in Python or Node: they name nothing but code."""
_SETTING = re.compile(r"\b[A-Z][A-Z0-9]{1,30}(?:_[A-Z0-9]{1,30}){1,6}=[^\s,;]{0,200}+")
"""`API_TIMEOUT_MS=600000ms`: how something is set is not what went wrong."""
_MARKS = Phrases([*MARKS, *(mark for marks in SPANS.values() for mark in marks)])
_HINTING = frozenset(("again", "retry", "wait", "reset", "regai", "avail", "renew", "cool", "coold", "until"))
_DULL = frozenset(
    (
        "provider returned error",
        "bad request",
        "too many requests",
        "service unavailable",
        "error",
        "unknown error",
        "not found",
        "forbidden",
        "unauthorized",
        "internal server error",
        "bad gateway",
    )
)
"""Sentences that say no more than a status does."""
_LONGEST_DULL = 80


def read(evidence: Evidence, *, now_unix: float) -> Facts:
    """All facts in the evidence. Never raises."""
    raised = evidence.exception
    known = chain.follow(raised) if isinstance(raised, BaseException) else chain.Known(())
    facts = Facts(http=evidence.status if evidence.status is not None else known.status, links=known.links)
    facts.headers = _lower(evidence.headers or known.headers)
    found = Fields()
    words = _read_body(evidence.body or known.body, found, facts.traits, streaming=evidence.mid_stream)
    raised_words = _scanned(raised, found) if isinstance(raised, str) else ""
    spoken = "\n".join(part for part in (words, raised_words, *(link.words for link in known.links)) if part)
    _note_words(facts, found, spoken)
    inside = found.statuses + said.statuses(facts.text)
    facts.status = telling(
        facts.http, inside or (said.reasoned(facts.text, found.messages[:20]) if facts.http is None else [])
    )
    facts.cause = _cause(found, words or raised_words, facts)
    _note_place(facts, evidence, known.url, spoken)
    _note_wait(facts, found, now_unix)
    note_traits(facts, zero=found.zero, streaming=evidence.mid_stream)
    return facts


def telling(http: int | None, inside: list[int]) -> int | None:
    """The status that tells most: a wrapper's 500 or 400 around a 404 or 429 is that; a 429 is a 429.

    http: of the answer itself.   inside: those found in it, outermost first.
    """
    if http is not None and http != 400 and 300 <= http < 500:
        return http
    sharper = [one for one in inside if one not in (400, 500, 502)]
    if http is None or http < 300:
        return next(iter(sharper or inside), http)
    if http == 400:
        return next((one for one in sharper if one != 422), http)
    if http in (500, 502):
        return next(iter(sharper or [one for one in inside if one == 400]), http)
    return next((one for one in inside if one < 500 and one != 400), http)


def without_frames(text: str) -> str:
    """A text without the frames of its stack traces; what was raised stays."""
    return _FRAMES.sub("", text) if "\n" in text else text


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    if not headers:
        return {}
    return {str(name)[:100].lower(): str(value)[:1000] for name, value in list(headers.items())[:200]}


def _read_body(body: object, found: Fields, traits: set[str], *, streaming: bool) -> str:
    """Collect the fields of a body, and return the words that stand in it."""
    text = _text(body).strip()
    value = body if isinstance(body, (dict, list)) else decoded(text)
    if value is not None:
        return _read_json(value, found, traits)
    if not text:
        traits.add("no_body")
        return ""
    seen = stream.read(text) if stream.is_stream(text) else None
    if seen is not None and (seen.frames or seen.failed):
        return _read_stream(seen, found, traits)
    if _HTML.search(text[:400]):
        traits.add("html")
        return _page(text)
    if streaming and "eof" in text[-40:].lower():
        traits.add("unended")
    return _scanned(text, found)


def _text(body: object) -> str:
    if isinstance(body, (bytes, bytearray, memoryview)):
        raw = bytes(body)
        if len(raw) > _HEAD + _TAIL:
            raw = raw[:_HEAD] + b"\n" + raw[-_TAIL:]
        return raw.decode("utf-8", "replace")
    if not isinstance(body, str):
        return ""
    return body if len(body) <= _HEAD + _TAIL else f"{body[:_HEAD]}\n{body[-_TAIL:]}"


def _scanned(text: str, found: Fields) -> str:
    """The text without stack frames and echoes, its fields collected; of a long one its beginning and its end."""
    text = without_frames(_text(text))
    if len(text) > _FIELDS + _FIELDS_END:
        text = f"{text[:_FIELDS]}\n{text[-_FIELDS_END:]}"
    return scan(text, found)


def _read_json(value: Any, found: Fields, traits: set[str]) -> str:
    traits.add("json")
    if isinstance(value, (dict, list)):
        walk(value, found)
    else:
        found.messages.append(scan(str(value), found))
    if found.choices and not found.codes and not found.statuses and not found.messages:
        traits.add("answer")
    return "\n".join(found.messages)


def _read_stream(seen: stream.Stream, found: Fields, traits: set[str]) -> str:
    for name in ("codes", "statuses", "messages"):
        getattr(found, name).extend(getattr(seen.fields, name))
    found.values.update(seen.fields.values)
    found.headers.update(seen.fields.headers)
    traits.add("stream")
    if not seen.failed:
        traits.add("silent" if seen.ended and not seen.spoke else "ended" if seen.ended else "unended")
    return "\n".join(found.messages)


def _page(text: str) -> str:
    title = _TITLE.search(text[:12_000])
    words = " ".join(_TAG.sub(" ", text[: 1_500 if title else 2_500]).split())[:1000]
    return f"{title[1].strip()}\n{words}" if title else words


def _note_words(facts: Facts, found: Fields, spoken: str) -> None:
    if len(spoken) > _TEXT + _TEXT_END:
        spoken = f"{spoken[:_TEXT]} ... {spoken[-_TEXT_END:]}"
    plain = unescaped(spoken)
    if "=" in plain and "_" in plain:
        plain = _SETTING.sub(" ", plain)
    low = plain.lower()
    facts.text = low.strip() if low.isprintable() and "  " not in low else " ".join(low.split())
    facts.kinds = said.kinds(plain)
    facts.kinds.update(link.kind for link in facts.links)
    facts.begun = beginnings(facts.text, facts.kinds)
    facts.marks = _MARKS.found(facts.text, facts.begun)
    codes = [*found.codes, *facts.kinds, *said.snakes(plain)]
    facts.codes = {said.spelled_code(code[:100]) for code in codes[:400]}
    facts.values = found.values


def _cause(found: Fields, words: str, facts: Facts) -> str:
    """The deepest sentence that is not a wrapper around another; the deepest link; the end of a traceback."""
    sentences = [
        one
        for one in found.messages
        if len(one) > _LONGEST_DULL or (" " in one.strip() and one.strip(" .\n").lower() not in _DULL)
    ]
    plain = [one for one in sentences if "{" not in one and "b'" not in one]
    if plain or sentences:
        return (plain or sentences)[0]
    if found.messages and ("json" in facts.traits or not words.strip()):
        return found.messages[0]
    if facts.links:
        return facts.links[0].words
    if found.codes and not words.strip():
        return found.codes[0]
    if "Traceback (most recent call last)" in words:
        lines = [line for line in words.splitlines() if line.strip() and not line.startswith((" ", "\t"))]
        return lines[-1] if lines else words
    return words.partition("\n")[0] if "html" in facts.traits else words


def _note_place(facts: Facts, evidence: Evidence, url: str, spoken: str) -> None:
    facts.where = evidence.url or url or mentioned(spoken[:_TEXT], facts.text)
    facts.model = evidence.model or (model_in(spoken[:1500]) if "model" in facts.text else "")
    facts.provider = told(evidence.provider, facts.where, facts.headers, facts.marks)


def _may_hint(facts: Facts) -> bool:
    """Whether some word of the text can begin a wait; asked first, as most failures state none."""
    return not facts.begun.isdisjoint(_HINTING) or "delay" in facts.text or "|" in facts.text


def _note_wait(facts: Facts, found: Fields, now_unix: float) -> None:
    headers = {**found.headers, **facts.headers} if found.headers else facts.headers
    facts.wait_s = (
        hints.in_headers(headers, now_unix=now_unix)
        or hints.in_fields(found.values, now_unix=now_unix)
        or (_may_hint(facts) and hints.in_words(facts.text, now_unix=now_unix))
        or None
    )
    facts.reset_s = hints.resets(headers, now_unix=now_unix)
