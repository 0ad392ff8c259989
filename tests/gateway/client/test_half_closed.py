"""A client that closes its side when it has asked is answered all the same; one that has gone is missed at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from beastmode.gateway.client.half_closed import HalfClosed
from beastmode.gateway.client.outgoing import Outgoing
from tests.gateway.client.test_outgoing import Sent
from tests.gateway.served import gateway, records
from tests.gateway.test_hardening import answering, close, connect, run, take_request
from tests.gateway.test_transparency import EVENTS, SAID, STREAM_HEAD, STREAMED, post, whole

CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(EVENTS), EVENTS)
STREAM = STREAM_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS


class Upstream:
    """Answers when it is told to, and knows when a client has gone."""

    def __init__(self, answer: bytes) -> None:
        self.asked, self.answers, self.left = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._answer = answer

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take_request(reader)
        self.asked.set()
        leaving = asyncio.ensure_future(reader.read())
        waiting = asyncio.ensure_future(self.answers.wait())
        await asyncio.wait([leaving, waiting], return_when=asyncio.FIRST_COMPLETED)
        if leaving.done():
            self.left.set()
        writer.write(self._answer)


@pytest.mark.parametrize(
    ("request_", "answer", "end"),
    [(post(), whole(SAID), SAID), (post(STREAMED), STREAM, b"0\r\n\r\n")],
    ids=["whole", "stream"],
)
def test_who_has_closed_its_side_gets_the_answer(
    tmp_path: Path, request_: bytes, answer: bytes, end: bytes
) -> None:
    async def story() -> None:
        upstream = Upstream(answer)
        async with answering(upstream.speak) as server, gateway(server, tmp_path) as url:
            reader, writer = await connect(url)
            writer.write(request_)
            writer.write_eof()
            await upstream.asked.wait()
            # before there is an answer, to see whether somebody listens
            assert await reader.readexactly(2) == b"HT"
            upstream.answers.set()
            said = await reader.read()
            assert said.startswith(b"TP/1.1 200 OK\r\n")
            assert said.endswith(end)
            await close(writer)

    run(story())
    assert [entry.outcome for entry in records(tmp_path)] == ["upstream_ok"]


def test_who_has_closed_its_side_and_goes_is_missed(tmp_path: Path) -> None:
    async def story() -> None:
        upstream = Upstream(whole(SAID))
        async with answering(upstream.speak) as server, gateway(server, tmp_path) as url:
            _, writer = await connect(url)
            writer.write(post())
            writer.write_eof()
            await upstream.asked.wait()
            writer.transport.abort()
            await upstream.left.wait()

    run(story())
    assert [entry.outcome for entry in records(tmp_path)] == ["cancelled"]


@pytest.mark.parametrize("behind", [post()[:-5], post()[:20]], ids=["in its body", "in its head"])
def test_what_comes_only_in_part_ends_the_connection_when_all_before_it_is_answered(
    tmp_path: Path, behind: bytes
) -> None:
    async def story() -> None:
        upstream = Upstream(whole(SAID))
        upstream.answers.set()
        async with answering(upstream.speak) as server, gateway(server, tmp_path) as url:
            reader, writer = await connect(url)
            writer.write(post() + behind)
            writer.write_eof()
            assert (await reader.read()).endswith(SAID)
            await close(writer)

    run(story())
    outcomes = [entry.outcome for entry in records(tmp_path)]
    assert outcomes[0] == "upstream_ok"
    assert set(outcomes[1:]) <= {"cancelled"}


def test_nothing_is_sent_ahead_but_what_every_answer_begins_with() -> None:
    async def story() -> bytes:
        sent = Sent()
        out = Outgoing(sent, asyncio.get_running_loop())
        for _ in range(20):
            out.begin()
        assert b"".join(sent.writes) == b"HTTP/1.1 "
        out.write(b"HTTP/1.1 200 OK\r\n\r\n")
        out.write(b"HTTP/1.1 is what the body says")
        await asyncio.sleep(0)
        return b"".join(sent.writes)

    assert asyncio.run(story()) == b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 is what the body says"


def test_looks_go_on_and_what_is_sent_grows_rare() -> None:
    class Own(Sent):
        def get_extra_info(self, name: str, default: object = None) -> object:
            return self

        def getsockopt(self, *_of: int) -> int:
            return 0

    said, delays, wire = list[float](), list[float](), Own()
    half = HalfClosed(wire, lambda: said.append(sum(delays)), lambda delay, _look: delays.append(delay))
    for _ in range(3000):
        half.look()
    assert max(delays) <= 0.25
    assert len(said) == 7
    wire.close()
    half.look()
    assert len(delays) == 3000
