"""Keys of ours are found wherever clients put them, and go no further; all else stays as it was sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.gateway.client.carried import GEMINI_KEY, take_out
from beastmode.gateway.headers import to_upstream

OURS = "beast_7XBjn9hqujPPg0UZVRu8puh5Q7Wtp7ytMXBvukdZZru2rfs9D"
"""No secret: no home knows it."""
OTHER = (b"accept", b"*/*")
PROVIDER = (b"x-api-key", b"sk-ant-provider")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (b"authorization", f"Bearer {OURS}"),
        (b"authorization", f"bearer  {OURS} "),
        (b"authorization", OURS),
        (b"x-api-key", OURS),
        (b"api-key", OURS),
        (b"x-goog-api-key", OURS),
    ],
)
def test_a_header_with_a_key_of_ours_is_taken_out_and_its_place_is_known(header: bytes, value: str) -> None:
    found = take_out([OTHER, (header, value.encode())], "alt=sse")
    assert (list(found.headers), found.query) == ([OTHER], "alt=sse")
    assert (found.keys, found.place) == ((OURS,), header)


@pytest.mark.parametrize("query", [f"key={OURS}", f"alt=sse&key={OURS}&x=1", f"key=%62east%5F{OURS[6:]}"])
def test_so_is_the_key_of_a_query(query: str) -> None:
    found = take_out([OTHER], query)
    assert OURS not in found.query
    assert (found.keys, found.place) == ((OURS,), GEMINI_KEY)
    assert found.query in ("", "alt=sse&x=1")


def test_a_provider_s_credential_beside_it_stays() -> None:
    found = take_out([(b"authorization", f"Bearer {OURS}".encode()), PROVIDER], "")
    assert list(found.headers) == [PROVIDER]


@pytest.mark.parametrize("half", [OURS[:30], "beast_", OURS + "x"], ids=["cut", "empty", "longer"])
def test_a_mistyped_key_goes_no_further_either(half: str) -> None:
    assert take_out([(b"x-api-key", half.encode())], f"key={half}").headers == []


def test_a_whole_key_goes_no_further_in_any_header_or_parameter() -> None:
    found = take_out(
        [(b"cookie", f"a=b; k={OURS}".encode()), (b"referer", b"/beast_mode"), OTHER], f"q={OURS}"
    )
    assert list(found.headers) == [(b"referer", b"/beast_mode"), OTHER]
    assert (found.query, found.keys) == ("", ())
    assert take_out([], "model=beast_7b&file=a%20b").query == "model=beast_7b&file=a%20b"


names = st.sampled_from([b"authorization", b"x-api-key", b"accept", b"cookie", b"beast"])
headers = st.lists(st.tuples(names, st.binary(max_size=30)))


@given(headers, st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_a_request_without_a_key_of_ours_stays_as_it_is(
    headers: list[tuple[bytes, bytes]], query: str
) -> None:
    found = take_out(headers, query)
    if b"beast_" not in b"".join(value for _, value in headers) and "beast" not in query.replace(
        "%", "beast"
    ):
        assert (found.headers, found.query, found.keys, found.place) == (headers, query, (), b"")


@pytest.mark.parametrize(
    ("sent", "place", "header"),
    [
        ([PROVIDER], b"", b"x-api-key"),
        ([], b"x-goog-api-key", b"x-goog-api-key"),
        ([(b"anthropic-version", b"2023-06-01")], b"", b"x-api-key"),
        ([], b"", b"authorization"),
    ],
)
def test_the_upstream_s_key_goes_where_the_client_had_its_own(
    sent: list[tuple[bytes, bytes]], place: bytes, header: bytes
) -> None:
    value = b"Bearer up" if header == b"authorization" else b"up"
    assert dict(to_upstream(sent, "up", place))[header] == value
