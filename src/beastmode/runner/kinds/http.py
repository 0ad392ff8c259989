"""HTTP tasks: one request, one connection, never sent twice."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import aiohttp
import msgspec

from beastmode.failures import classify
from beastmode.failures.answers import dialect_of, flaw_in
from beastmode.failures.failure import Failure
from beastmode.failures.secrets import Secrets, secrets_of_url
from beastmode.failures.words import masked, secrets_in
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.supervisor import AttemptLog
from beastmode.runner.work import Http

_MOST_ANSWER_BYTES = 8 * 1024 * 1024
_LOGGED_BYTES = 64 * 1024
_LONGEST_SECRET = 4096
_SCHEMES = ("bearer", "digest", "negotiate")
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class HttpKind:
    """Sends requests for one run. Close it when the run has ended."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def perform(self, attempt: Attempt, leaves: Callable[[], None]) -> Outcome:
        """Send the request once. Redirects are not followed: the limits count one request, and one it is.

        Neither the log nor the failure shows the credentials of the URL, the variables that the headers name, or the
        environment's other secrets, also where the server says them back.
        """
        work = attempt.task.work
        if not isinstance(work, Http):
            raise TypeError(f"no HTTP request: {work!r}")
        secrets = _secrets_of(work)
        log = AttemptLog(attempt.log_path, attempt.log_limit_bytes)
        try:
            log.write(secrets.hide(f"{work.method} {masked(work.url)}\n").encode())
            failure = await self._send(work, attempt, leaves, log, secrets)
            if failure is not None:
                failure = secrets.hide_in(failure)
                log.write(f"\n{failure.class_}: {failure.cause}\n".encode("utf-8", "replace"))
        finally:
            log.close()
        return Outcome(failure, failure.effect if failure else "success")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _send(
        self, work: Http, attempt: Attempt, leaves: Callable[[], None], log: AttemptLog, secrets: Secrets
    ) -> Failure | None:
        headers, missing = _filled(work.headers)
        if missing:
            tip = f"Set {missing[0]} in the environment of beast; secrets do not stand in roadmaps."
            return classify.bad_request(f"the environment has no variable {missing[0]}", tip)
        timeout = aiohttp.ClientTimeout(total=attempt.timeout_s)
        body = _body(work.body, headers)
        try:
            async with self._open().request(
                work.method,
                work.url,
                headers=headers,
                data=body,
                timeout=timeout,
                allow_redirects=False,
                trace_request_ctx=leaves,
            ) as answer:
                leaves()
                received = await answer.content.read(_MOST_ANSWER_BYTES)
                while chunk := await answer.content.read(_MOST_ANSWER_BYTES - len(received)):
                    received += chunk
        except TimeoutError:
            return classify.timed_out(attempt.timeout_s, where=masked(work.url), effect="dropped")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return classify.from_exception(error, where=masked(work.url))
        shown = _shown(received, secrets)
        log.write(secrets.hide(f"{answer.status} {answer.reason or ''}\n\n").encode() + shown)
        return _judge(work, answer.status, answer.headers, received, shown.decode("utf-8", "replace"))

    def _open(self) -> aiohttp.ClientSession:
        """A connection for each request: on one kept alive, aiohttp silently sends a request again when the server
        has hung up meanwhile, which no limit would count."""
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_left)
            connector = aiohttp.TCPConnector(force_close=True, limit=0)
            self._session = aiohttp.ClientSession(connector=connector, trace_configs=[trace])
        return self._session


async def _left(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: Any) -> None:
    context.trace_request_ctx()


def _secrets_of(work: Http) -> Secrets:
    named = [name for value in work.headers.values() for name in VARIABLE.findall(value)]
    values = [os.environ.get(name, "") for name in named]
    written = [value for value in secrets_in(work.headers) if value.lower() not in _SCHEMES]
    return Secrets.of_environment(os.environ, *values, *written, *secrets_of_url(work.url))


def _shown(received: bytes, secrets: Secrets) -> bytes:
    """The beginning of an answer, text or not, without the secrets; none of them is cut in half."""
    enough = received[: _LOGGED_BYTES + _LONGEST_SECRET].decode("utf-8", "surrogateescape")
    return secrets.hide(enough).encode("utf-8", "surrogateescape")[:_LOGGED_BYTES]


def _filled(headers: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Headers with `${VAR}` from the environment, and the variables that are missing there."""
    missing = [
        name for value in headers.values() for name in VARIABLE.findall(value) if name not in os.environ
    ]
    filled = {key: VARIABLE.sub(lambda m: os.environ.get(m[1], ""), value) for key, value in headers.items()}
    return filled, missing


def _body(body: Any, headers: dict[str, str]) -> bytes | None:
    if body is None:
        return None
    if isinstance(body, str):
        return body.encode()
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    return msgspec.json.encode(body)


def _judge(work: Http, status: int, headers: Mapping[str, str], received: bytes, text: str) -> Failure | None:
    """None where the answer is what was expected.   text: its beginning, as it may be shown."""
    expected = status in work.expect_status if work.expect_status else 200 <= status < 300
    if not expected and 200 <= status < 300:
        wanted = ", ".join(map(str, work.expect_status))
        return classify.invalid_response(
            f"status {status} where {wanted} was expected", where=masked(work.url)
        )
    if not expected and 300 <= status < 400:
        return classify.redirected(headers, f"HTTP {status}", where=masked(work.url))
    if not expected:
        return classify.from_status(status, headers, text, now_unix=time.time(), where=masked(work.url))
    if work.expect_json is None:
        return _flaw(work, status, headers, received)
    try:
        answer = msgspec.json.decode(received)
    except msgspec.DecodeError:
        return classify.invalid_response(f"the answer is not JSON: {text[:200]}", where=masked(work.url))
    if contains(answer, work.expect_json):
        return None
    return classify.invalid_response(
        f"the answer lacks what was expected: {text[:200]}", where=masked(work.url)
    )


def _flaw(work: Http, status: int, headers: Mapping[str, str], received: bytes) -> Failure | None:
    """What is wrong with a model's answer behind a good status; what other servers answer is theirs to decide."""
    dialect = dialect_of(work.url)
    asks_model = isinstance(work.body, dict) and ("model" in work.body or "contents" in work.body)
    whole = len(received) < _MOST_ANSWER_BYTES
    if dialect is None or not asks_model or not whole or not 200 <= status < 300:
        return None
    streamed = work.body.get("stream") is True or "streamGenerateContent" in work.url
    evidence = flaw_in(status, headers, received, dialect=dialect, streamed=streamed, url=work.url)
    return None if evidence is None else classify.classify(evidence, now_unix=time.time())


def contains(answer: Any, wanted: Any) -> bool:
    """Objects by their keys, all else by equality."""
    if isinstance(wanted, dict):
        return isinstance(answer, dict) and all(
            key in answer and contains(answer[key], value) for key, value in wanted.items()
        )
    return bool(answer == wanted)
