"""What makes two requests the same one: everything that can change the answer, and nothing that cannot."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.cache.key import KEY_BYTES, digested, key_of
from tests.cache.spelling import meant, spelled, values

MB = 1024 * 1024
BODY: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "hi"}],
    "temperature": 0,
    "tools": [{"type": "function", "function": {"name": "look"}}],
}
HEADERS = (
    (b"host", b"h:1"),
    (b"content-type", b"application/json"),
    (b"accept", b"application/json"),
    (b"accept-encoding", b"gzip, br"),
    (b"user-agent", b"OpenAI/Python 3.57.0"),
    (b"authorization", b"Bearer sk-1"),
    (b"openai-organization", b"org-1"),
    (b"anthropic-beta", b"a,b"),
    (b"anthropic-beta", b"c"),
)


def key(body: Any = BODY, **changed: Any) -> bytes:
    """The key of a good request with these things changed.   body: bytes as they are; anything else as JSON."""
    asked: dict[str, Any] = {
        "tenant": b"t",
        "upstream": "https://h/v1",
        "dialect": "openai.chat",
        "path": "/v1/chat/completions",
        "query": "",
        "stream": False,
        "headers": HEADERS,
        "recipe": None,
        "salt": "",
    }
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return key_of(**(asked | changed), body=sent)


def headers(**changed: str | None) -> tuple[tuple[bytes, bytes], ...]:
    """Those of a good request, with these set, or taken away by None; `_` stands for `-`."""
    new = {name.replace("_", "-").encode(): value for name, value in changed.items()}
    kept = tuple(pair for pair in HEADERS if pair[0] not in new)
    return kept + tuple((name, value.encode()) for name, value in new.items() if value is not None)


def test_a_key_has_32_bytes_and_does_not_hang_on_the_process() -> None:
    assert len(key()) == KEY_BYTES
    assert key().hex() == "8997dac89aa7d38df7ad041741922db35e8de8e6b388fd95a196b3c85f7707cb"


COUNTS: dict[str, Callable[[], bytes]] = {
    "as it is": key,
    "tenant": lambda: key(tenant=b"u"),
    "upstream": lambda: key(upstream="https://g/v1"),
    "dialect": lambda: key(dialect="openai.completions"),
    "path": lambda: key(path="/v2/chat/completions"),
    "query": lambda: key(query="api-version=1"),
    "another query": lambda: key(query="api-version=2"),
    "stream": lambda: key(stream=True),
    "salt": lambda: key(salt="1"),
    "origin": lambda: key(headers=headers(origin="https://a.example")),
    "another origin": lambda: key(headers=headers(origin="https://b.example")),
    "accept": lambda: key(headers=headers(accept="text/event-stream")),
    "no accept": lambda: key(headers=headers(accept=None)),
    "codings": lambda: key(headers=headers(accept_encoding="deflate")),
    "no codings": lambda: key(headers=headers(accept_encoding="")),
    "codings not said": lambda: key(headers=headers(accept_encoding=None)),
    "plain refused": lambda: key(headers=headers(accept_encoding="gzip, identity;q=0")),
    "all but one refused": lambda: key(headers=headers(accept_encoding="deflate, *;q=0")),
    "a coding that nobody reads": lambda: key(headers=headers(accept_encoding="br, *;q=0")),
    "organization": lambda: key(headers=headers(openai_organization="org-2")),
    "project": lambda: key(headers=headers(openai_project="proj-1")),
    "Google's project": lambda: key(headers=headers(x_goog_user_project="p")),
    "version": lambda: key(headers=headers(anthropic_version="2023-06-01")),
    "beta": lambda: key(headers=headers(anthropic_beta="a")),
    "a header nobody knows": lambda: key(headers=headers(x_portkey_config="pc-1")),
    "a body that was packed": lambda: key(headers=headers(content_encoding="gzip")),
    "model": lambda: key(BODY | {"model": "n"}),
    "a word more": lambda: key(BODY | {"messages": [{"role": "user", "content": "hi "}]}),
    "1": lambda: key(BODY | {"x": 1}),
    "1.0": lambda: key(BODY | {"x": 1.0}),
    "true": lambda: key(BODY | {"x": True}),
    "text": lambda: key(BODY | {"x": "1"}),
    "null": lambda: key(BODY | {"x": None}),
    "nothing": lambda: key(b""),
    "a list": lambda: key([BODY]),
    "service tier": lambda: key(BODY | {"service_tier": "flex"}),
    "seed": lambda: key(BODY | {"seed": 1}),
}


def test_all_that_counts_makes_another_key() -> None:
    named = {make(): name for name, make in COUNTS.items()}
    assert len(named) == len(COUNTS), set(COUNTS) - set(named.values())


CHANGES_NOTHING: dict[str, Callable[[], bytes]] = {
    "another client": lambda: key(headers=headers(user_agent="curl/8")),
    "the id of a request": lambda: key(
        headers=headers(x_request_id="1", traceparent="00-1", idempotency_key="k")
    ),
    "its try": lambda: key(headers=headers(x_stainless_retry_count="2", x_stainless_timeout="600")),
    "our own": lambda: key(headers=headers(x_beast_priority="batch", cache_control="max-age=5")),
    "the way it came": lambda: key(
        headers=headers(x_forwarded_for="10.0.0.1", via="1.1 p", connection="close")
    ),
    "the credential, which is the tenant": lambda: key(headers=headers(authorization="Bearer sk-2")),
    "and in the query": lambda: key(query="key=sk-2"),
    "the order of headers": lambda: key(headers=HEADERS[::-1][1:2] + HEADERS[:-2] + HEADERS[-1:]),
    "codings in another order": lambda: key(headers=headers(accept_encoding="BR;q=0.5,gzip , zstd;q=0.0")),
    "codings that are not asked for": lambda: key(headers=headers(accept_encoding="gzip, deflate;q=0, zstd")),
    "plain, which will do anyhow": lambda: key(headers=headers(accept_encoding="identity;q=0.1, gzip")),
    "a charset": lambda: key(headers=headers(content_type="application/json; charset=UTF-8")),
    "white space": lambda: key(json.dumps(BODY, indent=3).encode()),
    "the order of keys": lambda: key(dict(reversed(BODY.items()))),
    "who asks": lambda: key(BODY | {"user": "u", "safety_identifier": "s", "prompt_cache_key": "p"}),
    "for what": lambda: key(BODY | {"metadata": {"project": "x"}}),
}


@pytest.mark.parametrize("what", CHANGES_NOTHING)
def test_what_changes_no_answer_keeps_the_key(what: str) -> None:
    assert CHANGES_NOTHING[what]() == key()


def test_a_header_that_comes_twice_counts_in_its_order() -> None:
    beta = ((b"anthropic-beta", b"a"), (b"anthropic-beta", b"b"))
    assert key(headers=beta) != key(headers=beta[::-1])


def test_codings_may_come_in_several_headers() -> None:
    gzip, deflate = (b"accept-encoding", b"gzip"), (b"accept-encoding", b"deflate")
    assert key(headers=[gzip, deflate]) == key(headers=[deflate, gzip]) != key(headers=[deflate])


@pytest.mark.parametrize(
    ("dialect", "ignored", "counted"),
    [
        ("openai.chat", "user metadata safety_identifier prompt_cache_key", "service_tier store labels"),
        ("openai.responses", "user metadata safety_identifier prompt_cache_key", "client_metadata include"),
        ("openai.completions", "user", "metadata"),
        ("openai.embeddings", "user", "metadata dimensions"),
        ("anthropic.messages", "metadata", "user service_tier"),
        ("anthropic.count_tokens", "", "metadata user"),
        ("gemini.generate", "labels", "metadata safetySettings"),
        ("gemini.embed", "", "labels"),
        ("other", "", "user metadata labels"),
    ],
)
def test_each_dialect_ignores_what_its_provider_documents(dialect: str, ignored: str, counted: str) -> None:
    plain = key(dialect=dialect)
    for name in ignored.split():
        assert key(BODY | {name: "x"}, dialect=dialect) == plain
        assert key(BODY | {"deep": {name: "x"}}, dialect=dialect) != key(BODY | {"deep": {}}, dialect=dialect)
    for name in counted.split():
        assert key(BODY | {name: "x"}, dialect=dialect) != plain


@given(values, values, st.data())
def test_bodies_have_one_key_where_they_mean_the_same_and_only_there(
    one: Any, other: Any, data: st.DataObject
) -> None:
    first, again, another = (key(data.draw(spelled(value)).encode()) for value in (one, one, other))
    without_user = [
        {name: part for name, part in value.items() if name != "user"} if isinstance(value, dict) else value
        for value in (one, other)
    ]
    assert first == again
    assert (first == another) == (meant(without_user[0]) == meant(without_user[1]))


PLACES = ("upstream", "path", "query", "salt")


@given(st.lists(st.sampled_from(("", "a", "b", "ab", "/", "a=1")), min_size=8, max_size=8))
def test_nothing_slips_from_one_place_into_the_next(words: list[str]) -> None:
    one, other = (dict(zip(PLACES, half, strict=True)) for half in (words[:4], words[4:]))
    assert (key(**one) == key(**other)) == (one == other)


def test_what_is_no_json_is_known_by_its_bytes_and_its_kind() -> None:
    body = json.dumps(BODY).encode()
    form = headers(content_type="multipart/form-data; boundary=x")
    other = headers(content_type="multipart/form-data; boundary=y")
    latin = headers(content_type="application/json; charset=latin-1")
    keys = [key(body, headers=some) for some in (HEADERS, form, other, latin)]
    assert len(set(keys)) == 4
    assert key(b" " + body, headers=form) != key(body, headers=form)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a":1,"a":2}', b'{"a":2}'),
        (b'{"a":1,"a":2}', b'{"a":0,"a":2}'),
        (b'{"a":9007199254740993.0}', b'{"a":9007199254740992.0}'),
        (b'{"a":NaN}', b'{"a":nan}'),
        (b'{"a":"\\ud800"}', b'{"a":"\\ud801"}'),
        (b'{"a":18446744073709551616}', b'{"a":18446744073709551617}'),
    ],
)
def test_what_decoding_would_lose_still_counts(one: bytes, other: bytes) -> None:
    assert key(one) != key(other)
    assert key(one) == key(one)


def test_a_body_that_was_gone_over_before_is_known_by_its_digest() -> None:
    def known(body: Any, **changed: Any) -> bytes:
        said = json.dumps(body, indent=1).encode()
        return key(b"", spelled=digested(said, b"application/json", "openai.chat", None), **changed)

    assert known(BODY) == known(BODY | {"user": "somebody"}) == known(dict(reversed(BODY.items())))
    assert len({known(BODY), known(BODY | {"model": "n"}), known(BODY, tenant=b"u"), key(BODY)}) == 4


def test_bodies_of_64_mb_are_borne_in_bounded_memory() -> None:
    lists = b"[" + b"[]," * (21 * MB) + b"[]]"
    tracemalloc.start()
    try:
        assert key(lists) != key(lists[:-1])
        assert tracemalloc.get_traced_memory()[1] < 70 * MB, "the copy that this test makes, and no more"
    finally:
        tracemalloc.stop()
