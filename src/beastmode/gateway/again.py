"""Again: whether a request that has failed may be sent once more: what its upstream says, and what it may have done.
Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from beastmode.failures.failure import Failure

_SAYS = "x-should-retry"
"""OpenAI, Anthropic and gateways like this one say with it whether a retry can help, and their SDKs obey."""
_REPEATABLE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))
"""RFC 9110, 9.2.2: done twice is as good as done once."""
_ASKING = (
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/api/show",
    "/completion",
    "/infill",
    "/tokenize",
    "/detokenize",
    "/apply-template",
    "/rerank",
    "/score",
    "/classify",
    "/embed",
    "/generate",
    "/generate_stream",
    "/moderations",
    "/images/generations",
    "/audio/speech",
    "/audio/transcriptions",
    "/audio/translations",
    "/converse",
    "/converse-stream",
    "/invoke",
    "/invoke-with-response-stream",
)
"""Ends of paths in no dialect that ask and leave nothing behind: of Ollama, llama.cpp, vLLM, TGI, OpenAI, Bedrock."""
_NOT_DONE = frozenset(
    (
        "rate_limit",
        "overloaded",
        "quota_exhausted",
        "model_loading",
        "connection_refused",
        "dns",
        "tls",
        "auth",
        "permission",
        "conflict",
        "not_found_model",
        "not_found_endpoint",
    )
)
"""Classes of refusals: nothing was done."""


def as_told(failure: Failure, headers: Mapping[str, str]) -> Failure:
    """The failure, as its answer says itself whether asking again can help. A wait that a throttle states is waited for
    all the same.   headers: names in lower case."""
    told = headers.get(_SAYS, "").strip().lower()
    waits = failure.throttle and failure.retry_after_s is not None
    if told == "false" and failure.passing is True and not waits:
        return replace(failure, passing=False)
    return replace(failure, passing=True) if told == "true" and failure.passing is False else failure


def may_be_done(failure: Failure, method: str, path: str) -> bool:
    """Whether a request in no dialect, which has left, may have been carried out although it failed, and would be
    carried out twice: a batch, a file, a fine-tuning."""
    asks = method in _REPEATABLE or path.rstrip("/").endswith(_ASKING)
    return not asks and failure.class_ not in _NOT_DONE
