"""Traces: a real collector gets a span of each request, in the words of the conventions, below its client's own."""

from __future__ import annotations

import asyncio
import sys

import pytest

from beastmode.errors import PreconditionError
from beastmode.store.ledger.entry import Entry
from beastmode.telemetry.genai import attributes, span_name
from beastmode.telemetry.spans import Spans
from tests.store.ledgers import NOON, entry
from tests.telemetry.collector import Collector, Span

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def sent(monkeypatch: pytest.MonkeyPatch, *requests: Entry) -> tuple[Collector, list[Span]]:
    async def play() -> Collector:
        async with Collector() as collector:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
            spans = Spans()
            for request in requests:
                spans.ended(request)
            await spans.close()
        return collector

    collector = asyncio.run(play())
    return collector, collector.spans


def test_a_request_arrives_as_a_span_with_what_it_used(monkeypatch: pytest.MonkeyPatch) -> None:
    good = entry(
        NOON + 0.5, dialect="anthropic.messages", model="m-large", upstream="https://api.anthropic.com/v1"
    )
    good.outcome, good.status, good.total_s = "upstream_ok", 200, 1.25
    good.tokens_in, good.tokens_out, good.tokens_cached = 10, 20, 5
    collector, (span,) = sent(monkeypatch, good)
    assert (collector.service, span.name, span.kind, span.failed) == ("beastmode", "chat m-large", 3, False)
    assert (span.start_unix, span.seconds, span.parent) == (NOON + 0.5, 1.25, "")
    assert span.attributes.items() >= {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "m-large",
        "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 20, "server.address": "api.anthropic.com",
        "gen_ai.usage.cache_read.input_tokens": 5, "server.port": 443, "http.response.status_code": 200,
    }.items()  # fmt: skip


def test_a_failure_says_its_class_and_stands_below_its_clients_span(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = entry(outcome="failed", class_="rate_limit", cause="too fast", status=429)
    bad.traceparent = f"00-{TRACE}-{PARENT}-01"
    odd = entry(outcome="rejected", class_="overloaded", traceparent="00-no-such-thing")
    unwatched = entry(outcome="failed", traceparent=f"00-{TRACE}-{PARENT}-00")
    _, spans = sent(monkeypatch, bad, odd, unwatched)
    assert [(one.failed, one.said, one.attributes.get("error.type")) for one in spans] == [
        (True, "too fast", "rate_limit"),
        (True, "", "overloaded"),
    ]
    assert [(one.trace == TRACE, one.parent) for one in spans] == [(True, PARENT), (False, "")]


def test_a_collector_that_is_not_there_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")

    async def play() -> None:
        spans = Spans()
        spans.ended(entry(outcome="hit"))
        await asyncio.wait_for(spans.close(), 30)

    asyncio.run(play())


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(PreconditionError, match=r"beastmode\[otel\]"):
        Spans()


@pytest.mark.parametrize(
    ("dialect", "upstream", "name", "provider"),
    [
        ("openai.chat", "https://api.openai.com/v1", "chat m", "openai"),
        ("openai.chat", "http://127.0.0.1:8000", "chat m", "openai"),
        ("openai.chat", "https://me.openai.azure.com/openai", "chat m", "azure.ai.openai"),
        ("openai.responses", "https://api.x.ai/v1", "chat m", "x_ai"),
        ("openai.embeddings", "https://api.mistral.ai", "embeddings m", "mistral_ai"),
        ("gemini.generate", "https://generativelanguage.googleapis.com", "generate_content m", "gcp.gemini"),
        (
            "anthropic.messages",
            "https://europe-west1-aiplatform.googleapis.com/v1",
            "chat m",
            "gcp.vertex_ai",
        ),
        ("other", "http://[broken", "POST", None),
    ],
)
def test_the_conventions_words_for_what_was_asked(
    dialect: str, upstream: str, name: str, provider: str | None
) -> None:
    asked = entry(dialect=dialect, upstream=upstream)
    assert (span_name(asked), attributes(asked).get("gen_ai.provider.name")) == (name, provider)
