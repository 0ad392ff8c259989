"""Requests: what is wrong with what was asked, who asked it, or what was to answer it."""

from __future__ import annotations

from beastmode.failures.rules.row import NONE, OPEN, SERVER, row

CODES = (
    row(
        "overloaded",
        "anthropic-529-overloaded, codex api_bridge (server_is_overloaded, slow_down), facts 2 and 12",
        codes="overloaded_error server_is_overloaded slow_down engine_overloaded engine_overloaded_error "
        "model_overloaded MODEL_CAPACITY_EXHAUSTED capacity_exceeded service_tier_capacity_exceeded "
        "server_overloaded overloaded 3505 no_capacity ServiceUnavailableException system_overloaded "
        "upstream_overloaded server_busy model_busy 50505",
    ),
    row(
        "context_length",
        "openai, llamacpp-400-context, LiteLLM, Copilot",
        codes="context_length_exceeded exceed_context_size_error ContextWindowExceededError "
        "model_max_prompt_tokens_exceeded context_window_exceeded prompt_too_long context_too_large "
        "input_too_long context_length model_context_window_exceeded max_context_length_exceeded "
        "input_length_exceeded ContextOverflowError context_overflow prompt_tokens_exceeded",
    ),
    row(
        "content_filter",
        "azure-400-cf-jailbreak, gemini-prohibited, DashScope, Groq and OpenAI moderation",
        codes="content_filter ResponsibleAIPolicyViolation content_policy_violation moderation_blocked "
        "DataInspectionFailed data_inspection_failed ContentPolicyViolationError PROHIBITED_CONTENT "
        "content_blocked guardrail_intervened safety_violation content_violation invalid_prompt "
        "BLOCKLIST SPII IMAGE_SAFETY RECITATION SAFETY sensitive_words_detected content_moderation "
        "cyber_policy_violation content_filtered flagged_input SensitiveContentDetected",
    ),
    row(
        "region_or_policy_blocked",
        "openai-403-country-flat, Google's referrer and IP rules",
        codes="unsupported_country_region_territory API_KEY_HTTP_REFERRER_BLOCKED "
        "API_KEY_IP_ADDRESS_BLOCKED ip_not_authorized unsupported_location ip_address_not_allowed "
        "region_not_supported VPC_SERVICE_CONTROLS LOCATION_POLICY_VIOLATED",
    ),
    row(
        "region_or_policy_blocked",
        "azure-403-vnet: network rules",
        says="virtual network/firewall rules | public access is disabled | network security perimeter",
    ),
    row(
        "conflict",
        "openai-400-conversation-locked, mistral-409-conversation",
        codes="conversation_locked conflict_error ConflictException idempotency_error idempotency_conflict "
        "resource_locked",
    ),
    row(
        "invalid_response",
        "groq-400-tool-use-failed, groq-400-schema: the model's sample, not the request",
        codes="tool_use_failed json_validate_failed output_parse_failed MALFORMED_FUNCTION_CALL "
        "UNEXPECTED_TOOL_CALL model_output_error malformed_response MALFORMED_RESPONSE NO_IMAGE",
        tip="sample",
    ),
    row(
        "not_found_model",
        "bedrock-on-demand: a model id where a profile's is needed",
        says="with on-demand throughput",
        tip="profile",
    ),
    row(
        "unsupported_parameter",
        "openai-400-temperature, copilot-400-max-tokens, LiteLLM",
        codes="unsupported_parameter unsupported_value unknown_parameter UnsupportedParamsError "
        "unrecognized_parameter unsupported_api_for_model unsupported_tool invalid_reasoning_effort",
    ),
    row(
        "permission",
        "openai: organisations to verify; LiteLLM's keys; Groq's terms and project rules; Volcengine",
        codes="organization_must_be_verified key_model_access_denied team_model_access_denied "
        "org_model_access_denied model_terms_required model_permission_blocked_project "
        "model_permission_blocked_org ModelNotOpen AccessDenied.Unpurchased SERVICE_DISABLED "
        "CONSUMER_INVALID API_KEY_SERVICE_BLOCKED missing_scope insufficient_permissions "
        "IAM_PERMISSION_DENIED ACCESS_TOKEN_SCOPE_INSUFFICIENT insufficient_scope GatedRepoError",
    ),
    row(
        "not_found_model",
        "openai-404-model, azure-404-deployment, Together (400), Groq's retired models, GitHub Models",
        codes="model_not_found DeploymentNotFound unknown_model model_not_available ModelNotFound "
        "model_not_exist model_decommissioned model_deprecated model_does_not_exist "
        "unavailable_model model_not_supported invalid_model InvalidEndpointOrModel.NotFound "
        "UnsupportedModel ModelNotFoundError model_not_found_error invalid_model_error "
        "model_unavailable ProviderModelNotFoundError dedicated_endpoint_not_running "
        "invalid_model_name",
    ),
    row(
        "not_found_endpoint",
        "openai-404-invalid-url, facts 7",
        on=(NONE, 200, 400, 403, 404, 405, 500),
        codes="unknown_url route_not_found endpoint_not_found unknown_path method_not_allowed no_route "
        "NoRouteFound",
    ),
    row(
        "payload_too_large",
        "Anthropic's 413, Vercel, GitHub Models",
        codes="request_too_large payload_too_large entity.too.large RequestEntityTooLarge "
        "FUNCTION_PAYLOAD_TOO_LARGE tokens_limit_reached image_too_large file_too_large "
        "RequestTooLargeError",
    ),
    row(
        "insufficient_memory",
        "vLLM, TGI, Ollama: out of memory",
        codes="out_of_memory OutOfMemoryError CudaOutOfMemory oom MemoryError",
    ),
    row(
        "model_loading",
        "Bedrock: ModelNotReadyException; llamacpp-503-nested",
        codes="ModelNotReadyException model_loading model_not_ready model_warming_up",
    ),
    row(
        "timeout",
        "Bedrock, Google, Anthropic's 504, Vercel",
        on=(NONE, 200, 400, 408, 424, 499, *SERVER),
        codes="ModelTimeoutException DEADLINE_EXCEEDED timeout_error FUNCTION_INVOCATION_TIMEOUT "
        "gateway_timeout upstream_timeout request_timeout GatewayTimeout inference_timeout 4504",
    ),
    row(
        "auth",
        "Gemini's bad key in a 400, facts 8; AWS tokens in a 403 (bedrock-expired-token); Cerebras, Codex",
        codes="invalid_api_key API_KEY_INVALID incorrect_api_key wrong_api_key InvalidApiKey "
        "missing_api_key no_api_key invalid_authentication_error ExpiredTokenException ExpiredToken "
        "UnrecognizedClientException InvalidSignatureException SignatureDoesNotMatch "
        "InvalidClientTokenId IncompleteSignature MissingAuthenticationToken AuthFailure "
        "token_expired token_invalidated invalid_token ACCESS_TOKEN_EXPIRED "
        "ACCESS_TOKEN_TYPE_UNSUPPORTED CREDENTIALS_MISSING UNAUTHENTICATED no_organization "
        "account_deactivated invalid_organization mismatched_organization refresh_token_reused "
        "refresh_token_expired auth_unavailable invalid_grant NoCredentialsError "
        "DefaultCredentialsError RefreshError InvalidAccessKeyId PartialCredentialsError "
        "TokenRetrievalError CredentialsProviderError MissingApiKeyError LoadAPIKeyError "
        "authentication_failed",
    ),
)
REFUSALS = (
    row(
        "auth",
        "openai-401-bad-key, generic-401-misleading: the status wins over what a client makes of it",
        on=(401, 407),
    ),
    row(
        "payload_too_large",
        "413 without numbers",
        on=(413,),
    ),
    row(
        "payload_too_large",
        "headers too large",
        on=(431,),
    ),
    row(
        "region_or_policy_blocked",
        "451",
        on=(451,),
    ),
)
SENTENCES = (
    row(
        "region_or_policy_blocked",
        "gemini-400-location-double, openrouter-404-data-policy, cloudflare-blocked-page",
        on=(NONE, 200, 400, 403, 404, 429, 503),
        says="location is not supported | country, region, or territory | "
        "not available in your country | not available in your region | in your region | "
        "not available in your location | geo-restricted | geographic | unsupported country | "
        "matching your data policy | guardrail restrictions and data policy | "
        "matching your guardrail | data policy | you have been blocked | attention required! | "
        "just a moment | unsupported region | unsupported area | unsupported location | is not supported in your | "
        "your region is not supported | privacy settings | no allowed providers",
    ),
    row(
        "region_or_policy_blocked",
        "facts 8: Anthropic's `forbidden` comes from the network before it",
        on=(403,),
        codes="forbidden",
        says="request not allowed",
    ),
    row(
        "insufficient_memory",
        "ollama-500-memory-str, facts 6: a machine does not grow",
        on=OPEN,
        says="requires more system memory | out of memory | outofmemory | not enough memory | "
        "insufficient memory | insufficient system resources | cannot allocate memory | "
        "into system memory | free device memory | failed to allocate | unable to allocate | cudamalloc failed | "
        "memory layout cannot be allocated | no available memory for the cache | more gpu memory | "
        "insufficient vram | not enough vram | not enough gpu memory | not have enough available memory | "
        "larger than the available kv cache memory",
    ),
    row(
        "context_length",
        "vllm-400-context, tgi-inputs-4096, lmstudio-400-context, llamacpp-python-context, facts 6",
        on=(*OPEN, 403),
        says="too large to process | range of input length should be | prompt exceeds | input exceeds | "
        "context too long | exceed max length | exceeds max length | tokens in prompt | 输入过长 | "
        "上下文长度 | 超出最大 | maximum context length | context length of only | context length is | "
        "context_length | context window | context size | prompt is too long | input is too long | "
        "prompt too long | input length | input token count | input tokens exceed | "
        "exceed context limit | maximum number of tokens | `inputs` tokens + `max_new_tokens` | "
        "`inputs` must have less than | trying to keep the first | prompt token count | "
        "maximum prompt length | max_prompt_tokens | max_model_len | "
        "exceeds the maximum allowed input | longer than the model's | exceeds the model's | "
        "when context the overflows | context overflow | exceeds the context | "
        "too many input tokens | reduce the length of | exceeds the available context | "
        "prompt contains too many tokens | maximum allowed token | tokens exceeds the limit | "
        "exceeds maximum length | maximum input length | longer than the maximum | "
        "maximum sequence length | maximum model length | too many tokens ( | max_seq_len | max_seq_length | "
        "max_input_length | max_position_embeddings | length of prompt",
        unless="per_minute",
    ),
    row(
        "content_filter",
        "azure-400-cf-violence, gemini-200-blocked-other, DeepSeek, xAI (403), OpenRouter (403)",
        on=(NONE, 200, 400, 403, 404, 422, 500),
        says="finishreason::safety | finishreason::recitation | finishreason.safety | "
        "finishreason.recitation | policy violation | unsafe content | violate our | 违规 | "
        "content management policy | content filter | content_filter | content policy | "
        "usage policy | usage policies | usage guidelines | safety system | prohibited_content | "
        "block_reason= | blockreason | blockedreason | responsible ai | inappropriate content | "
        "content exists risk | content moderation | moderation system | was flagged | been flagged | "
        "sensitive content | sensitive information | prompt was blocked | prompt is blocked | "
        "response was blocked | content violates | violates our | "
        "was rejected as a result of our safety | blocked by guardrail | requires moderation | "
        "blocked due to | 不安全或敏感 | 敏感内容",
    ),
    row(
        "server_error",
        "lmstudio-load-fail: it cannot be loaded as it is",
        on=OPEN,
        passing=False,
        scope="model",
        tip="cannot_load",
        says="error loading model | failed to load model | unable to load model | could not load model | "
        "invalid model file | unsupported model architecture | unknown model architecture",
    ),
    row(
        "model_loading",
        "ollama-runner-timeout: loading took too long",
        on=OPEN,
        passing="after",
        tip="load_failed",
        says="timed out waiting for llama runner | timed out waiting for server to start | timed out loading",
    ),
    row(
        "model_loading",
        "lmstudio-unloaded: somebody has to load it",
        on=OPEN,
        passing="after",
        tip="unloaded",
        says="model is unloaded | model unloaded | model has been unloaded | no models loaded | "
        "no model is loaded | no model loaded | model is not loaded | model not loaded",
    ),
    row(
        "model_loading",
        "llamacpp-503-nested, huggingface_hub#2763",
        on=OPEN,
        says="loading model | scaled to zero | endpoint is paused | is currently booting | scaling up | "
        "is currently loading | model is loading | still loading | is being loaded | "
        "model is not ready | not ready yet | warming up | model loading | is starting up | "
        "server is starting | cold start",
    ),
    row(
        "server_error",
        "ollama-runner-exit2, vllm-500-enginedead: it runs again when somebody restarts it",
        on=OPEN,
        passing="after",
        tip="crashed",
        says="runner process has terminated | runner process no longer running | enginedeaderror | "
        "engine is dead | engine is already dead | is already dead, terminating | "
        "engine process has died | model has crashed | model crashed | "
        "has crashed without | engine core initialization failed | enginecore encountered | "
        "model failed to load | worker died | process exited | runner has unexpectedly stopped | "
        "backend has died | cuda error | do load request",
    ),
    row(
        "connection_refused",
        "llamacpp-not-running: it answers again when somebody starts it",
        on=(NONE, 200, 500, 502),
        says="server is not running | server not running | is not running on | service is not running",
        passing="after",
        tip="not_running",
    ),
    row(
        "overloaded",
        "ollama-no-slots-10: a wedged queue",
        on=OPEN,
        says="no slots available",
        passing="after",
        tip="wedged",
    ),
    row(
        "overloaded",
        "mistral-503-capacity, gemini-503-high-demand, ollama-busy-500, facts 12 (Vertex, Azure, Mistral 429)",
        on=(NONE, 200, 400, 424, 429, 498, *SERVER),
        unless="per_minute per_day",
        says="overloaded | too many concurrent requests | 负载已饱和 | engine busi | system is busy | "
        "under maintenance | currently experiencing | high demand | out of capacity | at capacity | "
        "capacity exceeded | no capacity | over capacity | server busy | server is busy | "
        "maximum pending requests | peak load | high load | heavy load | high traffic | "
        "heavy traffic | queue is full | model is busy | model busy | too busy | "
        "resource exhausted. please try | resource exhausted, please try | temporarily unavailable | "
        "unable to process your request | no healthy upstream | capacity constraints | "
        "capacity limits | exceeded capacity | insufficient capacity | limited capacity | "
        "not have enough capacity | system is busy | 访问量过大 | 服务器繁忙 | concurrency is full | "
        "currently overwhelmed",
    ),
    row(
        "auth",
        "Azure: an AuthenticationError that speaks of access",
        on=(NONE, 200, 400, 403, 500, 502, 503),
        codes="authentication_error AuthenticationError unauthorized invalid_request_auth",
        says="key | token | credential | auth | login | log in | expired",
    ),
    row(
        "permission",
        "bedrock-access-denied, bedrock-validation-403-access, bedrock-marketplace-litellm, facts 6 (502 around it)",
        on=(NONE, 200, 400, 403, 500, 502, 503),
        codes="AccessDeniedException AccessDenied access_denied access_denied_error PermissionDeniedError "
        "PERMISSION_DENIED permission_error permission_denied no_access AuthorizationFailed",
    ),
    row(
        "permission",
        "openai-verify-org, tabpfn-500-wraps-403, HF's gates",
        on=(NONE, 200, 400, 403, 404, 500, 502),
        says="organization has been disabled | organization is disabled | account has been disabled | "
        "account is disabled | must be verified to use | don't have access to the model | "
        "does not have access to | do not have access to the | have access to this | "
        "model access is denied | is not authorized to perform | permissiondenied | "
        "permission denied | access denied | gated repo | access to it is restricted | "
        "you need to agree | accept the terms | not authorized to | missing permissions | "
        "insufficient permissions | you do not have permission | not allowed to sample from model | "
        "not enabled for | has not been used in project | only available for | "
        "not available on your plan | is not allowed to",
        unless="model_missing",
    ),
    row(
        "auth",
        "Gemini's 400, AWS, SDKs that find no key",
        on=(NONE, 200, 400, 403, 500, 502, 503),
        says="bad credentials | signature has expired | signature expired | token is invalid | "
        "re-authenticate | api key not valid | invalid api key | incorrect api key | "
        "api key expired | api key is invalid | invalid x-api-key | no api key | missing api key | "
        "api key is missing | api key not found | could not resolve authentication method | "
        "api_key client option must be set | unauthorized | authentication fails | "
        "authentication failed | invalid authentication | oauth token | token has expired | "
        "token is expired | token expired | expired token | please run /login | not logged in | "
        "no auth credentials | no cookie auth | invalid token | invalid subscription key | "
        "api_key is not set | api key is not set | session expired | "
        "security token included in the request | unable to locate credentials | "
        "default credentials | api key is required | provide an api key | "
        "credentials were not found | reauthentication | invalid bearer | credential is invalid | "
        "no auth available | api key format | login required | please log in | sign in again",
    ),
    row(
        "unsupported_parameter",
        "openrouter-404-tool-use, openai-400-stream-unsupported, Anthropic (extra inputs), vLLM",
        on=(NONE, 200, 400, 404, 422, 500, 501),
        says="unsupported parameter | unsupported value | unknown parameter | "
        "unrecognized request argument | unrecognized argument | unrecognized key | "
        "does not support | doesn't support | not supported with this model | "
        "not supported by this model | not supported for this model | not supported on this model | isn't supported | "
        "is not supported when | extra inputs are not permitted | unknown name | "
        "cannot both be specified | no endpoints found that support | "
        "only the default | requires --enable-auto-tool-choice | cannot find field | "
        "not support tool | extra fields | do not support | unknown field | tools is not supported | "
        "is not supported by",
        unless="model_missing",
    ),
    row(
        "not_found_endpoint",
        "ollama-404-page, LM Studio, FastAPI, Express, Kong",
        on=(NONE, 200, 400, 404, 405, 500),
        says="invalid url | unknown request url | page not found | cannot post | cannot get / | "
        "no route matched | unexpected endpoint | method not allowed | resource not found | "
        "unknown endpoint | no static resource | requested url was not found | route not found | "
        "path not found | url not found | unknown route | not found: / | no such endpoint | "
        "verify your api base",
        unless="model_missing",
    ),
    row(
        "not_found_model",
        "vllm-404-model, ollama-404-v1, vertex-404-publisher, bedrock-invalid-model-id, Together, Ollama (pull)",
        on=(NONE, 200, 400, 403, 404, 410, 422, 500, 501, 502, 503),
        traits="model_missing",
    ),
    row(
        "not_found_model",
        "one-api#2340, new-api: a gateway that has nobody to ask for this model",
        on=(NONE, 200, 400, 403, 404, 500, 503),
        says="无可用渠道 | no available channel",
        tip="no_channel",
    ),
    row(
        "conflict",
        "mistral-409-conversation, openai-400-conversation-locked",
        on=(NONE, 200, 400, 409, 423),
        says="is currently operating on this | concurrent requests are not supported | "
        "already in progress | already has an active run | is locked by",
    ),
)
