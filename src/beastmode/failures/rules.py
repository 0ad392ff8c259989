"""RULES: which class a failure is, and whether a retry can help. Looked at from top to bottom; the first that fits.

Numbers and codes come before sentences, sentences before what a status alone says. No rule looks for "retry" or "try
again": permanent errors say that too (Azure's filter, Bedrock's profiles, a deployment that does not exist). Each row
names the case of corpora/errors or the source it came from.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from beastmode.failures.failure import Effect, Passing, Scope
from beastmode.failures.unwrap import spelled_code

Throttle = Literal["never", "hinted", "always"]


class Usual(NamedTuple):
    """What a class means where no row says otherwise.   throttle: "hinted": only where a wait was stated."""

    passing: Passing
    effect: Effect = "ignored"
    throttle: Throttle = "never"
    scope: Scope = "request"


USUAL: dict[str, Usual] = {
    "auth": Usual(False, scope="key"),
    "permission": Usual(False, scope="key"),
    "not_found_model": Usual(False, scope="model"),
    "not_found_endpoint": Usual(False),
    "bad_request": Usual(False),
    "unsupported_parameter": Usual(False),
    "context_length": Usual(False),
    "content_filter": Usual(False),
    "payload_too_large": Usual(False),
    "rate_limit": Usual(True, "dropped", "always", "key"),
    "quota_exhausted": Usual(False, "ignored", "hinted", "key"),
    "overloaded": Usual(True, "dropped", "hinted", "upstream"),
    "server_error": Usual(True, "dropped", "never", "upstream"),
    "timeout": Usual(True, "dropped", "never", "upstream"),
    "connection_refused": Usual(True, "dropped", "never", "upstream"),
    "dns": Usual(True, scope="upstream"),
    "tls": Usual(False, scope="upstream"),
    "connection_reset": Usual(True, "dropped", "never", "upstream"),
    "truncated_stream": Usual(True, "dropped", "never", "upstream"),
    "invalid_response": Usual(True),
    "model_loading": Usual(True, "ignored", "hinted", "model"),
    "insufficient_memory": Usual(False, scope="model"),
    "region_or_policy_blocked": Usual(False, scope="key"),
    "conflict": Usual(True),
    "other": Usual(True),
    "exit_code": Usual(True),
    "verify_failed": Usual(True),
    "killed": Usual(True),
    "out_of_budget": Usual(False),
    "worker_lost": Usual(True),
}

TRAITS = {
    "json": "the body is JSON",
    "html": "the body is a page",
    "stream": "the body is a stream of events",
    "unended": "the stream has no terminal event and no error",
    "ended": "the stream has its terminal event and said something",
    "silent": "the stream has its terminal event and said nothing",
    "answer": "the body is an answer, without an error in it",
    "no_body": "nothing was received",
    "mid_stream": "the answer had begun to stream",
    "hint": "a wait was stated",
    "per_day": "a limit per day is named",
    "per_longer": "a limit per week or month is named",
    "per_minute": "a limit per minute or second is named",
    "over_limit": "more is requested than the limit itself",
    "limit_zero": "the limit is 0",
    "model_missing": "a model is said not to exist",
    "model_path": "the URL is one where only the model can be missing",
    "request_id": "the provider gave the request an id",
    "public_host": "the host is a known provider's",
}


class Rule(NamedTuple):
    """One row: what must hold, and what it then is. Of `codes`, `kinds`, `says` and `also` one of each must be there.

    statuses: that may stand beside it; empty: any.   codes: of the answer, `spelled_code`.   kinds: names of
    exceptions.   says: parts of the text.   also: likewise, in addition.   traits: all of them.   unless: none of
    them.   passing, scope, effect: where not as usual.   tip: a special one, of `tips.SPECIAL`.   source: where from.
    """

    class_: str
    source: str
    statuses: frozenset[int | None] = frozenset()
    codes: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    says: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    traits: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()
    passing: Passing | None = None
    scope: Scope | None = None
    effect: Effect | None = None
    tip: str = ""


def _r(
    class_: str,
    source: str,
    *,
    on: Iterable[int | None] = (),
    codes: str = "",
    kinds: str = "",
    says: str = "",
    also: str = "",
    traits: str = "",
    unless: str = "",
    passing: Passing | None = None,
    scope: Scope | None = None,
    effect: Effect | None = None,
    tip: str = "",
) -> Rule:
    """A row.   codes, kinds, traits: words.   says, also: phrases between `|`."""
    return Rule(
        class_,
        source,
        frozenset(on),
        frozenset(spelled_code(code) for code in codes.split()),
        frozenset(kinds.split()),
        tuple(phrase for phrase in says.split("|") if phrase),
        tuple(phrase for phrase in also.split("|") if phrase),
        frozenset(traits.split()),
        frozenset(unless.split()),
        passing,
        scope,
        effect,
        tip,
    )


NONE = None
SERVER = (500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530)
UNSAID = (NONE, 200, *SERVER)
"""No status, or one that a wrapper puts around anything."""
OPEN = (*UNSAID, 400, 404, 409, 422, 424)
"""Where the sentence may tell more than the status."""

NUMBERS = (
    _r("quota_exhausted", "gemini-429-limit-0, gemini-429-region-limit-0: a limit of 0 is no limit that refills",
       on=(NONE, 200, 400, 403, 429, 500), traits="limit_zero", tip="zero"),
    _r("payload_too_large", "openai-tpm-request-too-large, groq-413-12000, facts 3 (groq-429-used0): requested > limit",
       on=(NONE, 200, 400, 413, 429, 500), traits="over_limit", tip="over_budget"),
    _r("payload_too_large", "openai-tpm-342k, where the numbers are cut off",
       on=(NONE, 400, 413, 429), says="request too large for", also="tokens per min|per minute|tpm", tip="over_budget"),
    _r("quota_exhausted", "gemini-429-free-tier-zero: minute and day used up at the first call: there is no such tier",
       codes="resource_exhausted", traits="per_day per_minute", unless="hint", tip="zero"),
    _r("quota_exhausted", "gemini-429-perday-36s, facts 2: a day's quota, whatever the hint",
       codes="resource_exhausted", traits="per_day", passing="after", tip="per_day"),
    _r("rate_limit", "gemini-429-minute-26s, facts 1: PerMinute or RetryInfo, whatever the sentence",
       codes="resource_exhausted", traits="per_minute"),
    _r("rate_limit", "gemini-429-minute-26s: RetryInfo alone", codes="resource_exhausted", traits="hint",
       says="exceeded your current quota|quota exceeded"),
)  # fmt: skip

QUOTA = (
    _r("quota_exhausted", "gemini-429-help-only: the sentence of every Google limit, without its kind and without a delay",
       codes="resource_exhausted", says="exceeded your current quota", unless="hint per_minute", passing="after", tip="per_day"),
    _r("quota_exhausted", "codex-usage-limit-plus, pi#4172: a plan's window",
       codes="usage_limit_reached usage_limit_exceeded FreeUsageLimitError GoUsageLimitError SubscriptionUsageLimitError "
             "weekly_limit_reached daily_limit_exceeded daily_quota_exceeded user_weekly_rate_limited monthly_limit_reached "
             "SetLimitExceeded quota_reset QuotaLimitExceeded", passing="after", tip="plan"),
    _r("quota_exhausted", "openai-quota-wrong-org, agentao#283, opencode Zen, Moonshot, DashScope, Volcengine: nothing left to spend",
       codes="insufficient_quota credit_balance_exhausted organization_spend_limit_exceeded project_spend_limit_exceeded "
             "organization_usage_limit_exceeded billing_hard_limit_reached billing_not_active billing_error CreditsError "
             "insufficient_balance insufficient_credits insufficient_funds insufficient_user_quota exceeded_current_quota_error "
             "Arrearage AccountOverdueError AllocationQuota.FreeTierOnly payment_required credits_exhausted out_of_credits "
             "BILLING_DISABLED budget_exceeded BudgetExceeded ExceededBudget usage_not_included spend_limit_reached "
             "pre_consume_token_quota_failed InsufficientBalance PaymentRequired insufficient_account_balance "
             "not_enough_credits balance_not_enough quota_not_enough", unless="hint", tip="billing"),
    _r("quota_exhausted", "the same with a stated reset", codes="insufficient_quota billing_error budget_exceeded ExceededBudget "
       "payment_required insufficient_credits", traits="hint", passing="after", tip="plan"),
    _r("quota_exhausted", "n8n-openrouter-mislabel, openrouter-429-free-day: an allowance per day",
       on=(NONE, 200, 400, 402, 403, 429, 500, 503), says="free-models-per-day|daily limit|daily quota|per-day|quota per day|queries per day|requests per day",
       traits="per_day", unless="hint", passing="after", tip="per_day"),
    _r("quota_exhausted", "facts 4: \"You will regain access on 2026-09-01\", Claude's plans, Codex's",
       on=(NONE, 200, 400, 402, 403, 429, 500), passing="after", tip="plan",
       says="you will regain access|you've hit your limit|you have hit your limit|hit your usage limit|reached your usage limit|"
            "usage limit reached|usage limit has been reached|limit will reset|quota will reset|weekly limit|5-hour limit|hour limit reached|"
            "session limit|exhausted your capacity on this model|exhausted your daily quota|weekly usage limit|daily usage limit|session usage limit"),
    _r("quota_exhausted", "facts 4: Anthropic's usage limits in a 400", on=(NONE, 200, 400, 403, 429),
       says="specified api usage limits|workspace api usage limits|your api usage limits", passing="after", tip="plan"),
    _r("quota_exhausted", "anthropic-400-credit, facts 5, xAI, Together, HF: nothing left to spend, whatever the status", tip="billing",
       on=(NONE, 200, 400, 401, 402, 403, 429, 500, 502),
       says="credit balance is too low|insufficient balance|insufficient credit|insufficient fund|insufficient quota|not enough credit|"
            "out of credits|exceeded your monthly included credits|run out of credits|doesn't have any credits|used all available credits|"
            "no credits|requires more credits|add more credits|can only afford|exceeded your current quota, please check your plan|"
            "reached its monthly spending limit|spending limit|spend limit|credit limit exceeded|billing hard limit|"
            "account is not active, please check your billing|requires billing to be enabled|without billing|budget has been exceeded|"
            "exceededbudget|extra usage is required|out of extra usage|account balance|payment required|余额不足|欠费|额度不足|额度已用完|"
            "exceeded your monthly|monthly usage limit|monthly quota|monthly limit|insufficient_quota|prompt tokens limit exceeded|"
            "key limit exceeded|negative balance|credit_balance", unless="per_minute"),
    _r("quota_exhausted", "deepseek-402-json, openrouter-402-insufficient: 402", on=(402,), unless="hint", tip="billing"),
    _r("quota_exhausted", "402 with a stated reset", on=(402,), passing="after", tip="plan"),
)  # fmt: skip

CODES = (
    _r("overloaded", "anthropic-529-overloaded, codex api_bridge (server_is_overloaded, slow_down), facts 2 and 12",
       codes="overloaded_error server_is_overloaded slow_down engine_overloaded engine_overloaded_error model_overloaded "
             "MODEL_CAPACITY_EXHAUSTED capacity_exceeded service_tier_capacity_exceeded server_overloaded overloaded 3505 "
             "no_capacity ServiceUnavailableException system_overloaded upstream_overloaded server_busy model_busy 50505"),
    _r("context_length", "openai, llamacpp-400-context, LiteLLM, Copilot",
       codes="context_length_exceeded exceed_context_size_error ContextWindowExceededError model_max_prompt_tokens_exceeded "
             "context_window_exceeded prompt_too_long context_too_large input_too_long context_length model_context_window_exceeded "
             "max_context_length_exceeded input_length_exceeded ContextOverflowError context_overflow prompt_tokens_exceeded"),
    _r("content_filter", "azure-400-cf-jailbreak, gemini-prohibited, DashScope, Groq and OpenAI moderation",
       codes="content_filter ResponsibleAIPolicyViolation content_policy_violation moderation_blocked DataInspectionFailed "
             "data_inspection_failed ContentPolicyViolationError PROHIBITED_CONTENT content_blocked guardrail_intervened "
             "safety_violation content_violation invalid_prompt BLOCKLIST SPII IMAGE_SAFETY RECITATION SAFETY sensitive_words_detected "
             "content_moderation cyber_policy_violation content_filtered flagged_input SensitiveContentDetected"),
    _r("region_or_policy_blocked", "openai-403-country-flat, Google's referrer and IP rules",
       codes="unsupported_country_region_territory API_KEY_HTTP_REFERRER_BLOCKED API_KEY_IP_ADDRESS_BLOCKED ip_not_authorized "
             "unsupported_location ip_address_not_allowed region_not_supported VPC_SERVICE_CONTROLS LOCATION_POLICY_VIOLATED"),
    _r("region_or_policy_blocked", "azure-403-vnet: network rules", says="virtual network/firewall rules|public access is disabled|network security perimeter"),
    _r("conflict", "openai-400-conversation-locked, mistral-409-conversation",
       codes="conversation_locked conflict_error ConflictException idempotency_error idempotency_conflict resource_locked"),
    _r("invalid_response", "groq-400-tool-use-failed, groq-400-schema: the model's sample, not the request",
       codes="tool_use_failed json_validate_failed output_parse_failed MALFORMED_FUNCTION_CALL UNEXPECTED_TOOL_CALL "
             "model_output_error malformed_response MALFORMED_RESPONSE NO_IMAGE", tip="sample"),
    _r("not_found_model", "bedrock-on-demand: a model id where a profile's is needed",
       says="with on-demand throughput", tip="profile"),
    _r("unsupported_parameter", "openai-400-temperature, copilot-400-max-tokens, LiteLLM",
       codes="unsupported_parameter unsupported_value unknown_parameter UnsupportedParamsError unrecognized_parameter "
             "unsupported_api_for_model unsupported_tool invalid_reasoning_effort"),
    _r("permission", "openai: organisations to verify; LiteLLM's keys; Groq's terms and project rules; Volcengine",
       codes="organization_must_be_verified key_model_access_denied team_model_access_denied org_model_access_denied "
             "model_terms_required model_permission_blocked_project model_permission_blocked_org ModelNotOpen AccessDenied.Unpurchased "
             "SERVICE_DISABLED CONSUMER_INVALID API_KEY_SERVICE_BLOCKED missing_scope insufficient_permissions IAM_PERMISSION_DENIED "
             "ACCESS_TOKEN_SCOPE_INSUFFICIENT insufficient_scope GatedRepoError"),
    _r("not_found_model", "openai-404-model, azure-404-deployment, Together (400), Groq's retired models, GitHub Models",
       codes="model_not_found DeploymentNotFound unknown_model model_not_available ModelNotFound model_not_exist model_decommissioned "
             "model_deprecated model_does_not_exist unavailable_model model_not_supported invalid_model InvalidEndpointOrModel.NotFound "
             "UnsupportedModel ModelNotFoundError model_not_found_error invalid_model_error model_unavailable ProviderModelNotFoundError"),
    _r("not_found_endpoint", "openai-404-invalid-url, facts 7", on=(NONE, 200, 400, 403, 404, 405, 500),
       codes="unknown_url route_not_found endpoint_not_found unknown_path invalid_url method_not_allowed no_route NoRouteFound"),
    _r("payload_too_large", "Anthropic's 413, Vercel, GitHub Models", codes="request_too_large payload_too_large entity.too.large "
       "RequestEntityTooLarge FUNCTION_PAYLOAD_TOO_LARGE tokens_limit_reached image_too_large file_too_large RequestTooLargeError"),
    _r("insufficient_memory", "vLLM, TGI, Ollama: out of memory", codes="out_of_memory OutOfMemoryError CudaOutOfMemory oom",
       kinds="OutOfMemoryError"),
    _r("model_loading", "Bedrock: ModelNotReadyException; llamacpp-503-nested", codes="ModelNotReadyException model_loading model_not_ready model_warming_up"),
    _r("timeout", "Bedrock, Google, Anthropic's 504, Vercel", on=(NONE, 200, 400, 408, 424, 499, *SERVER),
       codes="ModelTimeoutException DEADLINE_EXCEEDED timeout_error FUNCTION_INVOCATION_TIMEOUT gateway_timeout upstream_timeout request_timeout "
             "GatewayTimeout inference_timeout 4504"),
    _r("auth", "Gemini's bad key in a 400, facts 8; AWS tokens in a 403 (bedrock-expired-token); Cerebras, Codex",
       codes="invalid_api_key API_KEY_INVALID incorrect_api_key wrong_api_key InvalidApiKey missing_api_key no_api_key invalid_authentication_error "
             "ExpiredTokenException ExpiredToken UnrecognizedClientException InvalidSignatureException SignatureDoesNotMatch "
             "InvalidClientTokenId IncompleteSignature MissingAuthenticationToken AuthFailure token_expired token_invalidated invalid_token "
             "ACCESS_TOKEN_EXPIRED ACCESS_TOKEN_TYPE_UNSUPPORTED CREDENTIALS_MISSING UNAUTHENTICATED no_organization account_deactivated "
             "invalid_organization mismatched_organization refresh_token_reused refresh_token_expired auth_unavailable invalid_grant "
             "NoCredentialsError DefaultCredentialsError RefreshError InvalidAccessKeyId PartialCredentialsError TokenRetrievalError "
             "CredentialsProviderError MissingApiKeyError LoadAPIKeyError authentication_failed"),
)  # fmt: skip

REFUSALS = (
    _r("auth", "openai-401-bad-key, generic-401-misleading: the status wins over what a client makes of it", on=(401, 407)),
    _r("payload_too_large", "413 without numbers", on=(413,)),
    _r("payload_too_large", "headers too large", on=(431,)),
    _r("region_or_policy_blocked", "451", on=(451,)),
)  # fmt: skip

SENTENCES = (
    _r("region_or_policy_blocked", "gemini-400-location-double, openrouter-404-data-policy, cloudflare-blocked-page",
       on=(NONE, 200, 400, 403, 404, 429, 503),
       says="user location is not supported|country, region, or territory|not available in your country|not available in your region|"
            "unsupported country|matching your data policy|guardrail restrictions and data policy|matching your guardrail|data policy|"
            "you have been blocked|attention required! | cloudflare|just a moment|unsupported region|is not supported in your|"
            "your region is not supported|privacy settings"),
    _r("region_or_policy_blocked", "facts 8: Anthropic's `forbidden` comes from the network before it", on=(403,), codes="forbidden",
       says="request not allowed"),
    _r("insufficient_memory", "ollama-500-memory-str, facts 6: a machine does not grow", on=OPEN,
       says="requires more system memory|out of memory|outofmemory|not enough memory|insufficient memory|insufficient system resources|"
            "cannot allocate memory|failed to allocate|unable to allocate|cudamalloc failed|memory layout cannot be allocated|"
            "no available memory for the cache|more gpu memory|insufficient vram|not enough vram|not enough gpu memory|larger than the available kv cache memory",
       tip="memory"),
    _r("context_length", "vllm-400-context, tgi-inputs-4096, lmstudio-400-context, llamacpp-python-context, facts 6",
       on=(*OPEN, 403),
       says="maximum context length|context length of only|context length is|context_length|context window|context size|prompt is too long|input is too long|"
            "prompt too long|input length|input token count|input tokens exceed|exceed context limit|maximum number of tokens|"
            "`inputs` tokens + `max_new_tokens`|`inputs` must have less than|trying to keep the first|prompt token count|"
            "maximum prompt length|max_prompt_tokens|max_model_len|exceeds the maximum allowed input|longer than the model's|exceeds the model's|"
            "when context the overflows|context overflow|exceeds the context|too many input tokens|reduce the length of|"
            "exceeds the available context|prompt contains too many tokens|maximum allowed token|tokens exceeds the limit|exceeds maximum length|"
            "maximum input length|longer than the maximum|maximum sequence length|maximum model length|too many tokens (",
       unless="per_minute"),
    _r("content_filter", "azure-400-cf-violence, gemini-200-blocked-other, DeepSeek, xAI (403), OpenRouter (403)",
       on=(NONE, 200, 400, 403, 404, 422, 500),
       says="content management policy|content filter|content_filter|content policy|usage policy|usage policies|usage guidelines|safety system|"
            "prohibited_content|block_reason=|blockreason|blockedreason|responsible ai|inappropriate content|content exists risk|"
            "content moderation|moderation system|was flagged|been flagged|sensitive content|sensitive information|prompt was blocked|prompt is blocked|response was blocked|"
            "finish_reason: safety|finishreason: safety|content violates|violates our|was rejected as a result of our safety|"
            "blocked by guardrail|requires moderation|blocked due to|不安全或敏感|敏感内容"),
    _r("server_error", "lmstudio-load-fail: it cannot be loaded as it is", on=OPEN, passing=False, scope="model", tip="cannot_load",
       says="error loading model|failed to load model|unable to load model|could not load model|invalid model file|unsupported model architecture|unknown model architecture"),
    _r("model_loading", "ollama-runner-timeout: loading took too long", on=OPEN, passing="after", tip="load_failed",
       says="timed out waiting for llama runner|timed out waiting for server to start|timed out loading"),
    _r("model_loading", "lmstudio-unloaded: somebody has to load it", on=OPEN, passing="after", tip="unloaded",
       says="model is unloaded|model unloaded|model has been unloaded|no models loaded|no model is loaded|no model loaded|model is not loaded|model not loaded"),
    _r("model_loading", "llamacpp-503-nested, huggingface_hub#2763", on=OPEN,
       says="loading model|is currently loading|model is loading|still loading|is being loaded|model is not ready|not ready yet|warming up|"
            "model loading|is starting up|server is starting|cold start"),
    _r("server_error", "ollama-runner-exit2, vllm-500-enginedead: it runs again when somebody restarts it", on=OPEN, passing="after", tip="crashed",
       says="runner process has terminated|runner process no longer running|enginedeaderror|engine is dead|engine process has died|model has crashed|model crashed|has crashed without|"
            "engine core initialization failed|enginecore encountered|model failed to load|worker died|process exited|runner has unexpectedly stopped|backend has died|cuda error"),
    _r("connection_refused", "llamacpp-not-running: it answers again when somebody starts it", on=(NONE, 200, 500, 502),
       says="server is not running|server not running|is not running on|service is not running", passing="after", tip="not_running"),
    _r("overloaded", "ollama-no-slots-10: a wedged queue", on=OPEN, says="no slots available", passing="after", tip="wedged"),
    _r("overloaded", "mistral-503-capacity, gemini-503-high-demand, ollama-busy-500, facts 12 (Vertex, Azure, Mistral 429)",
       on=(NONE, 200, 400, 424, 429, 498, *SERVER), unless="per_minute per_day",
       says="overloaded|high demand|at capacity|capacity exceeded|no capacity|over capacity|server busy|server is busy|maximum pending requests|"
            "peak load|high load|heavy load|high traffic|heavy traffic|queue is full|model is busy|model busy|too busy|resource exhausted. please try|resource exhausted, please try|"
            "temporarily unavailable|unable to process your request|no healthy upstream|capacity constraints|capacity limits|exceeded capacity|"
            "insufficient capacity|limited capacity|not have enough capacity|system is busy|访问量过大|服务器繁忙|concurrency is full|currently overwhelmed"),
    _r("permission", "bedrock-access-denied, bedrock-validation-403-access, bedrock-marketplace-litellm, facts 6 (502 around it)",
       on=(NONE, 200, 400, 403, 500, 502, 503),
       codes="AccessDeniedException AccessDenied access_denied access_denied_error PermissionDeniedError PERMISSION_DENIED permission_error permission_denied no_access AuthorizationFailed"),
    _r("permission", "openai-verify-org, tabpfn-500-wraps-403, HF's gates", on=(NONE, 200, 400, 403, 404, 500, 502),
       says="must be verified to use|don't have access to the model|does not have access to|do not have access to the|have access to this|model access is denied|is not authorized to perform|"
            "permissiondenied|permission denied|access denied|gated repo|access to it is restricted|you need to agree|accept the terms|"
            "not authorized to|missing permissions|insufficient permissions|you do not have permission|not allowed to sample from model|"
            "not enabled for|has not been used in project|only available for|not available on your plan|is not allowed to", unless="model_missing"),
    _r("auth", "Gemini's 400, AWS, SDKs that find no key", on=(NONE, 200, 400, 403, 500, 502),
       says="api key not valid|invalid api key|incorrect api key|api key expired|api key is invalid|invalid x-api-key|no api key|missing api key|api key is missing|api key not found|"
            "could not resolve authentication method|api_key client option must be set|unauthorized|authentication fails|authentication failed|"
            "invalid authentication|oauth token|token has expired|token is expired|token expired|expired token|please run /login|not logged in|no auth credentials|no cookie auth|"
            "invalid token|session expired|security token included in the request|unable to locate credentials|default credentials|"
            "api key is required|provide an api key|credentials were not found|reauthentication|invalid bearer|credential is invalid|api key format|login required|please log in|sign in again"),
    _r("unsupported_parameter", "openrouter-404-tool-use, openai-400-stream-unsupported, Anthropic (extra inputs), vLLM",
       on=(NONE, 200, 400, 404, 422, 500, 501),
       says="unsupported parameter|unsupported value|unknown parameter|unrecognized request argument|unrecognized argument|unrecognized key|does not support|doesn't support|"
            "not supported with this model|not supported by this model|not supported for this model|isn't supported|is not supported when|extra inputs are not permitted|unknown name|unexpected keyword|"
            "cannot both be specified|no endpoints found that support|only the default|requires --enable-auto-tool-choice|cannot find field|"
            "not support tool|not permitted|extra fields|do not support|unknown field|tools is not supported|is not supported by", unless="model_missing"),
    _r("not_found_endpoint", "ollama-404-page, LM Studio, FastAPI, Express, Kong", on=(NONE, 200, 400, 404, 405, 500),
       says="invalid url|unknown request url|page not found|cannot post|cannot get /|no route matched|unexpected endpoint|method not allowed|resource not found|"
            "unknown endpoint|no static resource|requested url was not found|route not found|path not found|url not found|unknown route|not found: /|no such endpoint", unless="model_missing"),
    _r("not_found_model", "vllm-404-model, ollama-404-v1, vertex-404-publisher, bedrock-invalid-model-id, Together, Ollama (pull)",
       on=(NONE, 200, 400, 403, 404, 410, 422, 500, 501, 502, 503), traits="model_missing"),
    _r("conflict", "mistral-409-conversation, openai-400-conversation-locked", on=(NONE, 200, 400, 409, 423),
       says="is currently operating on this|concurrent requests are not supported|already in progress|already has an active run|is locked by"),
)  # fmt: skip

WAYS = (
    _r("truncated_stream", "h11-incomplete-chunked, httpcore-incomplete-chunked, codex: stream ended before its end", on=UNSAID,
       says="incomplete chunked read|without sending complete message body|response ended prematurely|payload is not completed|premature close|"
            "stream disconnected before completion|stream closed before|stream ended before|stream ended without|unexpected end of|unexpected eof|"
            "err_incomplete_chunked_encoding|connection broken: incompleteread|transfer closed with|stream was interrupted|stream interrupted|not enough data for satisfy|not enough data to satisfy|<eof"),
    _r("tls", "urllib3-ssleof: a handshake cut short can be a passing fault", on=UNSAID,
       says="ssleoferror|eof occurred in violation|unexpected_eof_while_reading", passing=True, tip="tls_cut"),
    _r("tls", "tls-local-issuer-retried, facts 13 (shown as InternalServerError)", on=(*UNSAID, 525, 526),
       says="certificate_verify_failed|certificate verify|wrong_version_number|wrong version number|self-signed certificate|self signed certificate|unable to get local issuer|"
            "unable to verify the first certificate|unable_to_verify_leaf|certificate has expired|cert_has_expired|err_tls|err_cert|depth_zero_self|"
            "handshake failure|handshake_failure|tlsv1|x509:|hostname mismatch|doesn't match|certificate_unknown|[ssl:|ssl routines|self_signed_cert|sslerror|ssl_error|sslcertverification|invalid peer certificate|packet length too long"),
    _r("dns", "dns-errno-2-dbgpt, facts 14: no such name", on=UNSAID, passing=False, tip="no_such_name",
       says="errno -2]|name or service not known|no such host|errno -5]|no address associated|could not resolve host"),
    _r("dns", "a name that is not known here; of a known provider it is the network that is away", on=UNSAID, traits="public_host",
       says="enotfound|nodename nor servname|getaddrinfo failed|errno 11001|failed to lookup address|dns error"),
    _r("dns", "ENOTFOUND and its kin", on=UNSAID, passing=False, tip="no_such_name",
       says="enotfound|nodename nor servname|getaddrinfo failed|errno 11001|failed to lookup address"),
    _r("dns", "dns-errno-3-urllib3: the resolver could not answer just now", on=UNSAID,
       says="temporary failure in name resolution|eai_again|errno -3]|name resolution|failed to resolve|nameresolutionerror|gaierror|dns error|server misbehaving|dns lookup"),
    _r("connection_reset", "reset-requests, reset-104-ollama", on=UNSAID,
       says="connection reset|econnreset|errno 104|errno 54]|10054|broken pipe|epipe|socket hang up|server disconnected|remote end closed connection|connection aborted|"
            "other side closed|forcibly closed|prematurely closed|connectionreseterror|remotedisconnected|reset by peer|connection lost|connection was closed"),
    _r("connection_refused", "refused-asyncio, httpx: All connection attempts failed", on=UNSAID,
       says="connection refused|econnrefused|connect call failed|errno 111|errno 61]|10061|all connection attempts failed|actively refused|no route to host|"
            "network is unreachable|host is unreachable|enetunreach|ehostunreach|connectionrefusederror|failed to establish a new connection|could not connect to ollama|failed to connect to|"
            "cannot connect to host|couldn't connect to server|could not connect to server"),
    _r("timeout", "httpcore-timed-out, urllib3-read-timed-out, vercel-25s, cf-524-dify", on=(NONE, 200, 500, 502),
       says="timed out|timeout|time-out|deadline exceeded|did not return an initial response within|etimedout|took too long|timedout|stopped as it did not|no response within|request was aborted due to"),
)  # fmt: skip

STATUSES = (
    _r("rate_limit", "anthropic-429-account: an account's limit, of no stated length", on=(429,), says="account's rate limit", passing="after", unless="hint"),
    _r("rate_limit", "litellm-no-deployments: every deployment is over its limit or cooling down", on=(429,), says="no deployments available", passing="after", unless="hint", scope="model"),
    _r("quota_exhausted", "a week's or month's limit", on=(NONE, 403, 429), traits="per_longer", passing="after", unless="per_minute", tip="plan"),
    _r("rate_limit", "codes of many: groq-429-60s, bedrock-throttle-stream, litellm-azure-429-nested, Cohere, DashScope, GitHub",
       on=(NONE, 200, 400, 403, 424, 429, *SERVER),
       codes="rate_limit_exceeded rate_limit_error rate_limited RateLimitError too_many_requests ThrottlingException Throttling TooManyRequestsException "
             "Throttling.RateQuota Throttling.AllocationQuota Throttling.User RateLimitReached RATE_LIMIT_EXCEEDED resource_exhausted throttling_error "
             "user_rate_limited user_model_rate_limited user_global_rate_limited RequestLimitExceeded ProvisionedThroughputExceeded rate_limit_reached_error "
             "rate_limit RouterRateLimitErrorBasic RouterRateLimitError model_rate_limited RateLimitExceeded 1300 1302 TooManyRequests rate_limit_exceeded_error requests_limit tpm_limit ThrottledError Throttled"),
    _r("rate_limit", "429", on=(429,)),
    _r("rate_limit", "bolt-429-1m, litellm-anthropic-429-bytes: no code and no status", on=(NONE, 200, 400, 403, *SERVER),
       says="rate limit|rate-limit|ratelimit|too many requests|too many tokens, please|requests per minute|tokens per minute|request limit|rate exceeded|throttl"),
    _r("auth", "authentication_error behind another status", on=(NONE, 200, 400, 403, 500, 502, 503), codes="authentication_error unauthorized AuthenticationError invalid_request_auth"),
    _r("content_filter", "403 with categories", on=(403,), says="categor", also="content"),
    _r("region_or_policy_blocked", "cloudflare-blocked-page: a page where an answer was due", on=(403,), traits="html"),
    _r("permission", "403", on=(403,)),
    _r("not_found_endpoint", "404 as a page", on=(404,), traits="html"),
    _r("not_found_model", "ollama-404-httpx, ollama-404-langchain: at a path that exists", on=(404,), traits="model_path"),
    _r("not_found_model", "Anthropic's not_found_error, Google's NOT_FOUND: the path is an SDK's, so it is the model", on=(404,), codes="not_found_error", says="model"),
    _r("not_found_model", "Google: Requested entity was not found", on=(404,), says="requested entity was not found"),
    _r("not_found_endpoint", "proxy-405, vllm-404-endpoint", on=(404, 405, 410)),
    _r("timeout", "408, nginx's 499, haproxy-504, cf-522-html, cf-524-dify", on=(408, 499, 504, 522, 524)),
    _r("conflict", "409, 423, 425", on=(409, 423, 425)),
    _r("overloaded", "Groq's 498: capacity of a tier", on=(498,)),
    _r("server_error", "Bedrock's ModelErrorException", on=(424,)),
    _r("invalid_response", "a page with status 400 or 422 is no API", on=(400, 422), traits="html", passing=False),
    _r("unsupported_parameter", "400 that names it", on=(400, 422), codes="unsupported_parameter"),
    _r("server_error", "a 400 of a server that failed by itself", on=(400,), codes="server_error internal_error internal_server_error InternalServerException"),
    _r("bad_request", "anthropic-400-message-error, tgi-192-max-new, azure-400-wraps-search-403", on=range(400, 500)),
    _r("server_error", "not implemented", on=(501, 505), passing=False),
    _r("overloaded", "zen-503-inference, 529", on=(503, 529)),
    _r("tls", "Cloudflare could not speak TLS with the server", on=(525, 526)),
    _r("server_error", "cf-520-html and every other", on=range(500, 600)),
    _r("invalid_response", "a redirect that was not followed", on=range(300, 400), passing=False, effect="ignored", tip="redirect"),
)  # fmt: skip

NAMES = (
    # By names, because no client is imported to be compared with. The more telling come first: a failed handshake is
    # also a ConnectionError, an unknown name an OSError.
    _r("tls", "aiohttp, httpx, requests, ssl", kinds="SSLError CertificateError ClientSSLError ServerFingerprintMismatch SSLCertVerificationError"),
    _r("dns", "socket, aiohttp, urllib3", kinds="gaierror ClientConnectorDNSError NameResolutionError"),
    _r("bad_request", "an address that is none", kinds="InvalidURL InvalidUrlClientError MissingSchema InvalidSchema UnsupportedProtocol"),
    _r("truncated_stream", "aiohttp, httpx, requests, urllib: the end is missing",
       kinds="TransferEncodingError ContentLengthError IncompleteRead IncompleteReadError ClientPayloadError ChunkedEncodingError EventStreamError"),
    _r("invalid_response", "an answer that is no HTTP", kinds="HttpProcessingError BadHttpMessage BadStatusLine LineTooLong LocalProtocolError ContentTypeError"),
    _r("connection_refused", "socket", kinds="ConnectionRefusedError ECONNREFUSED EHOSTUNREACH ENETUNREACH EHOSTDOWN ENETDOWN"),
    _r("timeout", "asyncio, httpx, requests, urllib3, SDKs",
       kinds="TimeoutError TimeoutException Timeout ETIMEDOUT ReadTimeoutError ConnectTimeoutError ReadTimeout ConnectTimeout PoolTimeout APITimeoutError SocketTimeout"),
    _r("connection_reset", "socket, asyncio, httpx, requests",
       kinds="ConnectionResetError BrokenPipeError ConnectionAbortedError ECONNRESET EPIPE ECONNABORTED ServerDisconnectedError "
             "ClientConnectionResetError RemoteDisconnected RemoteProtocolError ReadError WriteError CloseError ProtocolError"),
    _r("connection_refused", "a connection that failed, and nothing says how", kinds="ClientConnectorError ConnectError NewConnectionError"),
    _r("connection_reset", "likewise, once it was open", kinds="ClientConnectionError ClientOSError ConnectionError"),
)  # fmt: skip

REST = (
    _r("truncated_stream", "anthropic-sse-eof-no-stop: a stream without its terminal event", traits="unended"),
    _r("invalid_response", "litellm-empty-200-stop: an end, and nothing before it", traits="silent", effect="dropped", tip="silent"),
    _r("server_error", "openai-responses-failed-event, Bedrock, LiteLLM", codes="server_error internal_error api_error INTERNAL InternalServerException internal_server_error "
       "InternalServerError ModelErrorException ModelStreamErrorException upstream_error bad_gateway stream_error processing_error runtime_error unknown_error BadGatewayError"),
    _r("overloaded", "UNAVAILABLE without a status", codes="UNAVAILABLE ServiceUnavailable service_unavailable unavailable_error"),
    _r("not_found_model", "an error type alone", codes="not_found_error NotFoundError NOT_FOUND", says="model"),
    _r("not_found_endpoint", "an error type alone", codes="not_found_error NotFoundError NOT_FOUND"),
    _r("invalid_response", "json-decode-claude-html: a page where an answer was due", traits="html", passing=False, tip="page"),
    _r("bad_request", "an error type alone", codes="invalid_request_error ValidationException INVALID_ARGUMENT BadRequestError bad_request FAILED_PRECONDITION ValidationError invalid_request invalid_request_body"),
    _r("other", "openai-conn-error-opaque: the SDK hides the cause", kinds="APIConnectionError", effect="dropped", scope="upstream", tip="opaque"),
    _r("invalid_response", "no JSON where JSON was due", kinds="JSONDecodeError ContentTypeError APIResponseValidationError DecodeError UnicodeDecodeError"),
    _r("truncated_stream", "nothing after the beginning", traits="mid_stream no_body"),
    _r("invalid_response", "200, and no answer in it", on=range(200, 300)),
    _r("other", "what nothing fits"),
)  # fmt: skip

RULES = (*NUMBERS, *QUOTA, *CODES, *REFUSALS, *SENTENCES, *WAYS, *STATUSES)
LATER = (*NAMES, *REST)
