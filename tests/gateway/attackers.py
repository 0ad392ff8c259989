"""Clients that mean no good, in a process of their own: `python -m tests.gateway.attackers slowloris URL 2000`.

Each says `ready` once it is at work, and ends when its standard input is closed, with one JSON object: what it saw.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
from urllib.parse import urlsplit

import aiohttp

CHAT = "/v1/chat/completions"
GB = 2**30
_PIECE = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
Said = Counter[str]


class Attack:
    """url: whom it is for.   many: clients at once.   over: set when it is to end."""

    def __init__(self, url: str, many: int) -> None:
        self.url, self.many, self.over = url, many, asyncio.Event()
        self.said: Said = Counter()
        self._on_their_way: list[asyncio.Task[None]] = []

    def let_go(self, one: Coroutine[None, None, None]) -> None:
        """Let it go, beside others."""
        self._on_their_way.append(asyncio.create_task(one))

    async def ended(self) -> None:
        """Once all that were let go have ended."""
        await asyncio.gather(*self._on_their_way)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self.url)
        return await asyncio.open_connection(parts.hostname, parts.port)

    async def all(self, one: Callable[[int], Awaitable[str]], at_work_s: float = 0.5) -> None:
        """Let all of them go, and count what they say.   at_work_s: until they are."""

        async def guarded(number: int) -> str:
            try:
                return await one(number)
            except (OSError, asyncio.IncompleteReadError, aiohttp.ClientError) as error:
                return type(error).__name__

        tasks = [asyncio.create_task(guarded(number)) for number in range(self.many)]
        await asyncio.sleep(at_work_s)
        print("ready", flush=True)
        self.said.update(await asyncio.gather(*tasks))

    async def rest_of(self, reader: asyncio.StreamReader) -> str:
        """The status of an answer, or "cut" where there is none."""
        with suppress(OSError):
            line = await reader.readline()
            return line.split(b" ")[1].decode() if line.startswith(b"HTTP") else "cut"
        return "cut"


async def slowloris(attack: Attack) -> None:
    """Heads and bodies that come a byte at a time and never end."""
    head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\n".encode()
    starts = [head + b"X-Slow: ", head + b"Content-Length: 100000\r\n\r\n"]

    async def one(number: int) -> str:
        reader, writer = await attack.connect()
        writer.write(starts[number % 2])
        reading = asyncio.create_task(reader.read())
        while not (reading.done() or attack.over.is_set()):
            writer.write(b"x")
            await asyncio.wait([reading], timeout=5.0)
        cut = reading.done()
        writer.close()
        with suppress(OSError):
            await reading
        return "cut" if cut else "left alone"

    await attack.all(one, at_work_s=3.0)


async def unstated(attack: Attack) -> None:
    """1 GB in chunks, without a length."""

    async def one(_number: int) -> str:
        reader, writer = await attack.connect()
        writer.write(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        with suppress(OSError):
            for _ in range(0, GB, 0x10000):
                writer.write(_PIECE)
                await writer.drain()
        return await attack.rest_of(reader)

    await attack.all(one)


async def stated(attack: Attack) -> None:
    """1 GB by its length, sent whatever the answer is."""

    async def one(_number: int) -> str:
        reader, writer = await attack.connect()
        writer.write(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {GB}\r\n\r\n".encode())
        with suppress(OSError):
            for _ in range(0, GB, 0x10000):
                writer.write(_PIECE[7:-2])
                await writer.drain()
        return await attack.rest_of(reader)

    await attack.all(one)


async def large(attack: Attack) -> None:
    """Good requests of 30 MB."""
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "word " * 6_000_000}]}).encode()

    headers = {"Content-Length": str(len(body))}

    async def one(_number: int) -> str:
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{attack.url}{CHAT}", data=_each(body)) as got,
        ):
            await got.read()
            return str(got.status)

    await attack.all(one)


async def heads(attack: Attack) -> None:
    """Headers of 100 KB, again and again."""

    async def one(_number: int) -> str:
        status = ""
        async with aiohttp.ClientSession() as session:
            while not attack.over.is_set():
                headers = {"X-Large": "x" * 100_000}
                async with session.post(f"{attack.url}{CHAT}", data=b"{}", headers=headers) as got:
                    await got.read()
                    status = str(got.status)
                await asyncio.sleep(0.1)
        return status

    await attack.all(one)


async def unread(attack: Attack) -> None:
    """Ask for a long stream, and never read it."""
    body = b'{"model": "endless", "stream": true}'

    async def one(_number: int) -> str:
        await _never_read(attack, body)
        return "never read"

    await attack.all(one, at_work_s=15.0)  # until the memory of all sockets between is full


async def untaken(attack: Attack) -> None:
    """Ask for a large answer in one piece, each for another, one after the other, and never read it. The first ones are
    larger than what is held of one."""

    async def one(number: int) -> str:
        await asyncio.sleep(number * 0.05)
        model = "vast" if number < 120 else "large"
        await _never_read(attack, _large(number, model, **({"temperature": 0} if number % 2 else {})))
        return "never read"

    await attack.all(one, at_work_s=15.0)


async def again(attack: Attack) -> None:
    """Take a large answer, each another; ask for it again, as it is remembered by now, and never read that."""
    turn = asyncio.Lock()

    async def one(number: int) -> str:
        body = _large(number, "middling", temperature=0)
        async with turn:
            await _take(attack, body)
        await _never_read(attack, body)
        return "never read"

    await attack.all(one, at_work_s=30.0)


async def everything(attack: Attack) -> None:
    """All that is held for clients, each kind to its bound: remembered answers; such as are on their way but not
    remembered any more; answers that are whole and not taken; and bodies, large and small, that nobody answers."""
    asked = [_large(number, "middling", temperature=0) for number in range(60)]
    for body in asked[:20]:
        await _take(attack, body)
    for body in asked[10:20]:
        attack.let_go(_never_read(attack, body))
    await asyncio.sleep(3.0)  # until they are on their way
    for body in asked[20:]:
        await _take(attack, body)
        await _take(attack, body)
    for number in range(100, 120):
        attack.let_go(_never_read(attack, _large(number)))
    await asyncio.sleep(5.0)  # until they are whole
    for size in 20 * [1_000] + 94 * [990_000] + 4 * [30_000_000]:
        attack.let_go(_never_read(attack, _waiting(size)))

    async def all_of_them(_number: int) -> str:
        await attack.ended()
        return "never read"

    await attack.all(all_of_them, at_work_s=20.0)


async def begun(attack: Attack) -> None:
    """Heads of a great many small headers, and of one large one, that never end."""
    head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\n".encode()

    async def one(number: int) -> str:
        _reader, writer = await attack.connect()
        writer.write(head + b"a:\r\n" * 15_000 if number % 2 else head + b"X: " + b"x" * 120_000)
        await attack.over.wait()
        writer.transport.abort()
        return "never ended"

    await attack.all(one, at_work_s=10.0)


async def ahead(attack: Attack) -> None:
    """Thousands of requests in one piece, behind one that takes long."""
    body = b'{"model": "endless", "stream": true}'

    async def one(_number: int) -> str:
        _reader, writer = await attack.connect()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(_post(body) + b"GET / HTTP/1.1\r\n\r\n" * 14_000)
        await attack.over.wait()
        writer.transport.abort()
        return "never read"

    await attack.all(one, at_work_s=10.0)


async def _take(attack: Attack, body: bytes) -> None:
    """Ask just as `_never_read` does, since the headers are a part of what is remembered, and read the answer."""
    reader, writer = await attack.connect()
    writer.write(_post(body))
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
    writer.close()


async def _never_read(attack: Attack, body: bytes) -> None:
    _reader, writer = await attack.connect()
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(_post(body))
    await attack.over.wait()
    writer.transport.abort()


def _post(body: bytes) -> bytes:
    return f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _large(number: int, model: str = "large", **more: float) -> bytes:
    """A request for an answer of 7 MB, 3 MB of `middling` and 9 MB of `vast`; another for each number."""
    said = {"model": model, "user": str(number), "messages": [{"role": "user", "content": str(number)}]}
    return json.dumps(said | more).encode()


def _waiting(size: int) -> bytes:
    """A request of about that size that is not answered."""
    return json.dumps({"model": "silent", "messages": [{"role": "user", "content": "x" * size}]}).encode()


async def overload(attack: Attack) -> None:
    """Requests at a steady rate, `many` a second, whatever becomes of the ones before."""
    tasks: set[asyncio.Task[None]] = set()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one() -> None:
            try:
                async with session.post(f"{attack.url}{CHAT}", data=b'{"model": "m", "messages": []}') as got:
                    await got.read()
                    attack.said[str(got.status)] += 1
            except (OSError, aiohttp.ClientError) as error:
                attack.said[type(error).__name__] += 1

        print("ready", flush=True)
        loop = asyncio.get_running_loop()
        begun, sent = loop.time(), 0
        while not attack.over.is_set():
            due = int((loop.time() - begun) * attack.many)
            for _ in range(due - sent):
                task = asyncio.create_task(one())
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            sent = due
            await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        attack.said["sent"] = sent


async def _each(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 0x10000):
        yield body[start : start + 0x10000]


ATTACKS = {
    one.__name__: one
    for one in (
        slowloris,
        unstated,
        stated,
        large,
        heads,
        begun,
        ahead,
        unread,
        untaken,
        again,
        everything,
        overload,
    )
}


async def main(name: str, url: str, many: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    attack = Attack(url, many)
    attacking = asyncio.create_task(ATTACKS[name](attack))
    await asyncio.to_thread(sys.stdin.read)
    attack.over.set()
    await attacking
    print(json.dumps(attack.said), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
