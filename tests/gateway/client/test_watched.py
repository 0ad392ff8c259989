"""A request, while its client may go away: also in the very turn of the loop in which it came."""

from __future__ import annotations

import asyncio

import pytest
import uvicorn
from uvicorn.server import ServerState

from beastmode.gateway.client.connection import Connection
from beastmode.gateway.client.incoming import ClientGoneError, Incoming, Receive, Scope
from beastmode.gateway.client.reply import Send
from tests.gateway.client.test_connection import Wire

ASKING = b"POST /v1/x HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(("turns", "told"), [(0, ["gone"]), (5, ["asked", "gone"])])
def test_a_client_that_goes_is_heard_from_the_turn_on_in_which_it_asked(turns: int, told: list[str]) -> None:
    heard: list[str] = []

    async def asks(scope: Scope, receive: Receive, _send: Send) -> None:
        await receive()
        try:
            async with Incoming(scope, receive).watched(lambda: False):
                heard.append("asked")
                await asyncio.get_running_loop().create_future()
        except ClientGoneError:
            heard.append("gone")

    async def story() -> None:
        loop = asyncio.get_running_loop()
        config = uvicorn.Config(asks, http=Connection, log_config=None, lifespan="off")
        one = Connection(config, ServerState(), {}, loop)
        one.connection_made(Wire())

        def come_and_go() -> None:
            one.data_received(ASKING)
            if not turns:
                one.connection_lost(None)

        loop.call_soon(come_and_go)
        for turn in range(1, 10):
            await asyncio.sleep(0)
            if turn == turns:
                one.connection_lost(None)
        assert not one._lost

    asyncio.run(story())
    assert heard == told
