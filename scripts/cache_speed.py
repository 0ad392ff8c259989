"""What the cache costs, in microseconds of CPU of the process: the best of several rounds. Compare within one run only.

`at_hand`: a hit in memory.   `put`: what the event loop pays.   `find`: a hit or a miss in the database, all threads
included, one at a time and 100 at once.   pieces, joined: sending a recorded stream over loopback in the pieces in
which it came, and at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from sys import getsizeof

from beastmode.cache.answer import Answer
from beastmode.cache.l1_memory import L1Memory
from beastmode.cache.l3_database import L3Database
from beastmode.cache.sealing import seal, unseal
from beastmode.cache.stack import Stack

ROUNDS = 7
HEADERS = tuple((f"header-{n}".encode(), b"a value of some length") for n in range(10))
EVENT = {
    "id": "chatcmpl-9wq8h2",
    "object": "chat.completion.chunk",
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": "a word"}, "logprobs": None, "finish_reason": None}],
}
PIECES = [b"data: " + json.dumps({**EVENT, "created": n}).encode() + b"\n\n" for n in range(500)]


def answer(body: bytes = b"x" * 1100) -> Answer:
    return Answer(200, HEADERS, body, time.time(), 3600.0, "m", "openai", 1000, 300)


def best(times: int, work: Callable[[], object]) -> float:
    """Microseconds of CPU per call."""
    return min(_round(times, work) for _ in range(ROUNDS)) / times * 1e6


def _round(times: int, work: Callable[[], object]) -> float:
    begun = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - begun


async def best_of(times: int, work: Callable[[], Awaitable[object]]) -> float:
    seen = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(times):
            await work()
        seen.append((time.process_time() - begun) / times * 1e6)
    return min(seen)


def told(what: str, us: float) -> None:
    print(f"| {what} | {us:,.2f} |", flush=True)


async def stack_figures(folder: Path) -> None:
    keys = [os.urandom(32) for _ in range(2000)]
    memory = Stack(L1Memory(64 << 20))
    for key in keys:
        memory.put(key, answer())
    told("at_hand, hit, no database", best(100_000, lambda: memory.at_hand(keys[7])))
    stack = Stack(L1Memory(64 << 20), L3Database(folder / "cache.db"))
    one = answer()
    loop_s = time.thread_time()
    for key in keys:
        stack.put(key, one)
        await asyncio.sleep(0)
    loop_s = time.thread_time() - loop_s
    told("at_hand, hit", best(100_000, lambda: stack.at_hand(keys[7])))
    told("at_hand, none", best(100_000, lambda: stack.at_hand(b"none")))
    await stack.close()
    told("put, on the event loop (a turn of it included)", loop_s / len(keys) * 1e6)
    missing = iter(lambda: os.urandom(32), b"")
    stack = Stack(L1Memory(10_000), L3Database(folder / "cache.db"))
    told("find, a miss in both", await best_of(500, lambda: stack.find(next(missing))))

    async def together() -> None:
        await asyncio.gather(*(stack.find(next(missing)) for _ in range(100)))

    told("find, a miss in both, 100 at once, each", await best_of(20, together) / 100)
    turn = iter(range(10**9))
    told("find, a hit in the database", await best_of(500, lambda: stack.find(keys[next(turn) % 2000])))
    await stack.close()


def sealing_figures() -> None:
    key = os.urandom(32)
    for what, body in (
        ("1.1 KB", b"x" * 1100),
        (f"a stream of {sum(map(len, PIECES)):,} B", b"".join(PIECES)),
    ):
        one = answer(body)
        sealed = seal(key, one)
        told(f"seal {what} (to {len(sealed):,} B)", best(200, lambda one=one: seal(key, one)))
        told(f"unseal {what}", best(200, lambda sealed=sealed: unseal(key, sealed)))


async def sending_figures() -> None:
    swallowed = asyncio.Event()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1 << 20):
            pass
        writer.close()
        swallowed.set()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())

    async def send(pieces: list[bytes]) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    joined = b"".join(PIECES)
    told(f"{len(PIECES)} pieces sent one by one", await best_of(20, lambda: send(PIECES)))
    told(f"{len(PIECES)} pieces sent joined", await best_of(20, lambda: send([joined])))
    apart = sum(map(getsizeof, PIECES)) + 8 * len(PIECES)
    print(f"| bytes of memory, pieces / joined | {apart:,} / {getsizeof(joined):,} |")
    writer.close()
    await swallowed.wait()
    server.close()


def main() -> None:
    print("| what | us |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(stack_figures(Path(folder)))
    sealing_figures()
    asyncio.run(sending_figures())


if __name__ == "__main__":
    main()
