"""A server on a thread: how it begins, ends, and is told to have ended by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import uvicorn

from beastmode.compose.coding.server_thread import GoneError, ServerThread
from beastmode.errors import PreconditionError, SettingError
from tests.compose.coding.gateways import played


class Scripted(uvicorn.Server):
    """Listens nowhere: says that it does, then does what `life` does."""

    def __init__(self, started: Callable[[int], None], life: Callable[[uvicorn.Server], None]) -> None:
        super().__init__(uvicorn.Config(app="none"))
        self._started, self._life = started, life

    def run(self, sockets: object = None) -> None:
        async def serve() -> None:
            self._started(8080)
            while not self.should_exit:
                await asyncio.sleep(0.01)
                self._life(self)

        asyncio.run(serve())


def breaks(_server: uvicorn.Server) -> None:
    raise ValueError("a fault")


def lasts(_server: uvicorn.Server) -> None:
    pass


@played
async def test_what_is_called_there_runs_there_and_answers_here() -> None:
    thread = ServerThread(lambda started: Scripted(started, lasts))
    await thread.start()
    assert await thread.call(asyncio.get_running_loop) is thread.loop
    await thread.stop()
    await thread.stop()
    assert thread.crashed == ""
    with pytest.raises(GoneError):
        await thread.call(lasts, uvicorn.Server(uvicorn.Config(app="none")))


@played
async def test_one_that_breaks_says_why_and_answers_nobody() -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    thread = ServerThread(lambda started: Scripted(started, breaks), told.put_nowait)
    await thread.start()
    with pytest.raises(GoneError):
        await thread.run(asyncio.sleep(60))
    assert await told.get() == thread.crashed == "ValueError: a fault"
    await thread.stop()


@played
async def test_one_that_cannot_begin_is_refused_in_its_own_words() -> None:
    def make(_started: Callable[[int], None]) -> uvicorn.Server:
        raise SettingError("no such upstream", tip="Name one.")

    with pytest.raises(SettingError, match="no such upstream"):
        await ServerThread(make).start()


@played
async def test_one_that_ends_before_it_listens_is_no_server() -> None:
    def make(_started: Callable[[int], None]) -> uvicorn.Server:
        raise SystemExit(1)

    with pytest.raises(PreconditionError, match="could not be started: SystemExit: 1"):
        await ServerThread(make).start()
