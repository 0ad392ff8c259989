"""Pasted: Evidence out of whatever a person pastes: an error line, a log, `curl -i` or `-v`, a traceback, JSON, SSE."""

from __future__ import annotations

import re

from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure
from beastmode.failures.unwrap import without_frames

_STATUS_LINE = re.compile(r"^[<\s]{0,3}HTTP/\d(?:\.\d)?[ \t]+(\d{3})\b[^\n]{0,200}$", re.MULTILINE)
_HEADER = re.compile(r"[<\s]{0,3}([A-Za-z][A-Za-z0-9-]{1,60}):[ \t]*([^\n]{0,2000})")
_CURL = re.compile(r"^curl: \((\d+)\) [^\n]{1,500}", re.MULTILINE)
_CALLED = re.compile(r"^> host: (\S{1,200})", re.MULTILINE | re.IGNORECASE)
_TELLING = re.compile(
    r"error|exception|traceback|fail|refused|timed out|timeout|denied|limit|quota|overload|unauthorized|forbidden|"
    r"not found|\b[45]\d\d\b",
    re.IGNORECASE,
)
_MOST = 4_000_000
"""Of what is pasted, the end."""
_LOG_FROM = 1600
_BEFORE, _AFTER = 1100, 500
"""Characters of a log around its last telling line: an error is told within a few lines."""


def from_text(text: str, *, now_unix: float) -> Failure:
    """The failure that a pasted text tells of. Never raises; `other` where it tells of none.

    text: of any size; of a long log the part around its last telling line is read.   now_unix: seconds, for dates.
    """
    return classify(evidence_in(text), now_unix=now_unix)


def evidence_in(text: str) -> Evidence:
    """Status, headers, body, exception and address as they stand in a pasted text."""
    text = text[-_MOST:].replace("\r\n", "\n").strip("\ufeff\n\r\t ")
    answer = _last_answer(text)
    if answer is not None:
        return _of_answer(text, answer)
    if text[:1] in ("{", "[", '"') or text.startswith(("data:", "event:")):
        return Evidence(body=text)
    return Evidence(exception=_around_last(text))


def _last_answer(text: str) -> re.Match[str] | None:
    """The last status line: after redirects, proxies and 100 Continue, it is the one that counts."""
    return max(_STATUS_LINE.finditer(text[-200_000:]), key=lambda match: match.start(), default=None)


def _of_answer(text: str, answer: re.Match[str]) -> Evidence:
    lines = answer.string[answer.end() + 1 :].split("\n")
    headers: dict[str, str] = {}
    at = 0
    for at, line in enumerate(lines):  # noqa: B007  # where the body begins
        header = _HEADER.fullmatch(line.rstrip())
        if header is None or len(headers) > 200:
            break
        headers[header[1].lower()] = header[2].strip()
    else:
        at = len(lines)
    body = "\n".join(
        line for line in lines[at:] if not line.startswith(("< ", "* ", "> ", "} [", "{ [")) and line != "<"
    )
    curl = _CURL.search(text)
    called = _CALLED.search(text[:20_000])
    return Evidence(
        int(answer[1]),
        headers,
        body.strip(),
        curl[0] if curl else _told_before(text),
        url=called[1] if called else "",
    )


def _told_before(text: str) -> str | None:
    """What a client said before the first answer, such as an error line; not what curl says on its way."""
    first = _STATUS_LINE.search(text)
    before = text[: first.start()] if first else ""
    words = "\n".join(
        line for line in before.split("\n") if not line.startswith(("*", "<", ">", "$", "{", "}"))
    )
    return _around_last(words) if _TELLING.search(words[-20_000:]) else None


def _around_last(text: str) -> str:
    """A short text without its stack frames; of a log what stands around the last line that tells of an error."""
    text = without_frames(text[-400_000:])
    if len(text) <= _LOG_FROM:
        return text
    end = len(text)
    while end > 0:
        start = text.rfind("\n", 0, end) + 1
        if _TELLING.search(text[start : min(end, start + 2000)]):
            return text[max(0, start - _BEFORE) : start + _AFTER]
        end = start - 1
    return text[-_LOG_FROM:]
