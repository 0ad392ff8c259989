"""A collector of traces on loopback that speaks OTLP over HTTP: what a gateway sends is decoded and kept."""

from __future__ import annotations

import gzip
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class Span:
    """As it came in.   trace, parent: in hexadecimal; parent "" for a root.   seconds: from start to end."""

    name: str
    kind: int
    trace: str
    parent: str
    start_unix: float
    seconds: float
    failed: bool
    said: str
    attributes: dict[str, Any] = field(default_factory=dict)


class Collector:
    """`async with Collector() as collector:`, then send traces to `collector.url`.   service: who sent the last."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.service = ""
        self.url = ""
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/v1/traces", self._take)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        sent = ExportTraceServiceRequest()
        sent.ParseFromString(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        for resource in sent.resource_spans:
            self.service = _values(resource.resource.attributes)["service.name"]
            self.spans += [_span(one) for scope in resource.scope_spans for one in scope.spans]
        return web.Response(content_type="application/x-protobuf")


def _span(one: Any) -> Span:
    start = one.start_time_unix_nano / 1e9
    seconds = (one.end_time_unix_nano - one.start_time_unix_nano) / 1e9
    trace, parent = one.trace_id.hex(), one.parent_span_id.hex()
    failed = one.status.code == 2
    return Span(
        one.name, one.kind, trace, parent, start, seconds, failed, one.status.message, _values(one.attributes)
    )


def _values(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
