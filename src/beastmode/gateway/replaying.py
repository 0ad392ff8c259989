"""Replaying: a recorded request made ready to be sent again, and what its answer is worth. Pure."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from beastmode.errors import PreconditionError
from beastmode.failures.answers import flaw_in
from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure
from beastmode.gateway.dialects import dialect_for
from beastmode.gateway.locate import locate
from beastmode.store.ledger.entry import Entry

_NOT_KEPT = "Start the gateway with --record all: by default only what failed upstream can be sent again."
_OAUTH = "sk-ant-oat"
"""How the tokens of Anthropic's subscriptions begin: they are no API keys, and go where bearers go."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A request to be sent again.

    upstream: base URL of the one that was asked last.   changed: why it is not the same request, as words after "it";
    "" where it is, byte for byte.   headers: without a credential, names in lower case.
    """

    id: str
    upstream: str
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    dialect: str
    model: str
    streamed: bool
    changed: str

    def url(self, base: str) -> str:
        """Where it goes, below a gateway's or an upstream's base URL."""
        return locate(base, self.path, self.query)


def replay_of(entry: Entry) -> Replay:
    """What is sent to do it again. Raises PreconditionError where that was not recorded."""
    if entry.request_body is None or entry.sent is None:
        ended = entry.outcome or "in flight"
        raise PreconditionError(
            f"the body of this request was not kept (it is {ended})", where=entry.id, tip=_NOT_KEPT
        )
    sent = entry.sent
    return Replay(
        entry.id,
        entry.upstream,
        entry.method,
        entry.path,
        sent.query,
        sent.headers,
        entry.request_body,
        entry.dialect,
        entry.model,
        entry.stream,
        sent.flaw,
    )


def credential_header(replay: Replay, key: str) -> tuple[str, str]:
    """The header in which its dialect carries a key."""
    family = replay.dialect.partition(".")[0]
    if family == "anthropic" and not key.startswith(_OAUTH):
        return "x-api-key", key
    if family == "gemini":
        return "x-goog-api-key", key
    if "api-version=" in replay.query:
        return "api-key", key  # Azure
    return "authorization", f"Bearer {key}"


def judged(replay: Replay, url: str, status: int, headers: Mapping[str, str], body: bytes) -> Failure | None:
    """What is wrong with the answer; None where it is a good one.   headers: names in lower case."""
    shape = dialect_for(replay.method, replay.path).shape
    if status >= 400:
        evidence: Evidence | None = Evidence(status, headers, body, url=url, model=replay.model)
    elif shape is None or replay.method != "POST":
        return None
    else:
        evidence = flaw_in(status, headers, body, dialect=shape, streamed=replay.streamed, url=url)
    return None if evidence is None else _told(classify(evidence, now_unix=time.time()), headers)


def _told(failure: Failure, headers: Mapping[str, str]) -> Failure:
    """A gateway has seen more of it than its answer says: its class and tip count."""
    class_, tip = headers.get("x-beast-class"), headers.get("x-beast-tip")
    if not class_ or not tip:
        return failure
    return Failure(class_, failure.cause, failure.passing, tip, failure.retry_after_s)
