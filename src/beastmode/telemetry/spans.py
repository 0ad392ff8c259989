"""Spans: each request that has ended as a span of OpenTelemetry, sent to a collector (extra `otel`)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from threading import Thread

from beastmode import __version__
from beastmode.errors import PreconditionError
from beastmode.store.ledger.entry import GONE_WRONG, Entry
from beastmode.telemetry.genai import attributes, span_name

_LAST_WORDS_S = 5.0
"""For what has not been sent when the gateway ends; a collector that does not answer must not keep it."""


class Spans:
    """Makes a span of each request, as a child of the span that its client named in `traceparent`.

    Where to, how often and which ones is said by OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT`,
    `OTEL_TRACES_SAMPLER`, …). Raises PreconditionError where the extra is not installed.
    """

    def __init__(self) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.trace import SpanKind, Status, StatusCode
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ImportError as error:
            tip = "Install the extra: pip install 'beastmode[otel]'; or leave --otel out."
            raise PreconditionError(
                f"OpenTelemetry is not installed ({error.name})", where="--otel", tip=tip
            ) from None
        named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "beastmode"}
        resource = Resource.create({**named, "service.version": __version__})
        # At its end the process would wait for a collector that does not answer.
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("beastmode.gateway", __version__)
        self._context_of = TraceContextTextMapPropagator().extract
        self._client = SpanKind.CLIENT
        self._error: Callable[[str], Status] = lambda words: Status(StatusCode.ERROR, words)

    def ended(self, entry: Entry) -> None:
        """A request has ended. Its span is sent later, in batches, by a thread."""
        began_ns = int(entry.received_unix * 1e9)
        span = self._tracer.start_span(
            span_name(entry),
            context=self._context_of({"traceparent": entry.traceparent}),
            kind=self._client,
            attributes=attributes(entry),
            start_time=began_ns,
        )
        if entry.outcome in GONE_WRONG:
            span.set_status(self._error(entry.cause))
        span.end(began_ns + int((entry.total_s or 0.0) * 1e9))

    async def close(self) -> None:
        """Send what is left, unless nobody takes it in time."""
        ending = Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, _LAST_WORDS_S)
