"""A run's gateway in front of a scripted server, and clients that ask through it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, Self

import aiohttp
from aiohttp import web

from beastmode.compose.coding.gateway import RunGateway
from beastmode.compose.serve.upstreams import Limited, not_asked
from beastmode.gateway.run_door import Spent
from beastmode.runner.code.coding import CodingSettings, ModelServer
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.model_access import Access
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding
from beastmode.testing import attempt_of
from beastmode.testing.model_answers import whole

_USD_A_TOKEN = 10 / 1e6
"""Of an answer of gpt-5."""

UNLIMITED = ModelServer(rates=(), concurrency=None)


P = ParamSpec("P")


def played(story: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """A story as a test."""

    @wraps(story)
    def test(*arguments: P.args, **named: P.kwargs) -> None:
        asyncio.run(story(*arguments, **named))

    return test


@asynccontextmanager
async def run_gateway(
    upstream: str,
    home: Path,
    *,
    server: ModelServer = UNLIMITED,
    settings: CodingSettings = CodingSettings(),  # noqa: B008 it is frozen
    run: str = "r1",
    max_wait_s: float = 3600.0,
    on_budget: Callable[[Spent], None] = lambda spent: None,
    tell: Callable[[str], None] = lambda words: None,
    limited: Limited = not_asked,
) -> AsyncIterator[RunGateway]:
    """Started, and ended when left; without limits where `server` says nothing else."""
    gateway = RunGateway(
        replace(server, upstream=upstream),
        settings,
        home,
        run,
        max_wait_s,
        on_budget,
        tell=tell,
        limited=limited,
    )
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()


def attempt(task: str = "lru", number: int = 1, *, rounds: int = 0, run: str = "r1") -> Attempt:
    """One that writes code."""
    made = attempt_of(Task(task, Coding()), number)
    made.run, made.rounds = run, rounds
    return made


def question(words: str = "hi", model: str = "gpt-4o-mini", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": words}], **more}


async def ask(access: Access | str, body: dict[str, Any], **headers: str) -> tuple[int, Any]:
    """Ask a chat model, on a connection of its own; status and what the answer says."""
    url = access if isinstance(access, str) else access.url
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/v1/chat/completions", json=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


class Bill:
    """A model server that writes a bill.

    each: USD that an answer costs, at the price of gpt-5.   work_s: that it takes.   usd: in all.
    """

    def __init__(self, usd: float, work_s: float = 0.01) -> None:
        self._work_s = work_s
        self.each, self.usd, self.in_flight, self.most_in_flight = usd, 0.0, 0, 0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _answer(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(self._work_s)
        self.in_flight -= 1
        self.usd += self.each
        said = whole("chat", asked["model"], "Done.")
        tokens = round(self.each / _USD_A_TOKEN)
        said["usage"] = {"prompt_tokens": 0, "completion_tokens": tokens, "total_tokens": tokens}
        return web.json_response(said)
