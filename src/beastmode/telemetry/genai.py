"""GenAI: a request in the words of OpenTelemetry's semantic conventions for generative AI. Pure.

Names as of the conventions 1.37 and later (`gen_ai.provider.name`, before that `gen_ai.system`). What they have no word
for begins with `beast.`. No prompt and no answer is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from beastmode.store.ledger.entry import Entry

Value = str | int | float | bool

_OPERATIONS = {
    "openai.chat": "chat",
    "openai.responses": "chat",
    "openai.completions": "text_completion",
    "openai.embeddings": "embeddings",
    "anthropic.messages": "chat",
    "anthropic.count_tokens": "count_tokens",
    "gemini.generate": "generate_content",
    "gemini.embed": "embeddings",
    "gemini.count_tokens": "count_tokens",
}
_PROVIDERS = {
    "openai.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "amazonaws.com": "aws.bedrock",
    "anthropic.com": "anthropic",
    "cohere.com": "cohere",
    "cohere.ai": "cohere",
    "deepseek.com": "deepseek",
    "groq.com": "groq",
    "mistral.ai": "mistral_ai",
    "openai.com": "openai",
    "perplexity.ai": "perplexity",
    "x.ai": "x_ai",
}
"""By the end of the host; where none fits, the dialect tells whose client it could be."""
_FAMILIES = {"anthropic": "anthropic", "gemini": "gcp.gemini", "openai": "openai"}


def span_name(entry: Entry) -> str:
    """`chat m-large`; for what no dialect is known of, its method."""
    operation = _OPERATIONS.get(entry.dialect)
    return f"{operation} {entry.model}".strip() if operation else entry.method


def attributes(entry: Entry) -> Mapping[str, Value]:
    """What is known of a request that has ended."""
    host, port = _server(entry.upstream)
    known: dict[str, Value | None] = {
        "gen_ai.operation.name": _OPERATIONS.get(entry.dialect),
        "gen_ai.provider.name": _provider(entry, host),
        "gen_ai.request.model": entry.model,
        "gen_ai.request.stream": entry.stream or None,
        "gen_ai.usage.input_tokens": entry.tokens_in,
        "gen_ai.usage.output_tokens": entry.tokens_out,
        "gen_ai.usage.cache_read.input_tokens": entry.tokens_cached,
        "gen_ai.usage.reasoning.output_tokens": entry.tokens_reasoning,
        "gen_ai.response.time_to_first_chunk": entry.first_byte_s if entry.stream else None,
        "error.type": entry.class_ or (entry.outcome if entry.outcome == "cancelled" else ""),
        "server.address": host,
        "server.port": port,
        "http.request.method": entry.method,
        "http.response.status_code": entry.status,
        "url.path": entry.path,
        "beast.request.id": entry.id,
        "beast.outcome": entry.outcome,
        "beast.cache": entry.cache,
        "beast.key": entry.key,
        "beast.run": entry.run,
        "beast.task": entry.task,
        "beast.attempt": entry.attempt,
        "beast.tries": entry.tries,
        "beast.queue_s": entry.queue_s,
        "beast.cost_usd": entry.cost_usd,
    }
    return {name: value for name, value in known.items() if value not in (None, "")}


def _server(upstream: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(upstream)
        return parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", None


def _provider(entry: Entry, host: str) -> str:
    for end, provider in _PROVIDERS.items():
        if host == end or host.endswith(f".{end}") or host.endswith(f"-{end}"):
            return provider
    return _FAMILIES.get(entry.dialect.partition(".")[0], "")
