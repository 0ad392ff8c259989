"""Whatever a person pastes becomes a Failure: curl's output, a log, a traceback, a line."""

from __future__ import annotations

import pytest

from beastmode.failures.pasted import evidence_in, from_text
from tests.failures.cases import NOW_UNIX, Case, cases

CURL_I = """HTTP/1.1 429 Too Many Requests\r
date: Mon, 21 Sep 2026 13:33:20 GMT\r
content-type: application/json\r
retry-after: 7\r
\r
{"error":{"message":"Rate limit reached for requests","code":"rate_limit_exceeded"}}"""
CURL_V = """* Connected to api.openai.com (1.2.3.4) port 443
> POST /v1/chat/completions HTTP/2
> Host: api.openai.com
> Authorization: Bearer sk-canary-0123456789abcdef
>
< HTTP/2 401
< content-type: application/json
<
{"error":{"message":"Incorrect API key provided: sk-canary-0123456789abcdef","code":"invalid_api_key"}}
* Connection #0 to host api.openai.com left intact"""
TRACEBACK = """Traceback (most recent call last):
  File "/usr/lib/python3.11/site-packages/httpcore/_sync/connection.py", line 99, in handle_request
    raise exc
ConnectionRefusedError: [Errno 111] Connection refused

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/main.py", line 12, in <module>
    client.chat.completions.create(model="m")
openai.APIConnectionError: Connection error."""


def test_what_curl_shows_of_an_answer() -> None:
    failure = from_text(CURL_I, now_unix=0)
    assert (failure.class_, failure.passing, failure.retry_after_s) == ("rate_limit", True, 7)
    assert failure.cause == "HTTP 429: Rate limit reached for requests"


def test_what_curl_shows_of_a_whole_call() -> None:
    evidence = evidence_in(CURL_V)
    assert (evidence.status, evidence.url) == (401, "api.openai.com")
    failure = from_text(CURL_V, now_unix=0)
    assert failure.class_ == "auth"
    assert "OPENAI_API_KEY" in failure.tip
    assert "canary" not in failure.cause + failure.tip


def test_of_several_answers_the_last_counts() -> None:
    seen = "HTTP/1.1 100 Continue\n\nHTTP/1.1 302 Found\nlocation: /b\n\nHTTP/1.1 503 Busy\nretry-after: 5\n\nbusy"
    failure = from_text(seen, now_unix=0)
    assert (failure.class_, failure.retry_after_s, failure.cause) == ("overloaded", 5, "HTTP 503: busy")


def test_a_traceback_tells_its_deepest_cause_and_ends_with_its_own_words() -> None:
    failure = from_text(TRACEBACK, now_unix=0)
    assert failure.class_ == "connection_refused"
    assert "APIConnectionError" in failure.cause


@pytest.mark.parametrize(
    ("text", "class_"),
    [
        ('{"error": {"type": "overloaded_error", "message": "Overloaded"}}', "overloaded"),
        ('event: error\ndata: {"error": {"type": "overloaded_error"}}\n\n', "overloaded"),
        ('API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', "overloaded"),
        ("unexpected status 401 Unauthorized: Missing bearer authentication", "auth"),
        ("exceeded retry limit, last status: 429 Too Many Requests", "rate_limit"),
        ("curl: (7) Failed to connect to localhost port 8000: Connection refused", "connection_refused"),
        ("curl: (6) Could not resolve host: no.such.host", "dns"),
        ("curl: (60) SSL certificate problem: self signed certificate", "tls"),
        ("curl: (28) Operation timed out after 5000 milliseconds", "timeout"),
        ("curl: (56) Recv failure: Connection reset by peer", "connection_reset"),
        ('Post "http://127.0.0.1:11434/api/chat": dial tcp: connect: connection refused', "connection_refused"),
        ("", "other"),
        ("everything is fine", "other"),
    ],
)  # fmt: skip
def test_a_line_is_enough(text: str, class_: str) -> None:
    assert from_text(text, now_unix=0).class_ == class_


def test_in_a_long_log_the_last_telling_line_counts() -> None:
    noise = "2026-09-21 13:33:20 INFO served a page of 404 words in 12 ms\n" * 5000
    log = (
        noise
        + "ERROR 401 Unauthorized\n"
        + noise
        + 'ERROR upstream: {"error":{"type":"overloaded_error"}}\n'
        + "INFO done\n" * 9
    )
    assert from_text(log, now_unix=0).class_ == "overloaded"


def pasted(case: Case) -> str:
    """What a person would paste of a case: the client's line, then the answer as `curl -i` shows it."""
    head = f"HTTP/1.1 {case['status']}\r\n" if case["status"] else ""
    lines = "".join(f"{name}: {value}\r\n" for name, value in case["headers"].items()) if head else ""
    answer = f"{head}{lines}\r\n{case['body']}" if head else case["body"]
    return "\n".join(part for part in (case["exception"], answer) if part)


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case["id"]))
def test_a_real_case_pasted_is_told_as_well_as_met(case: Case) -> None:
    failure = from_text(pasted(case), now_unix=NOW_UNIX)
    assert failure.class_ in (case["accept_classes"] or [case["expected_class"]])


def test_an_answer_without_headers_keeps_its_first_line_as_body() -> None:
    evidence = evidence_in("HTTP/1.1 403\r\n\r\nExpiredTokenException: The security token is expired")
    assert (evidence.headers, evidence.body) == ({}, "ExpiredTokenException: The security token is expired")


def test_the_clients_line_before_the_answer_is_evidence_too() -> None:
    evidence = evidence_in("httpx.HTTPStatusError: Client error '404 Not Found'\nHTTP/1.1 404\n\n")
    assert isinstance(evidence.exception, str)
    assert evidence.exception.startswith("httpx.HTTPStatusError")
