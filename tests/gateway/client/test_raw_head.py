"""What is made of the head of a request: what it asks for, and what it offers that is declined."""

from __future__ import annotations

import pytest

from beastmode.gateway.client.raw_head import flaw_named, target_of, without_upgrade


@pytest.mark.parametrize(
    ("url", "path", "query"),
    [
        (b"/v1/models", b"/v1/models", b""),
        (b"/v1/models?a=b?c", b"/v1/models", b"a=b?c"),
        (b"/v1/models?a=b#c", b"/v1/models", b"a=b"),
        (b"http://u:p@elsewhere:1/v1/models?a=b", b"/v1/models", b"a=b"),
        (b"http://host", b"/", b""),
        (b"http://host?a=b", b"/", b"a=b"),
        (b"*", b"*", b""),
        (b"", b"", b""),
    ],
)
def test_a_target_has_a_path_and_a_query_in_every_form(url: bytes, path: bytes, query: bytes) -> None:
    assert target_of(url) == (path, query)


@pytest.mark.parametrize(
    ("offered", "left"),
    [
        (b"Upgrade, HTTP2-Settings", b" HTTP2-Settings"),
        (b"keep-alive, upgrade", b"keep-alive"),
        (b"Upgrade", b""),
        (b"close", b"close"),
    ],
)
def test_of_what_is_offered_only_the_word_for_it_goes(offered: bytes, left: bytes) -> None:
    head = without_upgrade(b"GET / HTTP/1.1", [(b"connection", offered), (b"upgrade", b"h2c")])
    assert head == b"GET / HTTP/1.1\r\nconnection: %b\r\nupgrade: h2c\r\n\r\n" % left


def test_a_client_that_speaks_tls_is_told_from_others() -> None:
    assert "begins with TLS" in flaw_named("Invalid method encountered", b"\x16\x03\x01\x00")
    assert flaw_named("Invalid method encountered", b"hello") == "invalid method encountered"
