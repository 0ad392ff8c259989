"""One error in every shape it is met in gives the same Failure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure

ERROR = {
    "error": {
        "message": "Rate limit reached for gpt-4o on tokens per min: Limit 30000, Used 29000, Requested 2000. "
        "Please try again in 2.5s.",
        "type": "tokens",
        "param": None,
        "code": "rate_limit_exceeded",
    }
}
JSON = json.dumps(ERROR)
NODE = "{ error: { message: 'Rate limit reached, try again in 2.5s.', code: 'rate_limit_exceeded' }, status: 429 }"
SHAPES = {
    "json": JSON,
    "bytes": JSON.encode(),
    "bytes that are no UTF-8": b"\xff\xfe" + JSON.encode(),
    "indented": json.dumps(ERROR, indent=4),
    "an array": f"[{JSON}]",
    "JSON in a JSON string": json.dumps(JSON),
    "JSON in a message": json.dumps({"error": {"message": JSON, "code": 400}}),
    "twice in a message": json.dumps({"error": {"message": json.dumps({"error": {"message": JSON}})}}),
    "a Python repr": repr(ERROR),
    "a bytes repr": repr(JSON.encode()),
    "a sentence around it": f"litellm.RateLimitError: RateLimitError: OpenAIException - Error code: 429 - {ERROR!r}",
    "Node's inspect": NODE,
    "cut off": JSON[:-12],
    "cut inside the message": JSON[:150],
    "server-sent events": f"event: error\ndata: {JSON}\n\n",
    "a frame without a name": f"data: {JSON}\n\ndata: [DONE]\n\n",
    "framed by a terminal": f"│ API Error: 429 {JSON}   │",
    "escaped twice": json.dumps(json.dumps(JSON))[1:-1],
}


def judged(body: Any, status: int | None = None, **rest: Any) -> Failure:
    return classify(Evidence(status, body=body, **rest), now_unix=0)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_shape_says_the_same(shape: str) -> None:
    failure = judged(SHAPES[shape])
    assert (failure.class_, failure.passing, failure.retry_after_s) == ("rate_limit", True, 2.5)


def test_an_error_as_the_text_of_an_exception_says_the_same() -> None:
    failure = judged(b"", exception=f"openai.RateLimitError: Error code: 429 - {ERROR!r}")
    assert (failure.class_, failure.retry_after_s) == ("rate_limit", 2.5)
    assert failure.cause.startswith("HTTP 429: Rate limit reached for gpt-4o")


@pytest.mark.parametrize("name", ["error", "message", "detail", "error_description", "msg", "errorMessage"])
def test_the_words_are_found_by_any_name(name: str) -> None:
    assert judged(json.dumps({name: "no such luck today"}), 500).cause == "HTTP 500: no such luck today"


def test_a_page_is_read_by_its_title() -> None:
    page = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><hr>nginx</body></html>"
    assert judged(page, 502).cause == "HTTP 502: Bad Gateway"
    assert judged(page, 502).class_ == "server_error"
    assert (judged("<html><body>hello</body></html>", 200).class_, judged(page, 403).class_) == (
        "invalid_response",
        "region_or_policy_blocked",
    )


def test_what_was_asked_and_is_echoed_decides_nothing() -> None:
    echo = {
        "detail": [{"type": "missing", "msg": "Field required", "input": "out of memory, insufficient_quota"}]
    }
    assert judged(json.dumps(echo), 422).class_ == "bad_request"
    assert judged(json.dumps(echo)[:-6], 422).class_ == "bad_request"


ANSWER = 'data: {"choices":[{"delta":{"content":"insufficient_quota"},"finish_reason":null}]}\n\n'
END = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def test_a_stream_is_judged_by_its_end() -> None:
    assert judged(ANSWER, 200, mid_stream=True).class_ == "truncated_stream"
    assert judged(END, 200, mid_stream=True).class_ == "invalid_response"
    assert judged(END, 200, mid_stream=True).effect == "dropped"
    filtered = ANSWER + 'data: {"choices":[{"delta":{},"finish_reason":"content_filter"}]}\n\n'
    assert judged(filtered, 200, mid_stream=True).class_ == "content_filter"


@pytest.mark.parametrize(
    ("frame", "class_"),
    [
        (
            'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
            "overloaded",
        ),
        (
            'data: {"type":"response.failed","response":{"error":{"code":"server_error","message":"x y"}}}',
            "server_error",
        ),
        (
            'data: {"error":{"message":"bad tool","code":"tool_use_failed"},"status_code":400}',
            "invalid_response",
        ),
        (
            'data: {"choices":[{"error":{"code":502,"message":"upstream died"},"finish_reason":"error"}]}',
            "server_error",
        ),
    ],
)
def test_an_error_behind_200_is_one(frame: str, class_: str) -> None:
    assert judged(ANSWER + frame + "\n\n", 200, mid_stream=True).class_ == class_


@pytest.mark.parametrize(
    ("body", "class_"),
    [
        ({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, "content_filter"),
        ({"candidates": [{"finishReason": "SAFETY"}]}, "content_filter"),
        ({"choices": None, "error": {"message": "Provider returned error", "code": 429}}, "rate_limit"),
        ({"code": 404, "message": "model not found"}, "not_found_model"),
    ],
)
def test_an_error_inside_an_answer_is_one(body: dict[str, Any], class_: str) -> None:
    assert judged(json.dumps(body), 200).class_ == class_


def test_an_error_that_stands_loose_in_a_stream_is_read() -> None:
    loose = ANSWER + '{"error":{"message":"upstream died","code":502}}\n'
    failure = judged(loose, 200, mid_stream=True)
    assert failure.class_ == "server_error"
    assert "upstream died" in failure.cause
