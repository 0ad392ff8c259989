"""Signed: what a provider wants back unchanged is kept where the dialects carry it; the same word elsewhere may be a
key."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from beastmode.gateway.recording import MOST_REQUEST_BYTES, request_body
from beastmode.gateway.signed import signed_in
from tests.gateway.test_recording import BEARER, incoming

WORD = base64.b64encode(b"".join(hashlib.sha256(bytes([n])).digest() for n in range(20))).decode()
OF_SAFE_LETTERS = base64.urlsafe_b64encode(base64.b64decode(WORD)).decode().rstrip("=")
THOUGHT = {"type": "thinking", "thinking": 'Is it "{x": [1]} or \\?\n' * 99, "signature": WORD}
REASONING: dict[str, Any] = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "first [this]"}],
    "content": None,
    "encrypted_content": OF_SAFE_LETTERS,
}
CALL = {"functionCall": {"name": "ls", "args": {"path": "."}}, "thoughtSignature": WORD}


def body_of(part: dict[str, Any], indent: int | None = None) -> bytes:
    said = {
        "role": "assistant",
        "content": [{"type": "text", "text": "I look"}, part, {"type": "text", "text": "on"}],
    }
    return json.dumps({"model": "m", "messages": [said]}, indent=indent).encode()


def backwards(part: dict[str, Any]) -> dict[str, Any]:
    return dict(reversed(part.items()))


@pytest.mark.parametrize(
    "part",
    [
        THOUGHT,
        backwards(THOUGHT),
        {"signature": "short", "thinking": "", "type": "thinking"},
        {"type": "redacted_thinking", "data": WORD},
        {"data": OF_SAFE_LETTERS, "type": "redacted_thinking"},
        {
            "type": "reasoning.text",
            "text": "hm",
            "signature": WORD,
            "format": "anthropic-claude-v1",
            "index": 0,
        },
        {"type": "reasoning.encrypted", "data": WORD, "id": None, "index": 1},
        REASONING,
        backwards(REASONING),
        {"type": "compaction", "encrypted_content": OF_SAFE_LETTERS},
        {"type": "web_search_result", "url": "https://h/", "encrypted_content": WORD, "title": "t"},
        {"type": "web_search_result_location", "cited_text": "t", "encrypted_index": WORD},
        {"type": "encrypted_code_execution_result", "content": [], "encrypted_stdout": WORD},
        CALL,
        backwards(CALL),
        {"text": "hm", "thought_signature": "skip_thought_signature_validator"},
        {"id": "call_1", "extra_content": {"google": {"thought_signature": WORD}}},
    ],
    ids=lambda part: "-".join(map(str, part))[:40],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_what_a_provider_wants_back_is_kept_where_a_dialect_carries_it(
    part: dict[str, Any], indent: int | None
) -> None:
    body = body_of(part, indent)
    kept, sent = request_body(incoming(), body)
    assert (kept, sent.flaw) == (body, "")


@pytest.mark.parametrize(
    "part",
    [
        {"signature": WORD},
        {"data": WORD},
        {"type": "tool_use", "name": "verify", "input": {"signature": WORD}},
        {"type": "text", "signature": WORD},
        {"type": "thinking", "data": WORD},
        {"type": "redacted_thinking", "signature": WORD},
        {"type": "thinking", "thinking": json.dumps({"signature": WORD})},
        {"type": "text", "text": json.dumps(THOUGHT)},
        {"type": "text", "text": json.dumps(REASONING)},
        {"type": "text", "text": json.dumps(CALL)},
        {"type": "thinking", "signature": f"it is {WORD}"},
        {"type": "thinking", "of": {"type": "text"}, "signature": WORD},
        {"inner": {"type": "thinking"}, "signature": WORD},
        {"encrypted": WORD},
        {"thoughtSignatures": WORD},
    ],
    ids=lambda part: "-".join(map(str, part))[:40],
)
def test_anywhere_else_a_long_word_may_be_a_key(part: dict[str, Any]) -> None:
    body = body_of(part)
    kept, sent = request_body(incoming(), body)
    assert list(signed_in(body.decode())) == []
    assert WORD not in kept.decode()
    assert "secrets" in sent.flaw


@pytest.mark.parametrize("name", ["encrypted_content", "thoughtSignature"])
@pytest.mark.parametrize("key", [BEARER, "ghp_9b1e5D7c2A4f6e8d9b1e", "AIzaSyCanary9012345678Aa"])
def test_what_begins_like_a_key_is_one_there_too(name: str, key: str) -> None:
    kept, sent = request_body(incoming(headers=[]), body_of({name: key}))
    assert key not in kept.decode()
    assert "secrets" in sent.flaw


def test_what_stands_around_it_is_looked_at_as_ever() -> None:
    said = {"type": "thinking", "thinking": f"my key is {BEARER}", "signature": WORD}
    kept, sent = request_body(incoming(), body_of(said))
    assert WORD in kept.decode()
    assert BEARER not in kept.decode()
    assert "secrets" in sent.flaw


def test_of_one_that_was_cut_off_the_beginning_is_kept() -> None:
    text = f'{{"type": "thinking", "thinking": "", "signature": "{WORD}…'
    ((start, end),) = signed_in(text)
    assert text[start:end] == WORD
    assert list(signed_in(f"{text} and more")) == []


def test_a_word_that_is_two_of_them_is_kept_once() -> None:
    body = body_of({"inlineData": {"type": "redacted_thinking", "data": WORD}})
    assert request_body(incoming(), body)[0] == body


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "part",
    [
        '{"a":',
        '{"a":"',
        '{"a":"",',
        '"{",":":',
        '{"signature":"',
        '{"data":"a","type":"',
        '{"encrypted_content":"',
        '\\"{',
    ],
)
def test_whatever_stands_in_a_text_it_is_looked_through_at_once(part: str) -> None:
    """In 0.3 s at most; looked at from each place again, one took minutes."""
    text = part * (MOST_REQUEST_BYTES // len(part))
    assert all(start <= end for start, end in signed_in(text))
