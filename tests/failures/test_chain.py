"""Exceptions are told by their deepest cause, by names, without importing the clients they come from."""

from __future__ import annotations

import errno
import ssl
import urllib.error
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from beastmode.failures.chain import follow
from beastmode.failures.classify import classify, from_exception
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure


def named(name: str, *bases: type[BaseException]) -> type[Exception]:
    """An exception class of that name, as a client that is not installed here has it."""
    return type(name, bases or (Exception,), {})


def raised(*chain: BaseException) -> BaseException:
    """The last of the chain, raised from the one before, and so on."""
    for cause, error in pairwise(chain):
        error.__cause__ = cause
    return chain[-1]


def judged(error: BaseException, **rest: Any) -> Failure:
    return classify(Evidence(exception=error, **rest), now_unix=0)


ConnectError = named("ConnectError")
APIConnectionError = named("APIConnectionError")


@pytest.mark.parametrize(
    ("deepest", "class_", "passing"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "connection_refused", True),
        (OSError(-2, "Name or service not known"), "dns", False),
        (OSError(-3, "Temporary failure in name resolution"), "dns", True),
        (
            ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"),
            "tls",
            False,
        ),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "tls", True),
        (ConnectionResetError(104, "Connection reset by peer"), "connection_reset", True),
        (TimeoutError(), "timeout", True),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "connection_refused", True),
    ],
)
def test_the_same_words_of_a_client_hide_different_causes(
    deepest: OSError, class_: str, passing: bool
) -> None:
    error = raised(deepest, ConnectError(str(deepest)), APIConnectionError("Connection error."))
    failure = judged(error)
    assert (failure.class_, failure.passing) == (class_, passing)
    assert failure.cause.startswith(type(deepest).__name__)


def test_a_client_that_hides_its_cause_is_other() -> None:
    failure = judged(APIConnectionError("Connection error."))
    assert (failure.class_, failure.passing, failure.effect) == ("other", True, "dropped")


@pytest.mark.parametrize(
    ("error", "class_"),
    [
        (
            named("RemoteProtocolError")("peer closed connection without sending complete message body"),
            "truncated_stream",
        ),
        (named("RemoteProtocolError")("Server disconnected without sending a response."), "connection_reset"),
        (named("RemoteProtocolError")("illegal status line: bytearray(b'junk')"), "invalid_response"),
        (named("ChunkedEncodingError")("Response ended prematurely"), "truncated_stream"),
        (
            named("ClientPayloadError")("Response payload is not completed: 400, message='x'"),
            "truncated_stream",
        ),
        (named("IncompleteRead")("3 bytes read"), "truncated_stream"),
        (
            named("NewConnectionError", named("ConnectTimeoutError", named("TimeoutError_")))("no"),
            "connection_refused",
        ),
        (named("InvalidURL")("no host"), "bad_request"),
        (named("ReadTimeout")(""), "timeout"),
        (named("JSONDecodeError", ValueError)("Expecting value: line 1"), "invalid_response"),
        (urllib.error.URLError(ConnectionRefusedError(111, "refused")), "connection_refused"),
        (ExceptionGroup("two", [ConnectionRefusedError(111, "a"), OSError("b")]), "connection_refused"),
    ],
)
def test_the_errors_of_clients_by_name(error: BaseException, class_: str) -> None:
    assert judged(error).class_ == class_


class StatusError(Exception):
    """As SDKs have them: a status, a body, a response that keeps headers and request."""

    def __init__(self, status: int, body: object, headers: dict[str, str]) -> None:
        super().__init__(f"Error code: {status}")
        self.status_code, self.body = status, body
        request = SimpleNamespace(url="https://api.openai.com/v1/chat/completions")
        self.response = SimpleNamespace(status_code=status, headers=headers, request=request, text="")
        self.request = request


def test_status_headers_body_and_address_are_read_from_what_an_sdk_raises() -> None:
    body = {"message": "slow down", "code": "rate_limit_exceeded"}
    failure = judged(StatusError(429, body, {"Retry-After": "7"}))
    assert (failure.class_, failure.retry_after_s, failure.cause) == ("rate_limit", 7, "HTTP 429: slow down")
    assert "api.openai.com" in failure.tip


def test_botocores_response_is_understood() -> None:
    error = named("ClientError")("An error occurred")
    response = {
        "Error": {"Code": "ThrottlingException", "Message": "Too many tokens"},
        "ResponseMetadata": {"HTTPStatusCode": 429, "HTTPHeaders": {"retry-after": "3"}},
    }
    error.response = response  # type: ignore[attr-defined]
    failure = judged(error)
    assert (failure.class_, failure.retry_after_s) == ("rate_limit", 3)


class Hostile(Exception):
    """Raises whatever is asked of it."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __getattribute__(self, name: str) -> Any:
        if name in ("response", "body", "status_code", "request", "url", "headers"):
            raise RuntimeError("no attribute")
        return super().__getattribute__(name)


def test_an_exception_that_raises_is_still_a_failure() -> None:
    assert from_exception(Hostile()).class_ == "other"
    circle = ValueError("a")
    circle.__cause__ = circle
    assert from_exception(circle).class_ == "other"


def test_a_chain_is_followed_to_its_end_but_not_for_ever() -> None:
    error: BaseException = ConnectionRefusedError(111, "refused")
    for at in range(100):
        error = raised(error, ValueError(f"link {at}"))
    assert len(follow(error).links) == 20
