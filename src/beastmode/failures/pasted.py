"""Pasted: Evidence out of whatever a person pastes: an error line, a log, `curl -i` or `-v`, a traceback, JSON, SSE."""

from __future__ import annotations

import re

from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure

_STATUS_LINE = re.compile(r"^[<\s]{0,3}HTTP/\d(?:\.\d)?[ \t]+(\d{3})\b[^\n]{0,200}$", re.MULTILINE)
_HEADER = re.compile(r"[<\s]{0,3}([A-Za-z][A-Za-z0-9-]{1,60}):[ \t]*([^\n]{0,2000})")
_CURL = re.compile(r"^curl: \((\d+)\) [^\n]{1,500}", re.MULTILINE)
_CALLED = re.compile(r"^(?:> (?:GET|POST|PUT|HEAD) (\S{1,300}) HTTP|> [Hh]ost: (\S{1,200}))", re.MULTILINE)
_TELLING = re.compile(
    r"error|exception|traceback|fail|refused|timed out|timeout|denied|limit|quota|overload|unauthorized|forbidden|"
    r"not found|\b[45]\d\d\b",
    re.IGNORECASE,
)
_LOG_FROM = 12_000
_LINES_BEFORE, _LINES_AFTER = 30, 12


def from_text(text: str, *, now_unix: float) -> Failure:
    """The failure that a pasted text tells of. Never raises; `other` where it tells of none.

    text: of any size; of a long log the part around its last telling line is read.   now_unix: seconds, for dates.
    """
    return classify(evidence_in(text), now_unix=now_unix)


def evidence_in(text: str) -> Evidence:
    """Status, headers, body, exception and address as they stand in a pasted text."""
    text = text.replace("\r\n", "\n").strip("\ufeff\n\r\t ")
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
    lines = answer.string[answer.end() :].lstrip("\n").split("\n")
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
    called = "".join(part for match in _CALLED.finditer(text[:20_000]) for part in (match[2],) if part)[:300]
    return Evidence(int(answer[1]), headers, body.strip(), curl[0] if curl else None, url=called)


def _around_last(text: str) -> str:
    """A short text as it is; of a log the lines around the last that tells of an error."""
    if len(text) <= _LOG_FROM:
        return text
    lines = text[-400_000:].splitlines()
    last = next(
        (at for at in range(len(lines) - 1, -1, -1) if _TELLING.search(lines[at][:2000])), len(lines) - 1
    )
    return "\n".join(line[:4000] for line in lines[max(0, last - _LINES_BEFORE) : last + _LINES_AFTER])
