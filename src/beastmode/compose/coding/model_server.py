"""What is known of a run's model server before anybody asks it: what it speaks, and whether it takes the key.

A wrong key costs Claude Code 193 s and eleven requests before it says so; one free question says it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp

from beastmode.clock import SYSTEM_CLOCK
from beastmode.doctor.places import credentials, upstream_of
from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure

PATIENCE_S = 15.0
"""For the list of models. A server that is down is no reason not to begin: it is waited for."""
STAND_IN_KEY = "through-the-gateway"
"""What an agent shows as its key where the gateway has the real one, or none is needed."""
_REFUSED = (401, 403)
_DIALECTS = {
    "anthropic.com": ("messages",),
    "openai.com": ("chat", "responses"),
    "googleapis.com": ("gemini", "chat"),
}


@dataclass(frozen=True, slots=True)
class Looked:
    """What the list of models said.   taken: it was shown; None: nobody can tell.   failure: why it was not, or
    why there was no answer."""

    taken: bool | None
    failure: Failure | None = None


def dialects_of(upstream: str) -> tuple[str, ...]:
    """What the server at a base URL speaks, as `Access` names it; empty where that is not known. "" for all
    providers."""
    if not upstream:
        return ("chat", "responses", "messages", "gemini")
    host = urlsplit(upstream).hostname or ""
    return next((known for end, known in _DIALECTS.items() if host.endswith(end)), ())


def is_near(url: str) -> bool:
    """On this machine, or in a network of one's own: such a server often wants no key."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan"))


async def look(way: str, upstream: str) -> Looked:
    """Ask for the list of models, which is free, through the gateway, so that it is paced and recorded.

    way: the URL of an attempt.   upstream: behind it, as far as that is known.   The key is shown in each way that this
    server may want it; the gateway puts its own there.
    """
    server = upstream_of(upstream or way)
    path = "/v1beta/models" if server.host.endswith("googleapis.com") else "/v1/models"
    looked = Looked(None)
    try:
        async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as session:
            for headers in credentials(server, STAND_IN_KEY):
                looked = await _asked(session, way + path, headers, server.base)
                if looked.taken is not False:
                    return looked
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return Looked(None, classify(Evidence(exception=error, url=way), now_unix=SYSTEM_CLOCK.unix()))
    return looked


async def _asked(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], shown_as: str
) -> Looked:
    async with session.get(url, headers=headers) as answer:
        body = await answer.read()
        if answer.status == 200:
            return Looked(True)
        if answer.status not in _REFUSED:
            return Looked(None)
        evidence = Evidence(answer.status, dict(answer.headers), body, url=shown_as)
        return Looked(False, classify(evidence, now_unix=SYSTEM_CLOCK.unix()))
