"""Gateways at work, for the dashboard: found by the signs in their home, and asked what they say of themselves."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Condition, Thread

import aiohttp
import msgspec

from beastmode.compose.serve.signs import Sign, Signs, killed_in, signs_in
from beastmode.dashboard.sources.live import GatewayKilled, GatewayNow
from beastmode.gateway.now import PATH

EVERY_S = 1.0
"""A gateway is asked so often at most, however many look."""
PATIENCE_S = 0.5
"""How long an answer is waited for, by whoever asks and by whoever makes a page."""
STANDS_S = 5.0
"""What a gateway has said, where it is at work and too slow to say it again: a machine may be busy for a moment, and a
page must not say then that there is no gateway."""
REST_S = 3.0
"""After so long without anybody who looks, nobody is asked any more."""
_MOST_BYTES = 4_000_000


class Gateways:
    """A `LiveReader` of the gateways in `home`. Thread-safe; one thread of its own asks while somebody looks."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._news = Condition()
        self._thread: Thread | None = None
        self._wanted = self._asked = float("-inf")
        self._said: dict[str, tuple[float, GatewayNow]] = {}
        self._gateways: Sequence[GatewayNow] = ()
        self._killed: Sequence[GatewayKilled] = ()
        self._version = "none"

    def version(self) -> str:
        with self._news:
            self._want()
            return self._version

    def gateways(self) -> Sequence[GatewayNow]:
        with self._news:
            self._want()
            self._news.wait_for(self._is_fresh, PATIENCE_S)
            return self._gateways if time.monotonic() - self._asked <= STANDS_S else ()

    def killed(self) -> Sequence[GatewayKilled]:
        with self._news:
            self._want()
            self._news.wait_for(self._is_fresh, PATIENCE_S)
            return self._killed

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._asked <= EVERY_S + PATIENCE_S

    def _want(self) -> None:
        self._wanted = time.monotonic()
        if self._thread is None or not self._thread.is_alive():
            self._thread = Thread(target=lambda: asyncio.run(self._follow()), name="gateways", daemon=True)
            self._thread.start()

    async def _follow(self) -> None:
        """Ask again and again until nobody looks any more."""
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        # The address is one of this machine, and a certificate is for the name that clients use.
        connector = aiohttp.TCPConnector(ssl=False)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            while self._wanted_still():
                before = time.monotonic()
                signs = signs_in(self._home)
                said = await asyncio.gather(*(_ask(session, sign) for sign in signs.at_work))
                tokens = [sign.token for sign in signs.at_work]
                self._know(dict(zip(tokens, said, strict=True)), _killed_in(signs))
                await asyncio.sleep(max(0.0, before + EVERY_S - time.monotonic()))

    def _wanted_still(self) -> bool:
        with self._news:
            if time.monotonic() - self._wanted <= REST_S:
                return True
            self._thread = None
            return False

    def _know(self, said: Mapping[str, GatewayNow | None], killed: Sequence[GatewayKilled] = ()) -> None:
        """What each gateway at work has said, by its token; and which were killed."""
        now = time.monotonic()
        before = {
            token: one for token, one in self._said.items() if now - one[0] <= STANDS_S and token in said
        }
        self._said = before | {token: (now, one) for token, one in said.items() if one is not None}
        gateways = [self._said[token][1] for token in said if token in self._said]
        with self._news:
            self._gateways, self._killed, self._asked = gateways, killed, now
            told = [*gateways, *killed]
            self._version = f"{zlib.crc32(msgspec.json.encode(told)):08x}" if told else "none"
            self._news.notify_all()


def _killed_in(signs: Signs) -> list[GatewayKilled]:
    now_unix = time.time()
    up_unix = now_unix - time.clock_gettime(time.CLOCK_BOOTTIME)
    return [
        GatewayKilled(
            one.sign.url, one.sign.began_unix, one.seen_unix, one.sign.command, one.seen_unix < up_unix
        )
        for one in killed_in(signs, now_unix)
    ]


async def _ask(session: aiohttp.ClientSession, sign: Sign) -> GatewayNow | None:
    """What it says; None where it says nothing that can be understood."""
    headers = {"authorization": f"Bearer {sign.token}"}
    try:
        async with session.get(sign.url + PATH, headers=headers, allow_redirects=False) as answer:
            body = await _whole(answer.content)
            said = msgspec.json.decode(body, type=GatewayNow)
    except (aiohttp.ClientError, OSError, TimeoutError, msgspec.MsgspecError):
        return None
    return replace(said, url=sign.url)


async def _whole(content: aiohttp.StreamReader) -> bytes:
    """All of an answer, which comes in pieces; as much as is held of one."""
    body = bytearray()
    while len(body) < _MOST_BYTES and (piece := await content.read(_MOST_BYTES - len(body))):
        body += piece
    return bytes(body)
