"""Whatever a person pastes becomes a Failure: curl's output, a log, a traceback, a line."""

from __future__ import annotations

import pytest

from beastmode.failures.pasted import evidence_in, from_text

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
