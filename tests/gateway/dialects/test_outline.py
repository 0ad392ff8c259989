"""A large request is read by its outline: the same is found in it as in the whole, however its texts are written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.gateway.dialects import dialect_for, outline
from beastmode.gateway.dialects.outline import LARGE_BYTES, LONG_BYTES, MOST_QUOTES

CHAT = dialect_for("POST", "/v1/chat/completions")
MESSAGES = dialect_for("POST", "/v1/messages")


def asking(content: Any, **known: Any) -> bytes:
    return json.dumps(
        {"model": "m", "messages": [{"role": "user", "content": content}], "stream": True, **known}
    ).encode()


@pytest.mark.parametrize(
    "text",
    [
        "word " * 1_000_000,
        'say "x"\n' + "y" * LARGE_BYTES,
        "\\" * 31 + "x" * LARGE_BYTES,
        "é€\U0001f600" * 1_000_000,
    ],
    ids=["words", "quotes", "backslashes", "not ASCII"],
)
def test_what_is_asked_is_the_same_as_in_the_whole(text: str) -> None:
    body = asking(text, temperature=0, max_tokens=50)
    short, _ = outline.outline(body)
    assert len(short) < LONG_BYTES
    assert outline.read(CHAT, "/v1/chat/completions", "", body) == CHAT.read("/v1/chat/completions", "", body)


def test_files_count_as_files_wherever_a_dialect_has_them() -> None:
    url = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * LARGE_BYTES}}
    data = {"type": "image", "source": {"type": "base64", "data": "A" * LARGE_BYTES}}
    for dialect, path, part in ((CHAT, "/v1/chat/completions", url), (MESSAGES, "/v1/messages", data)):
        body = asking([part])
        found = outline.read(dialect, path, "", body)
        assert found.most_tokens == pytest.approx(dialect.read(path, "", body).most_tokens, rel=0.01)
        assert found.most_tokens < LARGE_BYTES / 50


def test_a_body_of_many_short_texts_is_read_as_a_whole() -> None:
    body = asking(["short"] * MOST_QUOTES + ["x" * LARGE_BYTES])
    assert outline.outline(body) == (body, 0)
    assert outline.read(CHAT, "/v1/chat/completions", "", body).model == "m"


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b"x" * LARGE_BYTES,
        b"x" * (LARGE_BYTES + 1),
        b'{"model": "' + b"\\" * (LARGE_BYTES + 1) + b'"}',
        b'\x00"\\' * LARGE_BYTES,
    ],
    ids=["no end", "no quote", "nothing but backslashes", "binary"],
)
def test_what_is_no_json_is_broken_at_no_great_cost(body: bytes) -> None:
    assert outline.outline(body) == (body, 0)
    assert outline.read(CHAT, "/v1/chat/completions", "", body).broken


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.text().map(lambda text: text + 'z\\"' * LONG_BYTES),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=6,
)


@given(JSON)
def test_only_long_texts_are_missing(value: Any) -> None:
    short, _ = outline.outline(json.dumps(value).encode())
    assert without_long(json.loads(short)) == without_long(value)


def without_long(value: Any) -> Any:
    if isinstance(value, str):
        return "" if len(json.dumps(value)) - 1 > LONG_BYTES else value
    if isinstance(value, list):
        return [without_long(one) for one in value]
    if isinstance(value, dict):
        return {without_long(name): without_long(one) for name, one in value.items()}
    return value
