"""Who asks and how urgent: the token before the credential before the address, and nothing that gives them away."""

from __future__ import annotations

import pytest

from beastmode.gateway.asking import name_of, priority_of
from beastmode.gateway.client.incoming import Incoming, Message
from beastmode.gateway.headers import to_upstream

SECRET = b"of this process"


def asks(path: str = "/v1/models", address: str = "10.0.0.1", **headers: str) -> Incoming:
    async def receive() -> Message:
        raise AssertionError("nobody reads the body")

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"method": "GET", "path": path, "query_string": b"", "headers": raw, "client": (address, 1234)}
    return Incoming(scope, receive)


def name(incoming: Incoming) -> str:
    return name_of(incoming, SECRET)


def test_the_token_counts_before_the_credential_and_that_before_the_address() -> None:
    token = name(asks("/t/one/v1/models", authorization="Bearer a"))
    assert token == name(asks("/t/one/v1/chat/completions", authorization="Bearer b", address="10.0.0.2"))
    credential = name(asks(authorization="Bearer a"))
    assert credential == name(asks(authorization="Bearer a", address="10.0.0.2"))
    assert len({token, credential, name(asks()), name(asks(address="10.0.0.2"))}) == 4


@pytest.mark.parametrize("header", ["authorization", "x_api_key", "api_key", "x_goog_api_key"])
def test_every_header_that_carries_a_credential_tells_clients_apart(header: str) -> None:
    assert name(asks(**{header: "a"})) != name(asks(**{header: "b"}))


def test_a_token_a_credential_and_an_address_of_the_same_letters_are_three() -> None:
    assert len({name(asks("/t/same/v1")), name(asks(x_api_key="same")), name(asks(address="same"))}) == 3


def test_a_name_is_short_and_means_nothing_to_who_lacks_the_secret() -> None:
    asking = asks(authorization="Bearer sk-secret")
    assert len(name(asking)) == 8
    assert int(name(asking), 16) >= 0
    assert name(asking) != name_of(asking, b"of another process")


@pytest.mark.parametrize(
    ("said", "priority"), [("interactive", 0), ("batch", 1), (" Warming ", 2), ("urgent!", 0), ("", 0)]
)
def test_a_priority_that_is_not_known_counts_as_interactive(said: str, priority: int) -> None:
    assert priority_of(asks(x_beast_priority=said)) == priority
    assert priority_of(asks()) == 0


def test_the_priority_goes_no_further() -> None:
    assert to_upstream(asks(x_beast_priority="batch", accept="*/*").headers) == [(b"accept", b"*/*")]
