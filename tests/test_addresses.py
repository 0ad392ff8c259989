"""Addresses: all spellings of one are one, and nothing else is taken for this machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.addresses import in_url, is_every_address, is_loopback, plain


@pytest.mark.parametrize(
    ("host", "one", "loopback"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.8.0.1", "127.8.0.1", True),
        ("127.1", "127.0.0.1", True),
        ("0x7f000001", "127.0.0.1", True),
        ("::1", "::1", True),
        ("[::1]", "::1", True),
        ("0:0:0:0:0:0:0:1", "::1", True),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("::FFFF:7F00:1", "127.0.0.1", True),
        ("LOCALHOST", "localhost", True),
        ("0", "0.0.0.0", False),
        ("::", "::", False),
        ("::ffff:10.0.0.1", "10.0.0.1", False),
        ("2001:DB8::1", "2001:db8::1", False),
        ("Gateway.Example", "gateway.example", False),
        ("localhost.example", "localhost.example", False),
        ("fade.beef", "fade.beef", False),
        ("1.2.3.4.5", "1.2.3.4.5", False),
        ("[127.0.0.1]", "[127.0.0.1]", False),
        ("", "", False),
    ],
)
def test_a_host_in_its_usual_form(host: str, one: str, loopback: bool) -> None:
    assert (plain(host), is_loopback(host)) == (one, loopback)


@pytest.mark.parametrize(("host", "every"), [("0", True), ("[::]", True), ("127.0.0.1", False), ("a", False)])
def test_what_means_every_address(host: str, every: bool) -> None:
    assert is_every_address(host) == every


def test_in_a_url_colons_are_in_brackets() -> None:
    assert (in_url("::1"), in_url("127.0.0.1"), in_url("box")) == ("[::1]", "127.0.0.1", "box")


@given(st.text(max_size=30) | st.ip_addresses().map(str))
def test_the_usual_form_of_it_is_itself(host: str) -> None:
    assert plain(plain(host)) == plain(host)
