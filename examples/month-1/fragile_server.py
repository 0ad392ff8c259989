"""A small model server that falls over when it is hit too hard: 3 in flight, 8 starts a second, about 100 ms.

What exceeds that is refused with 429, and counted. `GET /health` says whether it is well; `GET /counts` what it
has seen. `python fragile_server.py` prints its address, serves on loopback, and ends when its stdin is closed.
"""

from __future__ import annotations

import asyncio
import sys

from beastmode.settings import Rate
from beastmode.testing.counting_server import CountingServer


async def main(port: int) -> None:
    async with CountingServer(slots=3, rate=Rate(8, 1.0), work_s=lambda asked: 0.1, port=port) as server:
        print(server.url, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9000))
