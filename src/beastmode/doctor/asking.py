"""Asking: one HTTP request at a time to the server that is examined, and all that its answer says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import aiohttp

from beastmode.clock import Clock
from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure

_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said.   skew_s: how far its clock is ahead of ours; None where it did not say."""

    url: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    skew_s: float | None = None


class Asker:
    """Asks on a connection of its own each time, directly, and follows no redirect: the key goes nowhere else.

    `async with` it.   timeout_s: for each question.   answers: all that came, in order.
    """

    def __init__(self, clock: Clock, timeout_s: float) -> None:
        self.clock, self.timeout_s = clock, timeout_s
        self.answers: list[Answer] = []
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(
        self, url: str, headers: Mapping[str, str], body: Mapping[str, object] | None = None
    ) -> Answer | Failure:
        """GET, or POST where there is a body; a model may take six times as long as a list. A failure where no
        answer came."""
        assert self._session is not None
        method, data = ("GET", None) if body is None else ("POST", json.dumps(body).encode())
        timeout = aiohttp.ClientTimeout(total=self.timeout_s * (1 if body is None else 6))
        sent = {"Accept": "application/json", **headers}
        if data is not None:
            sent["Content-Type"] = "application/json"
        try:
            async with self._session.request(
                method, url, headers=sent, data=data, allow_redirects=False, timeout=timeout
            ) as came:
                received = await came.content.read(_MOST_BYTES)
                while chunk := await came.content.read(_MOST_BYTES - len(received)):
                    received += chunk
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return classify(Evidence(exception=error, url=url), now_unix=self.clock.unix())
        skew_s = skew_in(came.headers, self.clock.unix())
        answer = Answer(url, came.status, dict(came.headers), received, skew_s)
        self.answers.append(answer)
        return answer

    def failure_of(self, answer: Answer, model: str = "", models: tuple[str, ...] = ()) -> Failure:
        """What an answer that is no good means."""
        evidence = Evidence(
            answer.status, answer.headers, answer.body, url=answer.url, model=model, models=models
        )
        return classify(evidence, now_unix=self.clock.unix())


def skew_in(headers: Mapping[str, str], now_unix: float) -> float | None:
    """How far the server's clock is ahead, in seconds, by its Date; a cache adds the Age of what it kept."""
    try:
        sent = parsedate_to_datetime(headers.get("Date", "")).timestamp()
        return sent + float(headers.get("Age", "0")) - now_unix
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
