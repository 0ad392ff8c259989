"""Naming: what each class of failure is called in the dialects, and the words that go with it."""

from __future__ import annotations

from typing import NamedTuple

from beastmode.failures.failure import Failure


class Named(NamedTuple):
    """A failure in the providers' words.   status: of HTTP, where there is a choice.   code: OpenAI's."""

    status: int
    code: str
    anthropic: str
    google: str


_REST = Named(502, "", "api_error", "UNAVAILABLE")
_BAD = ("invalid_request_error", "INVALID_ARGUMENT")
_BUSY = ("overloaded_error", "UNAVAILABLE")
_SPENT = ("rate_limit_error", "RESOURCE_EXHAUSTED")

# Codes that clients know: Codex gives up at once on these of a quota, a context or an overload, and tries others again.
_NAMES = {
    "auth": Named(401, "invalid_api_key", "authentication_error", "UNAUTHENTICATED"),
    "permission": Named(403, "insufficient_permissions", "permission_error", "PERMISSION_DENIED"),
    "region_or_policy_blocked": Named(403, "policy_blocked", "permission_error", "PERMISSION_DENIED"),
    "not_found_model": Named(404, "model_not_found", "not_found_error", "NOT_FOUND"),
    "not_found_endpoint": Named(404, "unknown_url", "not_found_error", "NOT_FOUND"),
    "bad_request": Named(400, "invalid_prompt", *_BAD),
    "unsupported_parameter": Named(400, "unsupported_parameter", *_BAD),
    "context_length": Named(400, "context_length_exceeded", *_BAD),
    "content_filter": Named(400, "content_filter", *_BAD),
    "payload_too_large": Named(413, "request_too_large", "request_too_large", "INVALID_ARGUMENT"),
    "conflict": Named(409, "conflict", "invalid_request_error", "ABORTED"),
    "rate_limit": Named(429, "rate_limit_exceeded", *_SPENT),
    "quota_exhausted": Named(429, "insufficient_quota", *_SPENT),
    "out_of_budget": Named(429, "insufficient_quota", *_SPENT),
    "overloaded": Named(503, "server_is_overloaded", *_BUSY),
    "model_loading": Named(503, "model_loading", *_BUSY),
    "timeout": Named(504, "timeout", "timeout_error", "DEADLINE_EXCEEDED"),
    "server_error": Named(502, "server_error", "api_error", "INTERNAL"),
}


def named(failure: Failure) -> Named:
    """What it is called. A class that providers have no word for keeps its own, as code."""
    row = _NAMES.get(failure.class_, _REST)
    return row if row.code else row._replace(code=failure.class_)


def words(failure: Failure) -> str:
    """Its cause and its tip, as two sentences of one line."""
    cause = failure.cause.strip() or failure.class_.replace("_", " ")
    cause = cause[0].upper() + cause[1:]
    return f"{cause if cause.endswith(('.', '!', '?')) else cause + '.'} {failure.tip}".strip()
