"""The traps of facts/failures.md, and what the runner asks for: numbers and codes win over sentences."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beastmode.failures import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure

NOW_UNIX = 1_790_000_000.0
"""2026-09-21 14:13:20 UTC."""


def judged(status: int | None, body: Any = "", **rest: Any) -> Failure:
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return classify.classify(Evidence(status, body=text, **rest), now_unix=NOW_UNIX)


def google(quota_id: str, delay: str = "", value: str = "20") -> dict[str, Any]:
    details: list[dict[str, Any]] = [
        {
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{"quotaId": quota_id, "quotaValue": value}],
        }
    ]
    if delay:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    message = "You exceeded your current quota, please check your plan and billing details."
    return {"error": {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details}}


def test_the_same_sentence_of_google_is_a_minute_a_day_or_nothing_at_all() -> None:
    minute = judged(429, google("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "26s"))
    day = judged(429, google("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "36s"))
    none = judged(429, google("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", value="0"))
    assert (minute.class_, minute.passing, minute.retry_after_s) == ("rate_limit", True, 26)
    assert (day.class_, day.passing, day.retry_after_s) == ("quota_exhausted", "after", 36)
    assert (none.class_, none.passing, none.retry_after_s) == ("quota_exhausted", False, None)


def test_more_than_the_minute_allows_never_passes_even_with_a_hint() -> None:
    said = (
        "Rate limit reached for model `m` on tokens per minute (TPM): Limit 7000, Used 0, Requested ~12903. "
    )
    failure = judged(
        429, {"error": {"message": said + "Please try again in 50s.", "code": "rate_limit_exceeded"}}
    )
    assert (failure.class_, failure.passing, failure.retry_after_s) == ("payload_too_large", False, None)
    assert "12,903" in failure.tip
    assert "7,000" in failure.tip


@pytest.mark.parametrize(
    ("status", "body", "class_"),
    [
        (500, {"error": {"code": 500, "message": "too large", "type": "exceed_context_size_error"}}, "context_length"),
        (500, "litellm.NotFoundError: OpenAIException - Error code: 404 - {'error': {'message': 'The model `x` does "
         "not exist', 'code': 'model_not_found'}}", "not_found_model"),
        (502, "upstream: AccessDeniedException: You don't have access to the model", "permission"),
        (500, {"error": "CUDA out of memory. Tried to allocate 2.00 GiB"}, "insufficient_memory"),
        (200, {"object": "error", "message": "The model `m` does not exist.", "code": 404}, "not_found_model"),
        (400, {"error": {"message": "API key not valid.", "status": "INVALID_ARGUMENT",
                         "details": [{"reason": "API_KEY_INVALID"}]}}, "auth"),
        (403, {"error": {"type": "forbidden", "message": "Request not allowed"}}, "region_or_policy_blocked"),
        (402, {"error": {"message": "Prompt tokens limit exceeded: 9000 > 4000.", "code": 402}}, "quota_exhausted"),
        (503, {"error": {"status": "UNAVAILABLE", "details": [{"reason": "MODEL_CAPACITY_EXHAUSTED"}]}}, "overloaded"),
        (429, "Service tier capacity exceeded for this model.", "overloaded"),
        (429, "Resource exhausted. Please try again later.", "overloaded"),
        (404, {"detail": "Not Found"}, "not_found_endpoint"),
        (400, {"error": {"message": "No such thing", "code": "model_not_available"}}, "not_found_model"),
        (401, "temporarily unavailable, try again in a moment", "auth"),
    ],
)  # fmt: skip
def test_a_trap_of_the_facts_is_told_apart(status: int, body: Any, class_: str) -> None:
    assert judged(status, body).class_ == class_


def test_a_daily_reset_names_its_time_and_is_waited_for() -> None:
    failure = judged(
        400, "You have reached your specified API usage limits. You will regain access on 2026-10-01."
    )
    assert (failure.class_, failure.passing, failure.throttle) == ("quota_exhausted", "after", True)
    assert failure.retry_after_s == pytest.approx(1_790_812_800 - NOW_UNIX, abs=1)
    assert "2026-10-01 00:00 UTC" in failure.tip


def test_a_wait_beyond_two_minutes_turns_passing_into_after() -> None:
    assert judged(429, "", headers={"Retry-After": "120"}).passing is True
    assert judged(429, "", headers={"Retry-After": "121"}).passing == "after"
    assert judged(503, "", headers={"Retry-After": "86400"}).passing == "after"


def test_rate_headers_count_only_where_a_limit_failed_and_is_used_up() -> None:
    headers = {
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "6m0s",
        "x-ratelimit-remaining-requests": "9",
        "x-ratelimit-reset-requests": "1s",
    }
    assert judged(429, "", headers=headers).retry_after_s == 360
    assert judged(400, "", headers=headers).retry_after_s is None


def test_what_the_breaker_counts_and_what_a_pause_covers() -> None:
    limited = judged(429, "Rate limit reached for requests")
    by_model = judged(429, "rate limit reached for model `gpt-4o`")
    broken = judged(500, "boom")
    key = judged(401, "")
    assert (limited.effect, limited.scope, limited.throttle) == ("dropped", "key", True)
    assert by_model.scope == "model"
    assert (broken.effect, broken.scope, broken.throttle) == ("dropped", "upstream", False)
    assert (key.effect, key.scope) == ("ignored", "key")


def test_503_and_529_ask_for_less_only_where_they_say_how_long() -> None:
    assert judged(503, "").throttle is False
    assert judged(503, "", headers={"Retry-After": "5"}).throttle is True


def test_the_nearest_model_and_the_host_really_called_are_named() -> None:
    body = {"error": {"message": "The model `qwen2.5-coder` does not exist.", "code": "model_not_found"}}
    failure = judged(
        404,
        body,
        url="http://u:pw@10.0.0.7:8000/v1",
        model="qwen2.5-coder",
        models=["llama3", "Qwen2.5-Coder-7B"],
    )
    assert (
        failure.tip
        == "Write Qwen2.5-Coder-7B instead of qwen2.5-coder: 10.0.0.7:8000 has no model of that name."
    )


def test_the_provider_is_told_by_the_host_not_by_the_label_of_a_client() -> None:
    failure = judged(401, "no", url="https://openrouter.ai/api/v1/chat/completions", provider="openai")
    assert failure.tip.startswith("Set OPENROUTER_API_KEY to a valid key of openrouter.ai")


def test_what_the_runner_asks_for() -> None:
    assert classify.from_exit(127).passing is False
    assert classify.from_exit(1, tail="boom").cause == "exit code 1: boom"
    assert classify.from_exit(-9).class_ == "killed"
    assert classify.from_exit(137).cause == "exit code 137 (SIGKILL, if a shell says so)"
    assert classify.from_exit(200).cause == "exit code 200"
    assert classify.timed_out(3, where="x", effect="dropped").effect == "dropped"
    assert classify.verify_failed(1, "no").class_ == "verify_failed"
    assert classify.worker_lost("node-3").class_ == "worker_lost"
    assert classify.out_of_budget("10 usd").passing is False
    assert classify.bad_request("no", "Do this.").tip == "Do this."
    assert "location" not in classify.redirected({"Location": "http://b"}, "HTTP 302").tip
    assert classify.from_status(302, {"location": "http://b"}, "", now_unix=NOW_UNIX).passing is False


@pytest.mark.parametrize(
    ("text", "class_"),
    [
        ("Ollama: 500, message='Internal Server Error'", "server_error"),
        ("API call failed (Attempt 1/3): 400 Provider returned error", "bad_request"),
        ("the response has a status code of 503 and was refused", "overloaded"),
        ("request failed: service unavailable", "overloaded"),
        ("StatusCode.UNAVAILABLE: try again", "overloaded"),
        ("details = 'Quota', status = StatusCode.RESOURCE_EXHAUSTED", "rate_limit"),
        ("COOLDOWN_429_SECONDS=429 is ignored: Connection refused", "connection_refused"),
    ],
)
def test_a_status_in_a_sentence_counts_and_one_in_a_setting_does_not(text: str, class_: str) -> None:
    assert judged(None, text).class_ == class_


@pytest.mark.parametrize(
    ("text", "passing"),
    [
        ("You have used up your weekly usage limit.", "after"),
        ("You have reached your premium request allowance.", False),
        ("Your monthly allowance is used up", False),
        ("Your account ran out of credits", False),
    ],
)
def test_what_is_used_up_comes_back_only_where_it_says_so(text: str, passing: object) -> None:
    failure = judged(403, text)
    assert (failure.class_, failure.passing) == ("quota_exhausted", passing)


def test_a_budget_of_time_or_requests_in_the_middle_is_no_quota() -> None:
    assert (
        judged(None, "stream disconnected before completion: Proxy request budget exhausted").passing is True
    )


def test_a_500_that_finds_fault_with_the_request_is_not_tried_again() -> None:
    failure = judged(500, "Failed to parse messages: unexpected role")
    assert (failure.class_, failure.passing) == ("bad_request", False)
    assert judged(500, "Failed to write the answer").passing is True


def test_the_place_in_the_request_is_named() -> None:
    message = "messages.7.content: these blocks cannot be provided in the same turn."
    failure = judged(400, {"error": {"message": message}})
    assert failure.class_ == "bad_request"
    assert "messages.7.content" in failure.tip


def test_a_gateway_that_hides_the_status_in_param_is_read_and_its_number_is_no_parameter() -> None:
    hidden = {"message": "(request id: 1)", "type": "upstream_error", "param": "422"}
    failure = judged(500, {"error": {**hidden, "code": "bad_response_status_code"}})
    assert (failure.class_, failure.passing) == ("bad_request", False)
    assert "422" not in failure.tip


def test_the_pace_that_the_words_state_is_the_one_to_set() -> None:
    failure = judged(429, "Rate limit of 20 requests per minute exceeded")
    assert "--rate 20/min" in failure.tip


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("connect ECONNREFUSED 10.0.0.4:8000", "10.0.0.4:8000"),
        ("dial tcp 10.0.0.4:8000: connect: connection refused", "10.0.0.4:8000"),
        (
            "FetchError: request to http://box:1/api/chat failed, reason: connect ECONNREFUSED 10.0.0.4:1",
            "box:1",
        ),
    ],
)
def test_the_address_in_the_words_of_node_and_go_is_named(text: str, where: str) -> None:
    failure = judged(None, text)
    assert failure.class_ == "connection_refused"
    assert where in failure.tip


def test_a_name_that_is_not_found_is_wrong_unless_it_is_a_known_providers() -> None:
    mine = judged(None, "dial tcp: lookup vllm.lan on 127.0.0.11:53: no such host")
    theirs = judged(None, "dial tcp: lookup api.mistral.ai on 127.0.0.11:53: no such host")
    assert (mine.class_, mine.passing) == ("dns", False)
    assert (theirs.class_, theirs.passing) == ("dns", True)
    assert "api.mistral.ai exists" in theirs.tip


@pytest.mark.parametrize(
    ("text", "class_", "passing"),
    [
        ("Request too large (max 32MB). Go back and try a smaller file.", "payload_too_large", False),
        (
            "Access to fetch at 'https://x.example/v1' has been blocked by CORS policy",
            "region_or_policy_blocked",
            False,
        ),
        ("Server error, please report the following request id: 1", "server_error", True),
        ("The provider returned an empty or unparsable response.", "invalid_response", True),
    ],
)
def test_the_sentence_of_a_client_is_enough(text: str, class_: str, passing: object) -> None:
    failure = judged(None, text)
    assert (failure.class_, failure.passing) == (class_, passing)


def test_a_tip_that_is_given_is_said_as_it_is() -> None:
    said = classify.bad_request("there is no agent 'x'", "Write a command with {prompt} in it.")
    assert said.tip == "Write a command with {prompt} in it."
