"""What an upstream sees of a request, and as whom it is asked."""

from __future__ import annotations

import pytest

from beastmode.gateway.client.head import head_of
from beastmode.gateway.client.incoming import HEAD, Incoming, Message
from beastmode.gateway.upstream import Upstream


def asks(query: str = "", **headers: str) -> Incoming:
    async def receive() -> Message:
        raise AssertionError("nobody reads the body")

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    path, query_string = "/v1/chat/completions", query.encode()
    return Incoming({"method": "POST", "path": path, "query_string": query_string, "headers": raw}, receive)


def test_of_headers_of_one_name_the_first_counts_until_a_plain_answer_is_asked_for() -> None:
    asked = asks(accept_encoding="gzip", x_api_key="one")
    twice = Incoming(
        {"method": "GET", "path": "/", "query_string": b"", "headers": [(b"a", b"1"), (b"a", b"2")]},
        asked._receive,
    )
    assert (twice.header(b"a"), twice.header(b"b")) == ("1", "")
    assert asked.has_any(frozenset((b"x-api-key", b"api-key")))
    assert not asked.has_any(frozenset((b"api-key",)))
    asked.take_plain()
    assert asked.header(b"accept-encoding") == "identity"


def test_who_asks_for_a_plain_answer_asks_for_itself_not_for_those_that_sent_the_same() -> None:
    scope = {HEAD: head_of("POST", "/v1/chat/completions", b"", [(b"accept-encoding", b"gzip")])}
    one, other = (Incoming(scope, asks()._receive) for _ in range(2))
    one.take_plain()
    assert (one.header(b"accept-encoding"), other.header(b"accept-encoding")) == ("identity", "gzip")
    assert list(other.headers) == [(b"accept-encoding", b"gzip")]


def test_without_a_key_of_its_own_each_credential_is_a_tenant() -> None:
    upstream = Upstream("http://upstream/v1")
    requests = [asks(), asks(authorization="Bearer a"), asks(authorization="Bearer b"), asks("key=a")]
    assert len({upstream.tenant_of(one) for one in requests}) == len(requests)


def test_with_a_key_of_its_own_all_clients_are_one_tenant() -> None:
    upstream = Upstream("http://upstream/v1", key="own")
    requests = [asks(), asks(authorization="Bearer a"), asks("key=a"), asks("alt=sse&key=b")]
    assert len({upstream.tenant_of(one) for one in requests}) == 1


@pytest.mark.parametrize("name", ["key", "api_key", "subscription-key", "access_token"])
def test_its_own_key_stands_in_for_every_credential_of_a_client(name: str) -> None:
    upstream = Upstream("http://upstream/v1", key="own")
    for request in (asks(f"a=1&{name}=theirs"), asks(f"a=1&{name}=theirs", authorization="Bearer theirs")):
        assert upstream.url_of(request) == "http://upstream/v1/chat/completions?a=1"
