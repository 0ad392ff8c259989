"""What an HTTP task gets back: read, unpacked, shown without secrets, and judged."""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from beastmode.failures import classify
from beastmode.failures.answers import dialect_of, flaw_in
from beastmode.failures.failure import Failure
from beastmode.failures.secrets import Secrets
from beastmode.failures.words import masked
from beastmode.runner.work import Http

_MOST_BYTES = 8 * 1024 * 1024
"""Of an answer, as it came and unpacked, that are kept to be judged; the rest is read and thrown away."""
_PIECE_BYTES = 256 * 1024
_SHOWN_BYTES = 64 * 1024
_LONGEST_SECRET = 4096
_PACKED = {"gzip", "x-gzip", "deflate"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.   body: unpacked, its first 8 MiB.   whole: there was no more of it."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    whole: bool

    def shown(self, secrets: Secrets) -> bytes:
        """The beginning of the body, text or not, without the secrets; none of them is cut in half."""
        enough = self.body[: _SHOWN_BYTES + _LONGEST_SECRET].decode("utf-8", "surrogateescape")
        return secrets.hide(enough).encode("utf-8", "surrogateescape")[:_SHOWN_BYTES]


async def read(response: aiohttp.ClientResponse, work: Http) -> Answer:
    """The answer: a success to its end, for before that nothing has succeeded. A refusal is one, however its text
    ends."""
    success = _is_expected(work, response.status)
    kept, whole = bytearray(), True
    try:
        while piece := await response.content.read(_PIECE_BYTES):
            room = _MOST_BYTES - len(kept)
            whole = whole and len(piece) <= room
            kept += piece[:room]
            if not success and len(kept) >= _SHOWN_BYTES:
                whole = False
                break
    except (TimeoutError, aiohttp.ClientPayloadError):
        if success:
            raise
        whole = False
    body = bytes(kept)
    if response.headers.get("Content-Encoding", "").strip().lower() in _PACKED:
        body, whole = _unpacked(body, whole)
    return Answer(response.status, response.reason or "", response.headers, body, whole)


def judge(work: Http, answer: Answer, text: str) -> Failure | None:
    """None where the answer is what was expected.   text: its beginning, as it may be shown."""
    status, headers, where = answer.status, answer.headers, masked(work.url)
    expected = _is_expected(work, status)
    if not expected and 200 <= status < 300:
        wanted = ", ".join(map(str, work.expect_status))
        return classify.invalid_response(f"status {status} where {wanted} was expected", where=where)
    if not expected and 300 <= status < 400:
        return classify.redirected(headers, f"HTTP {status}", where=where)
    if not expected:
        return classify.from_status(status, headers, text, now_unix=time.time(), where=where)
    if work.expect_json is None:
        return _flaw(work, answer)
    lacking = _lacking(work.expect_json, answer, text)
    return classify.invalid_response(lacking, where=where) if lacking else None


def contains(answer: Any, wanted: Any) -> bool:
    """Objects by their keys, all else by equality as JSON has it: true is not 1."""
    if isinstance(wanted, dict):
        return isinstance(answer, dict) and all(
            key in answer and contains(answer[key], value) for key, value in wanted.items()
        )
    return _equal(answer, wanted)


def lacks(answer: Any, wanted: Any, path: str = "") -> str:
    """What is wanted first and not there, as in `usage.tokens = 7`; of an answer that does not contain it all."""
    if isinstance(wanted, dict) and isinstance(answer, dict):
        for key, value in wanted.items():
            if key not in answer or not contains(answer[key], value):
                return lacks(answer.get(key), value, f"{path}.{key}".lstrip("."))
    value = msgspec.json.encode(wanted).decode()[:100]
    return f"{path} = {value}" if path else value


def _is_expected(work: Http, status: int) -> bool:
    return status in work.expect_status if work.expect_status else 200 <= status < 300


def _lacking(wanted: Any, answer: Answer, text: str) -> str:
    """Why the answer does not contain what is wanted; "" where it does."""
    if not answer.whole:
        return f"the answer is longer than the {_MOST_BYTES // 2**20} MiB in which JSON is looked for"
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError):
        return f"the answer is not JSON: {text[:200]}"
    return "" if contains(found, wanted) else f"the answer lacks {lacks(found, wanted)}: {text[:200]}"


def _flaw(work: Http, answer: Answer) -> Failure | None:
    """What is wrong with a model's answer behind a good status; what other servers answer is theirs to decide."""
    dialect = dialect_of(work.url)
    asks_model = isinstance(work.body, dict) and ("model" in work.body or "contents" in work.body)
    if dialect is None or not asks_model or not answer.whole or not 200 <= answer.status < 300:
        return None
    streamed = work.body.get("stream") is True or "streamGenerateContent" in work.url
    evidence = flaw_in(
        answer.status, answer.headers, answer.body, dialect=dialect, streamed=streamed, url=work.url
    )
    return None if evidence is None else classify.classify(evidence, now_unix=time.time())


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _unpacked(packed: bytes, whole: bool) -> tuple[bytes, bool]:
    """As much of a body as is kept; the packed bytes where they are not what the server says."""
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # gzip or zlib by its header; deflate without one
        stream = zlib.decompressobj(window)
        try:
            unpacked = stream.decompress(packed, _MOST_BYTES)
        except zlib.error:
            continue
        return unpacked, whole and not stream.unconsumed_tail
    return packed, whole
