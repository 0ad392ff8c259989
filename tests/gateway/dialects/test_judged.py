"""What is odd, and some JSON to lenient readers, still names its model; what is none has its place told."""

from __future__ import annotations

import json

import pytest

from beastmode.gateway.dialects import Asked, dialect_for
from beastmode.gateway.dialects.decoding import judged

CHAT = "/v1/chat/completions"
EMBED = "/v1beta/models/m:embedContent"
PLAIN = {"model": "m", "stream": True, "messages": []}


def read(body: bytes, path: str = CHAT) -> tuple[Asked, str]:
    return judged(dialect_for("POST", path).read(path, "", body), body)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(PLAIN | {"x": "cut \ud83d"}).encode(),
        json.dumps(PLAIN | {"x": float("nan")}).encode(),
        json.dumps(PLAIN).encode("utf-8-sig"),
        json.dumps(PLAIN).encode("utf-16"),
        json.dumps(PLAIN)[:-1].encode() + b', "max_tokens": 1e400}',
    ],
    ids=["half a pair", "NaN", "BOM", "UTF-16", "1e400"],
)
def test_an_odd_one_names_its_model_and_whether_it_wants_a_stream(body: bytes) -> None:
    asked, flaw = read(body)
    assert (asked.model, asked.stream, asked.stateful, flaw) == ("m", True, True, "")


@pytest.mark.parametrize("body", [b"[]", b"5", b"null", b'{"model": 5}', b"[" * 100_000, b'{"x": NaN}'])
def test_where_none_is_named_none_is_made_up(body: bytes) -> None:
    asked, flaw = read(body)
    assert (asked.model, asked.broken, flaw) == ("", True, "")


def test_a_name_that_is_no_text_can_be_recorded() -> None:
    asked, _ = read(b'{"model": "a\\ud800b"}')
    assert asked.model == "a?b"


@pytest.mark.parametrize(
    "body", [b'{"model": "other", "content": 5, "requests": 5}', b'{"model": "other", "x": NaN}']
)
def test_the_path_of_gemini_names_the_model_whatever_the_body_says(body: bytes) -> None:
    assert read(body, EMBED)[0].model == "m"


@pytest.mark.parametrize(
    ("body", "told"), [(b'{"a"', "line 1, column 5"), (b'{"a": "\xe9"}', "byte 7 is no text")]
)
def test_what_is_no_json_says_where(body: bytes, told: str) -> None:
    assert told in read(body)[1]
