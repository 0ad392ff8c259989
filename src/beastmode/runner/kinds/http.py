"""HTTP tasks: one request, one connection, never sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import aiohttp

from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.failures.secrets import Secrets
from beastmode.failures.words import masked, one_line
from beastmode.probes.proxies import proxy_for
from beastmode.runner.kinds.http_answer import Answer, judge, read
from beastmode.runner.kinds.http_request import missing_in, prepared, secrets_of
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.processes.supervisor import AttemptLog
from beastmode.runner.work import Http


class HttpKind:
    """Sends requests for one run. Close it when the run has ended."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def perform(self, attempt: Attempt, leaves: Callable[[], None]) -> Outcome:
        """Send the request once and read its answer to the end. Redirects are not followed: the limits count one
        request, and one it is. The connection is closed when this returns.

        Neither the log nor the failure shows the credentials of the URL, the variables that the headers name, or the
        environment's other secrets, also where the server says them back.
        """
        work = attempt.task.work
        if not isinstance(work, Http):
            raise TypeError(f"no HTTP request: {work!r}")
        secrets = secrets_of(work)
        log = AttemptLog(attempt.log_path, attempt.log_limit_bytes)
        try:
            _note(log, secrets.hide(f"{work.method} {masked(work.url)}"))
            failure = await self._send(work, attempt, leaves, log, secrets)
            if failure is not None:
                failure = secrets.hide_in(failure)
                _note(log, f"\n{failure.class_}: {failure.cause}")
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
        if missing := missing_in(work.headers):
            tip = f"Set {missing} in the environment of beast; secrets do not stand in roadmaps."
            return classify.bad_request(f"the environment has no variable {missing}", tip)
        try:
            answer = await self._ask(work, attempt.timeout_s, leaves)
        except TimeoutError:
            return classify.timed_out(attempt.timeout_s, where=masked(work.url), effect="dropped")
        except aiohttp.InvalidURL as error:
            return _not_sendable(error)
        except (aiohttp.ClientError, OSError) as error:  # before ValueError, which a bad certificate is too
            return _not_answered(error, work.url)
        except ValueError as error:
            return _not_sendable(error)
        shown = answer.shown(secrets)
        _note(log, secrets.hide(f"{answer.status} {answer.reason}\n"))
        log.write(shown)
        return judge(work, answer, shown.decode("utf-8", "replace"))

    async def _ask(self, work: Http, timeout_s: float, leaves: Callable[[], None]) -> Answer:
        headers, body = prepared(work)
        try:
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
                return await read(response, work)
        finally:
            await asyncio.sleep(0)  # a connection is closed in the next turn of the loop

    def _open(self) -> aiohttp.ClientSession:
        """A connection for each request: on one kept alive, aiohttp silently sends a request again when the server
        has hung up meanwhile, which no limit would count. No cookies: what one task is told is not the next one's.
        Answers are unpacked by us, so that a few kilobytes cannot become gigabytes."""
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


async def _left(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: Any) -> None:
    context.trace_request_ctx()


def _not_sendable(error: Exception) -> Failure:
    tip = "Correct the address, the headers or the body of the task; variables in headers hold one line each."
    return classify.bad_request(f"the request cannot be made: {error}", tip)


def _not_answered(error: Exception, url: str) -> Failure:
    if not isinstance(error, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
        return classify.from_exception(error, where=masked(url))
    proxy = masked(proxy_for(url) or "")
    failure = classify.from_exception(error, where=proxy)
    return replace(failure, cause=one_line(f"the proxy {proxy}: {failure.cause}"))


def _note(log: AttemptLog, line: str) -> None:
    log.write(f"{line}\n".encode("utf-8", "replace"))
