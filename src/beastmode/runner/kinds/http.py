"""HTTP tasks: one request, one connection, never sent twice."""

from __future__ import annotations

import asyncio
import os
import re
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import msgspec

from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.probes.proxies import proxy_for
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.supervisor import AttemptLog
from beastmode.runner.work import Http

_MOST_ANSWER_BYTES = 8 * 1024 * 1024
"""Of an answer, as it came and unpacked, that are kept to be judged; the rest is read and thrown away."""
_PIECE_BYTES = 256 * 1024
_LOGGED_BYTES = 64 * 1024
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PACKED = {"gzip", "x-gzip", "deflate"}


class HttpKind:
    """Sends requests for one run. Close it when the run has ended."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def perform(self, attempt: Attempt, leaves: Callable[[], None]) -> Outcome:
        """Send the request once and read its answer to the end. Redirects are not followed: the limits count one
        request, and one it is. The connection is closed when this returns."""
        work = attempt.task.work
        if not isinstance(work, Http):
            raise TypeError(f"no HTTP request: {work!r}")
        log = AttemptLog(attempt.log_path, attempt.log_limit_bytes)
        where = shown(work.url)
        try:
            _note(log, f"{work.method} {where}")
            failure = await self._send(work, where, attempt, leaves, log)
            if failure is not None:
                _note(log, f"\n{failure.class_}: {failure.cause}")
        finally:
            log.close()
        return Outcome(failure, failure.effect if failure else "success")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _send(
        self, work: Http, where: str, attempt: Attempt, leaves: Callable[[], None], log: AttemptLog
    ) -> Failure | None:
        headers, missing = _filled(work.headers)
        if missing:
            tip = f"Set {missing[0]} in the environment of beast; secrets do not stand in roadmaps."
            return classify.bad_request(f"the environment has no variable {missing[0]}", tip)
        try:
            _check(work, headers)
            answer = await self._ask(work, headers, attempt.timeout_s, leaves)
            await asyncio.sleep(0)  # a connection is closed in the next turn of the loop
        except TimeoutError:
            await asyncio.sleep(0)
            return classify.timed_out(attempt.timeout_s, where=where, effect="dropped")
        except aiohttp.InvalidURL as error:
            return _not_sendable(error)
        except (aiohttp.ClientError, OSError) as error:  # before ValueError, which a bad certificate is too
            return classify.from_exception(error, where=_refuser(error, work.url) or where)
        except ValueError as error:
            return _not_sendable(error)
        _note(log, f"{answer.status} {answer.reason}\n")
        log.write(answer.body[:_LOGGED_BYTES])
        return _judge(work, where, answer)

    async def _ask(
        self, work: Http, headers: dict[str, str], timeout_s: float, leaves: Callable[[], None]
    ) -> _Answer:
        body = _body(work.body, headers)
        _add(headers, "Accept-Encoding", "gzip, deflate")
        async with self._open().request(
            work.method,
            work.url,
            headers=headers,
            data=body,
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            allow_redirects=False,
            proxy=proxy_for(work.url),
            trace_request_ctx=leaves,
        ) as response:
            leaves()
            received, whole = await _received(response, success=_is_expected(work, response.status))
        if response.headers.get("Content-Encoding", "").strip().lower() in _PACKED:
            received, whole = _unpacked(received, whole)
        return _Answer(response.status, response.reason or "", response.headers, received, whole)

    def _open(self) -> aiohttp.ClientSession:
        """A connection for each request: on one kept alive, aiohttp silently sends a request again when the server
        has hung up meanwhile, which no limit would count. No cookies: what one task is told is not the next one's.
        Answers are unpacked here, where a few kilobytes cannot become gigabytes."""
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_left)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True, limit=0),
                trace_configs=[trace],
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back.   body: unpacked, its first `_MOST_ANSWER_BYTES`.   whole: there was no more of it."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    whole: bool


def shown(url: str) -> str:
    """An address as it may be shown: without a password, and without the query, where keys are passed."""
    try:
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return "the address"


async def _left(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: Any) -> None:
    context.trace_request_ctx()


async def _received(response: aiohttp.ClientResponse, *, success: bool) -> tuple[bytes, bool]:
    """The beginning of an answer, and whether that is all of it.

    A success is read to its end: before that, nothing has succeeded. A refusal is one, however its text ends.
    """
    kept, whole = bytearray(), True
    try:
        while piece := await response.content.read(_PIECE_BYTES):
            room = _MOST_ANSWER_BYTES - len(kept)
            whole = whole and len(piece) <= room
            kept += piece[:room]
            if not success and len(kept) >= _LOGGED_BYTES:
                return bytes(kept), False
    except (TimeoutError, aiohttp.ClientPayloadError):
        if success:
            raise
        whole = False
    return bytes(kept), whole


def _unpacked(packed: bytes, whole: bool) -> tuple[bytes, bool]:
    """As much of an answer as is kept; the packed bytes where they are not what the server says."""
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # gzip or zlib by its header; deflate without one
        stream = zlib.decompressobj(window)
        try:
            unpacked = stream.decompress(packed, _MOST_ANSWER_BYTES)
        except zlib.error:
            continue
        return unpacked, whole and not stream.unconsumed_tail
    return packed, whole


def _filled(headers: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Headers with `${VAR}` from the environment, and the variables that are missing there."""
    missing = [
        name for value in headers.values() for name in _VARIABLE.findall(value) if name not in os.environ
    ]
    filled = {key: _VARIABLE.sub(lambda m: os.environ.get(m[1], ""), value) for key, value in headers.items()}
    return filled, missing


def _check(work: Http, headers: Mapping[str, str]) -> None:
    """Raise ValueError for what would be found only once a connection is open."""
    if urlsplit(work.url).scheme not in ("http", "https"):
        raise ValueError(f"{work.url!r} is no http or https address")
    for name, value in headers.items():
        if any(character in name + value for character in "\r\n\0"):
            raise ValueError(f"the header {name!r} has more than one line")


def _body(body: Any, headers: dict[str, str]) -> bytes | None:
    """A text as it is, anything else as JSON. Adds to `headers` what it is, where they do not say so."""
    if body is None:
        return None
    is_text = isinstance(body, str)
    _add(headers, "Content-Type", "text/plain; charset=utf-8" if is_text else "application/json")
    return body.encode() if is_text else msgspec.json.encode(body)


def _add(headers: dict[str, str], name: str, value: str) -> None:
    if not any(given.lower() == name.lower() for given in headers):
        headers[name] = value


def _not_sendable(error: Exception) -> Failure:
    tip = "Correct the address, the headers or the body of the task; variables in headers hold one line each."
    return classify.bad_request(f"the request cannot be made: {error}", tip)


def _refuser(error: Exception, url: str) -> str:
    """The proxy, where it is the one that failed; else ""."""
    if isinstance(error, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
        return f"the proxy {shown(proxy_for(url) or '')}"
    return ""


def _note(log: AttemptLog, line: str) -> None:
    log.write(f"{line}\n".encode("utf-8", "replace"))


def _is_expected(work: Http, status: int) -> bool:
    return status in work.expect_status if work.expect_status else 200 <= status < 300


def _judge(work: Http, where: str, answer: _Answer) -> Failure | None:
    status, expected = answer.status, _is_expected(work, answer.status)
    text = answer.body[:_LOGGED_BYTES].decode("utf-8", "replace")
    if not expected and 200 <= status < 300:
        wanted = ", ".join(map(str, work.expect_status))
        return classify.invalid_response(f"status {status} where {wanted} was expected", where=where)
    if not expected and 300 <= status < 400:
        return classify.redirected(answer.headers, f"HTTP {status}", where=where)
    if not expected:
        return classify.from_status(status, answer.headers, text, now_unix=time.time(), where=where)
    if work.expect_json is None:
        return None
    return _judge_json(work.expect_json, where, answer, text)


def _judge_json(wanted: Any, where: str, answer: _Answer, text: str) -> Failure | None:
    if not answer.whole:
        most = _MOST_ANSWER_BYTES // 2**20
        cause = f"the answer is longer than the {most} MiB in which JSON is looked for"
        return classify.invalid_response(cause, where=where)
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError):
        return classify.invalid_response(f"the answer is not JSON: {text[:200]}", where=where)
    if contains(found, wanted):
        return None
    return classify.invalid_response(f"the answer lacks what was expected: {text[:200]}", where=where)


def contains(answer: Any, wanted: Any) -> bool:
    """Objects by their keys, all else by equality as JSON has it: true is not 1."""
    if isinstance(wanted, dict):
        return isinstance(answer, dict) and all(
            key in answer and contains(answer[key], value) for key, value in wanted.items()
        )
    return _equal(answer, wanted)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
