"""Rest: what a status says alone, and what is left when nothing else fits."""

from __future__ import annotations

from beastmode.failures.rules.row import NONE, SERVER, row

FAULTS = (
    "failed to parse messages | message role | messages must | message must | last message | must alternate | "
    "unexpected role | invalid role | chat template | jinja | invalid request | missing required | "
    "validation error | must be one of | unknown variant | should match pattern | string too long | "
    "invalid schema | field required | invalid parameter | invalid value | invalid type for | "
    "malformed request | raise_exception | tool role | tool_result block | "
    "must be followed by tool messages | request rejected: | "
    "exceed the model limit | failed to deserialize the json body | invalid json payload"
)
"""Sentences that find fault with the request, whatever the status or without one."""
STATUSES = (
    row(
        "quota_exhausted",
        "cohere-trial: what a key may do in a month",
        on=(NONE, 200, 400, 403, 429),
        traits="per_longer",
        unless="per_minute",
        says="limited to | exceed | limit | quota",
        passing="after",
        tip="plan",
    ),
    row(
        "rate_limit",
        "anthropic-429-account: an account's limit, of no stated length",
        on=(429,),
        says="account's rate limit",
        passing="after",
        unless="hint",
    ),
    row(
        "rate_limit",
        "litellm-no-deployments: every deployment is over its limit or cooling down",
        on=(429,),
        says="no deployments available",
        passing="after",
        unless="hint",
        scope="model",
    ),
    row(
        "rate_limit",
        "codes of many: groq-429-60s, bedrock-throttle-stream, litellm-azure-429-nested, Cohere, DashScope, GitHub",
        on=(NONE, 200, 400, 403, 424, 429, *SERVER),
        codes="rate_limit_exceeded rate_limit_error rate_limited RateLimitError too_many_requests "
        "ThrottlingException Throttling TooManyRequestsException Throttling.RateQuota "
        "Throttling.AllocationQuota Throttling.User RateLimitReached RATE_LIMIT_EXCEEDED "
        "resource_exhausted throttling_error user_rate_limited user_model_rate_limited "
        "user_global_rate_limited RequestLimitExceeded ProvisionedThroughputExceeded "
        "rate_limit_reached_error rate_limit RouterRateLimitErrorBasic RouterRateLimitError "
        "model_rate_limited RateLimitExceeded 1300 1302 TooManyRequests rate_limit_exceeded_error "
        "requests_limit tpm_limit ThrottledError Throttled",
    ),
    row(
        "rate_limit",
        "429",
        on=(429,),
    ),
    row(
        "rate_limit",
        "bolt-429-1m, litellm-anthropic-429-bytes: no code and no status",
        on=(NONE, 200, 400, 403, *SERVER),
        says="requests are too frequent | concurrency limit | 请求过于频繁 | 速率限制 | rate limit | rate-limit | "
        "ratelimit | too many requests | too many tokens, please | requests per minute | "
        "tokens per minute | request limit | rate exceeded | throttl",
    ),
    row(
        "auth",
        "authentication_error behind another status",
        on=(NONE, 200, 400, 403, 500, 502, 503),
        codes="authentication_error unauthorized AuthenticationError invalid_request_auth",
    ),
    row(
        "content_filter",
        "403 with categories",
        on=(403,),
        says="categor",
        also="content",
    ),
    row(
        "region_or_policy_blocked",
        "cloudflare-blocked-page: a page where an answer was due",
        on=(403,),
        traits="html",
    ),
    row(
        "permission",
        "403",
        on=(403,),
    ),
    row(
        "not_found_model",
        "NVIDIA: a function that the account does not have",
        on=(404,),
        says="not found for account | inaccessible | not deployed",
    ),
    row(
        "not_found_endpoint",
        "404 as a page",
        on=(404,),
        traits="html",
    ),
    row(
        "not_found_model",
        "ollama-404-httpx, ollama-404-langchain: at a path that exists",
        on=(404,),
        traits="model_path",
    ),
    row(
        "not_found_model",
        "Anthropic's not_found_error, Google's NOT_FOUND: the path is an SDK's, so it is the model",
        on=(404,),
        codes="not_found_error",
        says="model",
    ),
    row(
        "not_found_model",
        "Google: Requested entity was not found",
        on=(404,),
        says="requested entity was not found",
    ),
    row(
        "not_found_endpoint",
        "proxy-405, vllm-404-endpoint",
        on=(404, 405, 410),
    ),
    row(
        "timeout",
        "408, nginx's 499, haproxy-504, cf-522-html, cf-524-dify",
        on=(408, 499, 504, 522, 524),
    ),
    row(
        "conflict",
        "409, 423, 425",
        on=(409, 423, 425),
    ),
    row(
        "overloaded",
        "Groq's 498: capacity of a tier",
        on=(498,),
    ),
    row(
        "server_error",
        "Bedrock's ModelErrorException",
        on=(424,),
    ),
    row(
        "invalid_response",
        "a page with status 400 or 422 is no API",
        on=(400, 422),
        traits="html",
        passing=False,
    ),
    row(
        "unsupported_parameter",
        "400 that names it",
        on=(400, 422),
        codes="unsupported_parameter",
    ),
    row(
        "bad_request",
        "letta-code#725: a place in the request is named, whatever a wrapper calls it",
        on=(400, 422, 500),
        traits="field_path",
    ),
    row(
        "server_error",
        "a 400 of a server that failed by itself",
        on=(400,),
        codes="server_error internal_error internal_server_error InternalServerException",
    ),
    row(
        "bad_request",
        "anthropic-400-message-error, tgi-192-max-new, azure-400-wraps-search-403",
        on=range(400, 500),
    ),
    row(
        "server_error",
        "not implemented",
        on=(501, 505),
        passing=False,
    ),
    row(
        "overloaded",
        "zen-503-inference, 529",
        on=(503, 529),
    ),
    row(
        "tls",
        "Cloudflare could not speak TLS with the server",
        on=(525, 526),
    ),
    row(
        "unsupported_parameter",
        "llama.cpp#15377, #12947: a 500 that finds fault with what was sent",
        on=(500,),
        says="is not supported | are not supported | unsupported | not implemented for",
    ),
    row(
        "bad_request",
        "llama.cpp, NIM (GenerativeAIExamples#113): a 500 of a server that would not read the messages",
        on=(500,),
        says=f"{FAULTS} | must be a | is required",
    ),
    row(
        "server_error",
        "cf-520-html and every other",
        on=range(500, 600),
    ),
    row(
        "invalid_response",
        "a redirect that was not followed",
        on=range(300, 400),
        passing=False,
        effect="ignored",
        tip="redirect",
    ),
)
REST = (
    row(
        "truncated_stream",
        "anthropic-sse-eof-no-stop: a stream without its terminal event",
        traits="unended",
    ),
    row(
        "invalid_response",
        "litellm-empty-200-stop: an end, and nothing before it",
        traits="silent",
        effect="dropped",
        tip="silent",
    ),
    row(
        "server_error",
        "openai-responses-failed-event, Bedrock, LiteLLM",
        codes="server_error internal_error api_error INTERNAL InternalServerException "
        "internal_server_error InternalServerError ModelErrorException ModelStreamErrorException "
        "upstream_error bad_gateway stream_error processing_error unknown_error "
        "BadGatewayError",
    ),
    row(
        "overloaded",
        "UNAVAILABLE without a status",
        codes="UNAVAILABLE ServiceUnavailable service_unavailable unavailable_error",
    ),
    row(
        "not_found_model",
        "an error type alone",
        codes="not_found_error NotFoundError NOT_FOUND ResourceNotFoundException",
        says="model",
    ),
    row(
        "not_found_endpoint",
        "an error type alone",
        codes="not_found_error NotFoundError NOT_FOUND ResourceNotFoundException",
    ),
    row(
        "invalid_response",
        "json-decode-claude-html: a page where an answer was due",
        traits="html",
        passing=False,
        tip="page",
    ),
    row(
        "bad_request",
        "an error type alone",
        codes="invalid_request_error ValidationException INVALID_ARGUMENT BadRequestError bad_request "
        "FAILED_PRECONDITION ValidationError invalid_request invalid_request_body",
    ),
    row(
        "invalid_response",
        "an answer that a client could not read",
        on=(NONE, 200),
        says="malformed response | empty response | invalid response | no content in response | "
        "not valid json | invalid json response | unexpected token | expecting value | "
        "failed to parse | unexpected end of json | returned no choices | no choices | invalid api response | "
        "unexpected api response | unparsable response | unparseable response | empty or malformed | "
        "empty or invalid | did not provide any",
    ),
    row(
        "payload_too_large",
        "claude-code#74048, #30967: a client's sentence, without a status",
        on=(NONE, 200),
        says="request too large | payload too large | request body too large | request entity too large | "
        "file too large | image too large | exceed the api limit | exceeds the api limit",
    ),
    row(
        "region_or_policy_blocked",
        "note-gen#974: a browser's rule, kept by the server that answers",
        on=(NONE,),
        says="by cors policy",
    ),
    row(
        "bad_request",
        "a sentence alone that finds fault with the request",
        on=(NONE, 200),
        says=FAULTS,
    ),
    row(
        "bad_request",
        "zed#40928: a place in the request is named",
        on=(NONE, 200),
        traits="field_path",
    ),
    row(
        "invalid_response",
        "zed#45761: a client that could not read the answer",
        on=(NONE, 200),
        says="deserializ | decoding",
        also="response | answer | stream",
    ),
    row(
        "server_error",
        "Roo-Code#789: no more than that",
        on=(NONE,),
        says="server error",
    ),
    row(
        "other",
        "openai-conn-error-opaque: the SDK hides the cause",
        kinds="APIConnectionError",
        effect="dropped",
        scope="upstream",
        tip="opaque",
    ),
    row(
        "other",
        "ccr#766, Node's fetch: likewise, as a client words it",
        on=(NONE, 200),
        says="connection error | fetch failed",
        effect="dropped",
        scope="upstream",
        tip="opaque",
    ),
    row(
        "invalid_response",
        "no JSON where JSON was due",
        kinds="JSONDecodeError ContentTypeError APIResponseValidationError DecodeError",
    ),
    row(
        "truncated_stream",
        "nothing after the beginning",
        traits="mid_stream no_body",
    ),
    row(
        "invalid_response",
        "200, and no answer in it",
        on=range(200, 300),
    ),
    row(
        "other",
        "what nothing fits",
    ),
)
