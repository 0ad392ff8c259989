"""Unwrap: Evidence in any shape becomes Facts: one status, a set of codes, one text, one cause, one wait."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from beastmode.failures import amounts, chain, hints, said, stream
from beastmode.failures.evidence import Evidence
from beastmode.failures.fields import Fields, decoded, scan, unescaped, walk
from beastmode.failures.providers import UNKNOWN, Provider, told
from beastmode.settings import SHORT_WAIT_S

_HEAD, _TAIL = 48 * 1024, 16 * 1024
_TEXT, _TEXT_END = 6000, 2000
_CODES_ASIDE = str.maketrans("", "", " _-./:")
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,300})", re.IGNORECASE)
_TAG = re.compile(r"<(?:script|style)\b[^<]{0,4000}|<[^<>]{0,500}>", re.IGNORECASE)
_HTML = re.compile(r"<(?:!doctype html|html|head|body|title)\b", re.IGNORECASE)
_WHERE = (
    re.compile(r"for url:? '?(https?://[^\s'\"<>)]{1,300})", re.IGNORECASE),
    re.compile(r"(?:fetching from|post|get|request to|connect(?:ing)? to) [\"'(]?(https?://[^\s'\"<>)]{1,300}[^\s'\"<>).,:])", re.IGNORECASE),
    re.compile(r"host=['\"]([\w.-]{1,200}['\"], port=\d{1,5})"),
    re.compile(r"connect to (?:host )?([\w.-]{1,200}:\d{1,5})"),
    re.compile(r"connect call failed \('([\d.]{7,15}', \d{1,5})", re.IGNORECASE),
)  # fmt: skip
_MODEL_MISSING = re.compile(
    r"\bmodels?\b[^\n;]{0,160}?(?:not found|does ?n[o']t exist|not exist|(?:is|was|are) not available|not a valid|no longer (?:available|supported)|"
    r"is not supported(?! (?:with|by) this)|not loaded|has been (?:deprecated|decommissioned|retired|removed|shut ?down)|is invalid|not recogni[sz]ed|unavailable for|could not be found|cannot be found|"
    r"identifier is invalid|is deprecated)|(?:unknown|invalid|no such|unsupported|unrecogni[sz]ed|could not find|cannot find|no matching) model\b|"
    r"passed in model=|pull the model|pulling it first|not a valid model|no models? (?:named|matching|found)|model[_ ]not[_ ]found|unavailable[ _]model"
)
_MODEL = re.compile(
    r"\bmodels?(?: id| name)?[:=]? [`'\"]{1,2}([\w.:/@+-]{2,100})[`'\"]|\bmodel: ([\w.:/@+-]{2,100})|"
    r"[`'\"]([\w.:/@+-]{2,100})[`'\"](?: model)? (?:is not|not found|does not exist)",
    re.IGNORECASE,
)
_DAY = ("perday", "per day", "per-day", "daily", "/day", "/ day", "a day", "(rpd)", "(tpd)", "per 86400s", "per 24 hours")
_LONGER = ("monthly", "per month", "per-month", "this month", "/ month", "/month", "a month", "weekly", "per week", "permonth")
_MINUTE = (
    "perminute",
    "per minute",
    "per-minute",
    "per min",
    "(tpm)",
    "(rpm)",
    "per second",
    "persecond",
    "/min",
    "per 60s",
)
_DULL = frozenset(("provider returned error", "bad request", "too many requests", "service unavailable", "error", "unknown error",
                   "not found", "forbidden", "unauthorized", "internal server error", "bad gateway"))  # fmt: skip


@dataclass(slots=True)
class Facts:
    """What is known, in one shape.

    status: the one that tells most, from the answer or from inside it; None where there is none.   http: of the
    answer itself.   codes: spelled as `spelled_code` does.   kinds: names of exceptions as written.
    links: of a chain of exceptions, deepest first.   text: all words, lower case, single spaces, straight
    apostrophes, at most 8,000 characters.   cause: the words that tell most.   wait_s: stated anywhere.
    traits: what else the structure shows: see `rules.TRAITS`.   where: the URL, or the host, really called.
    """

    status: int | None = None
    http: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    links: tuple[chain.Link, ...] = ()
    text: str = ""
    cause: str = ""
    wait_s: float | None = None
    reset_s: float | None = None
    traits: set[str] = field(default_factory=set)
    values: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    model: str = ""
    provider: Provider = UNKNOWN

    @property
    def long_wait(self) -> bool:
        """A wait was stated that is no short one."""
        return max(self.wait_s or 0, self.reset_s or 0) > SHORT_WAIT_S


@lru_cache(maxsize=2048)
def spelled_code(code: str) -> str:
    """`rate_limit_error`, `RateLimitError` and `rate-limit` are one code."""
    return code.lower().translate(_CODES_ASIDE).removesuffix("exception").removesuffix("error")


def read(evidence: Evidence, *, now_unix: float) -> Facts:
    """All facts in the evidence. Never raises."""
    known = (
        chain.follow(evidence.exception) if isinstance(evidence.exception, BaseException) else chain.Known(())
    )
    raised = evidence.exception if isinstance(evidence.exception, str) else ""
    facts = Facts(http=evidence.status if evidence.status is not None else known.status, links=known.links)
    facts.headers = _lower(evidence.headers or known.headers)
    found = Fields()
    words = _read_body(evidence.body or known.body, found, facts.traits, streaming=evidence.mid_stream)
    if evidence.body and known.links and known.body is not None:
        known = chain.Known(known.links, url=known.url)
    if raised:
        raised = bounded(raised)
        raised = scan(raised, found)
    spoken = "\n".join(part for part in (words, raised, *(link.words for link in known.links)) if part)
    _note_words(facts, found, spoken)
    facts.status = telling(facts.http, found.statuses + said.statuses(facts.text))
    facts.cause = _cause(found, words or raised, facts)
    _note_place(facts, evidence, known.url, spoken)
    _note_wait(facts, found, now_unix)
    _note_traits(facts, found, evidence)
    return facts


def bounded(text: str) -> str:
    """The beginning and the end of a long text: an error page of megabytes says nothing more in its middle."""
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"


def telling(http: int | None, inside: list[int]) -> int | None:
    """The status that tells most: a wrapper's 500 or 400 around a 404 or 429 is that; a 429 is a 429."""
    if http is not None and http != 400 and 300 <= http < 500:
        return http
    sharper = [one for one in inside if one not in (400, 500, 502)]
    if http is None or http < 300:
        return next(iter(sharper or inside), http)
    if http == 400:
        return next((one for one in sharper if one != 422), http)
    if http in (500, 502):
        return (sharper or [one for one in inside if one == 400] or [http])[0]
    return next((one for one in inside if one < 500 and one != 400), http)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    if not headers:
        return {}
    return {str(name)[:100].lower(): str(value)[:1000] for name, value in list(headers.items())[:200]}


def _read_body(body: object, found: Fields, traits: set[str], *, streaming: bool) -> str:
    """Collect the fields of a body, and return the words that stand in it."""
    if isinstance(body, (dict, list)):
        traits.add("json")
        walk(body, found)
        return "\n".join(found.messages)
    text = _text(body).strip()
    if not text:
        traits.add("no_body")
        return ""
    value = decoded(text)
    if value is not None:
        return _read_json(value, found, traits)
    seen = stream.read(text) if stream.is_stream(text) else None
    if seen is not None and (seen.frames or seen.failed):
        return _read_stream(seen, found, traits)
    if _HTML.search(text[:400]):
        traits.add("html")
        return _page(text)
    text = scan(text, found)
    if streaming and "eof" in text[-40:].lower():
        traits.add("unended")
    return text


def _text(body: object) -> str:
    if isinstance(body, (bytes, bytearray, memoryview)):
        raw = bytes(body)
        if len(raw) > _HEAD + _TAIL:
            raw = raw[:_HEAD] + b"\n" + raw[-_TAIL:]
        return raw.decode("utf-8", "replace")
    return bounded(body) if isinstance(body, str) else ""


def _read_json(value: Any, found: Fields, traits: set[str]) -> str:
    traits.add("json")
    if isinstance(value, (dict, list)):
        walk(value, found)
    else:
        found.messages.append(str(value))
        scan(str(value), found)
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
    title = _TITLE.search(text)
    words = " ".join(_TAG.sub(" ", text[:12_000]).split())[:3000]
    return f"{title[1].strip()}\n{words}" if title else words


def _note_words(facts: Facts, found: Fields, spoken: str) -> None:
    if len(spoken) > _TEXT + _TEXT_END:
        spoken = f"{spoken[:_TEXT]} … {spoken[-_TEXT_END:]}"
    plain = unescaped(spoken).replace("\u2019", "'")
    facts.text = " ".join(plain.lower().split())
    facts.kinds = said.kinds(plain)
    for link in facts.links:
        facts.kinds.add(link.kind)
    codes = [*found.codes, *facts.kinds, *said.snakes(plain)]
    facts.codes = {spelled_code(code[:100]) for code in codes[:400]}
    facts.values = found.values


def _cause(found: Fields, words: str, facts: Facts) -> str:
    """The deepest sentence that is not a wrapper around another; the deepest link; the end of a traceback."""
    sentences = [
        one for one in found.messages if " " in one.strip() and one.strip().lower().rstrip(".") not in _DULL
    ]
    plain = [one for one in sentences if "{" not in one and "b'" not in one]
    if plain or sentences or found.messages:
        return (plain or sentences or found.messages)[0]
    if facts.links:
        return facts.links[0].words
    if found.codes and not words.strip():
        return found.codes[0]
    if "Traceback (most recent call last)" in words:
        lines = [line for line in words.splitlines() if line.strip() and not line.startswith((" ", "\t"))]
        return lines[-1] if lines else words
    return words.partition("\n")[0] if "html" in facts.traits else words


def _note_place(facts: Facts, evidence: Evidence, url: str, spoken: str) -> None:
    facts.where = evidence.url or url or _mentioned(spoken[:_TEXT])
    facts.model = evidence.model
    if not facts.model and "model" in facts.text:
        match = _MODEL.search(spoken[:_TEXT])
        facts.model = next((group for group in match.groups() if group), "") if match else ""
    facts.provider = told(evidence.provider, facts.where, facts.headers, facts.text)


def _mentioned(text: str) -> str:
    """The address that an error names as the one called; not the links to documentation."""
    for pattern in _WHERE:
        match = pattern.search(text)
        if match:
            return re.sub(r"['\"],? ?(?:port=)?", ":", match[1])
    return ""


def host_of(where: str) -> str:
    """Host and port of a URL, without credentials; a `where` that is no URL as it is."""
    if "://" not in where:
        return where
    try:
        return urlsplit(where).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _note_wait(facts: Facts, found: Fields, now_unix: float) -> None:
    headers = {**found.headers, **facts.headers}
    facts.wait_s = (
        hints.in_headers(headers, now_unix=now_unix)
        or hints.in_fields(found.values, now_unix=now_unix)
        or hints.in_words(facts.text, now_unix=now_unix)
    )
    facts.reset_s = hints.resets(headers, now_unix=now_unix)


def _note_traits(facts: Facts, found: Fields, evidence: Evidence) -> None:
    text, traits = facts.text, facts.traits
    codes = " ".join(facts.codes)
    for trait, marks in (("per_day", _DAY), ("per_longer", _LONGER), ("per_minute", _MINUTE)):
        if any(mark in text or mark in codes for mark in marks):
            traits.add(trait)
    asked = amounts.of_budget(text) if "requested" in text else amounts.Amounts()
    if asked.requested is not None and asked.limit is not None and asked.requested > asked.limit > 0:
        traits.add("over_limit")
    if found.zero or "limit: 0," in text or "limit 0," in text or text.endswith("limit: 0"):
        traits.add("limit_zero")
    if facts.wait_s is not None:
        traits.add("hint")
    if evidence.mid_stream:
        traits.add("mid_stream")
    if "model" in text and _MODEL_MISSING.search(text):
        traits.add("model_missing")
    if "/api/chat" in facts.where or "/api/generate" in facts.where or "/models/" in facts.where:
        traits.add("model_path")
    if "request-id" in facts.headers or "x-request-id" in facts.headers or "request_id" in text:
        traits.add("request_id")
    if (
        facts.provider.marks
        and "." in facts.provider.marks[0]
        and any(mark in text + facts.where for mark in facts.provider.marks if "." in mark)
    ):
        traits.add("public_host")
