"""Recording: what is kept of bodies can be sent again, is bounded, and holds no secret."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from beastmode.gateway.client.head import Headers
from beastmode.gateway.client.incoming import Incoming
from beastmode.gateway.recording import (
    MOST_ANSWER_BYTES,
    MOST_REQUEST_BYTES,
    answer_body,
    request_body,
)

KEY = "canary 7f/3a"
"""A form that no pattern knows."""
BEARER = "sk-canary-9b1e5d7c2a4f6e8d"
HEADERS = [
    (b"content-type", b"application/json"),
    (b"anthropic-version", b"2023-06-01"),
    (b"authorization", f"Bearer {KEY}".encode()),
    (b"x-api-key", BEARER.encode()),
    (b"x-stainless-os", b"Linux"),
]


def incoming(headers: Headers = HEADERS, query: str = "", path: str = "/v1/messages") -> Incoming:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    scope = {"method": "POST", "headers": headers, "query_string": query.encode(), "path": path}
    return Incoming(scope, receive)


def chat(words: str, **more: Any) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": words}], **more}).encode()


def test_an_ordinary_request_is_kept_byte_for_byte_with_the_headers_that_matter() -> None:
    body = chat("Wie viele Tage hat der März?\n\n“31”")
    kept, sent = request_body(
        incoming(query="beta=true&key=AIzaCanary9012345678&api-version=2025-01-01"), body
    )
    assert (kept, sent.flaw) == (body, "")
    assert sent.query == "beta=true&api-version=2025-01-01"
    assert sent.headers == (("content-type", "application/json"), ("anthropic-version", "2023-06-01"))


def test_the_name_of_a_providers_cache_is_no_secret() -> None:
    body = chat("hi", prompt_cache_key="019ac3a4-77aa-7d41-b5d5-2d9a0e6b5a11")
    assert request_body(incoming(), body)[1].flaw == ""
    kept, sent = request_body(incoming(), chat("hi", prompt_cache_key=BEARER))
    assert BEARER.encode() not in kept
    assert "secrets" in sent.flaw


SESSION = "01a21b6e-acd9-77c3-9244-9735697aec36"


@pytest.mark.parametrize("packed", [lambda data: data, json.dumps], ids=["as Codex", "as Claude Code"])
def test_which_conversation_a_client_is_in_is_no_secret(packed: Callable[[Any], Any]) -> None:
    body = chat("hi", metadata={"user_id": packed({"device_id": "d", "session_id": SESSION})})
    kept, sent = request_body(incoming(), body)
    assert (kept, sent.flaw) == (body, "")
    kept, sent = request_body(
        incoming(), chat("hi", metadata=packed({"session_id": "01a21b6e-of-another-form"}))
    )
    assert b"another-form" not in kept
    assert "secrets" in sent.flaw


@pytest.mark.parametrize(
    "words",
    [KEY, f"my key is {BEARER}", f"https://me:{BEARER}@h/", 'export TOKEN="abcd1234efgh"'],
    ids=["its own credential", "a key", "a URL", "an assignment"],
)
def test_secrets_of_a_body_are_not_kept_and_it_says_so(words: str) -> None:
    kept, sent = request_body(incoming(), chat(words))
    assert all(secret not in kept.decode() for secret in (KEY, BEARER, "abcd1234"))
    assert "secrets" in sent.flaw


def test_a_large_body_is_cut_without_half_a_secret_at_its_end() -> None:
    start = b'{"input": "' + b"word " * (MOST_REQUEST_BYTES // 5)
    for left in range(1, 60):
        body = start[: MOST_REQUEST_BYTES - left] + b" " + BEARER.encode() + b" and more" * 100
        kept, sent = request_body(incoming(), body)
        assert b"canary" not in kept
        assert len(kept) <= MOST_REQUEST_BYTES + 10
        assert f"{len(body):,} bytes" in sent.flaw


@pytest.mark.timeout(60)
def test_pictures_of_many_mb_are_cut_at_once() -> None:
    """In half a second; looked at from each place again, one took 20 s."""
    picture = b"iVBORwoKGgoAAAANSUhEUgAA" * (MOST_REQUEST_BYTES // 12)
    for part in range(8):
        kept, _ = request_body(incoming(), b'{"image": "' + picture[part:])
        assert MOST_REQUEST_BYTES - 5000 < len(kept) < MOST_REQUEST_BYTES


def test_what_is_packed_or_no_text_says_that_it_is_not_what_was_sent() -> None:
    packed = incoming([*HEADERS, (b"content-encoding", b"gzip")])
    kept, sent = request_body(packed, gzip.compress(chat(BEARER)))
    assert json.loads(kept)["model"] == "m"
    assert BEARER.encode() not in kept
    assert "packed" in sent.flaw
    assert "UTF-8" in request_body(incoming(), b"\x00\xffRIFF")[1].flaw


def test_an_answer_is_kept_at_its_beginning_and_does_not_say_the_credential_back() -> None:
    said = f'{{"error": "no such user: {KEY}"}}'.encode() + b" x" * MOST_ANSWER_BYTES
    kept = answer_body(said, [], incoming())
    assert kept.startswith(b'{"error": "no such user: ***"}')
    assert len(kept) <= MOST_ANSWER_BYTES + 10
