"""ADVICE: what to do next in special cases, by the rule that decided, the provider and the words of the server.

A tip has one wording or several, from the most telling to the plainest: the first whose facts are all known is used.
What fits no row gets the tip of its class, from `tips.py`.
"""

from __future__ import annotations

from functools import lru_cache
from string import Formatter
from typing import NamedTuple


class Advice(NamedTuple):
    """A tip for some failures of a class. All that is not empty must fit.

    wordings: the most telling first.   case: the `tip` of the rule that decided.   provider: its name.
    says: parts of the text, one of which is there.
    """

    class_: str
    wordings: tuple[str, ...]
    case: str = ""
    provider: str = ""
    says: tuple[str, ...] = ()


ADVICE = (
    # What was sent was too much, whoever pays.
    Advice(
        "payload_too_large",
        (
            "Cut this request from {requested} to below {limit} tokens, max_tokens included: that is the "
            "budget of a whole minute, so waiting cannot help.",
            "Make this request smaller, max_tokens included: it is larger than the budget of a whole minute.",
        ),
        case="over_budget",
    ),
    Advice(
        "payload_too_large",
        ("Send at most {limit} at once: {where} takes no more.",),
    ),
    Advice(
        "context_length",
        (
            "Reload the model with a longer context (`OLLAMA_CONTEXT_LENGTH`, or `num_ctx`), or cut "
            "{requested} tokens to {limit}.",
            "Reload the model with a longer context (`OLLAMA_CONTEXT_LENGTH`, or `num_ctx`), or shorten the "
            "prompt.",
        ),
        provider="ollama",
    ),
    Advice(
        "context_length",
        (
            "Start the server with a longer context (`llama-server -c N`), or cut {requested} tokens to "
            "{limit}.",
            "Start the server with a longer context (`llama-server -c N`), or shorten the prompt.",
        ),
        provider="llamacpp",
    ),
    Advice(
        "context_length",
        (
            "Load the model with a longer context (`lms load --context-length N`), or shorten the prompt to "
            "{limit} tokens.",
            "Load the model with a longer context (`lms load --context-length N`), or shorten the prompt.",
        ),
        provider="lmstudio",
    ),
    Advice(
        "context_length",
        (
            "Cut {requested} tokens to {limit}: lower max_tokens, shorten the prompt, or start vLLM with a "
            "larger `--max-model-len`.",
            "Lower max_tokens, shorten the prompt, or start vLLM with a larger `--max-model-len`.",
        ),
        provider="vllm",
    ),
    Advice(
        "context_length",
        (
            "Cut the request from {requested} to {limit} tokens: shorten the prompt, lower max_tokens, or "
            "choose a model with a longer context.",
            "Keep the request within {limit} tokens: shorten the prompt or lower max_tokens.",
        ),
    ),
    # What may be spent.
    Advice(
        "quota_exhausted",
        (
            "Choose another model or enable billing ({billing}): the limit for {model} is 0 here, so no wait "
            "helps.",
            "Choose another model or enable billing ({billing}): the limit is 0 here, so no wait helps.",
            "Choose another model, region or plan: the limit is 0 here, so no wait helps.",
        ),
        case="zero",
    ),
    Advice(
        "quota_exhausted",
        (
            "Lower max_tokens to {limit} or below, or add credit at {billing}: {requested} were asked for, "
            "{limit} can be paid.",
            "Add credit at {billing}, or lower max_tokens: OpenRouter checks the balance against it.",
        ),
        case="billing",
        provider="openrouter",
        says=("can only afford", "fewer max_tokens"),
    ),
    Advice(
        "quota_exhausted",
        (
            "Raise the limit of this key or shorten the prompt: {where} will not pay for a prompt of this size.",
        ),
        provider="openrouter",
        says=("prompt tokens limit",),
    ),
    Advice(
        "quota_exhausted",
        ("Unset ANTHROPIC_API_KEY if a subscription was meant, else add credit at {billing}.",),
        case="billing",
        provider="anthropic",
        says=("credit balance",),
    ),
    Advice(
        "quota_exhausted",
        ("Raise the budget of this key in LiteLLM (`/key/update`, `max_budget`), or use another key.",),
        provider="litellm",
        says=("budget",),
    ),
    Advice(
        "quota_exhausted",
        (
            "Use another model or key until midnight Pacific time, when Google refills the day's requests, or enable "
            "billing at {billing}.",
        ),
        case="per_day",
        provider="gemini",
    ),
    Advice(
        "quota_exhausted",
        (
            "Wait until {at}, or use another key or model: the allowance of this one is used up.",
            "Use another key or model today, or raise the limit at {billing}: the allowance of the day is used "
            "up.",
            "Use another key or model today: the allowance of the day is used up.",
        ),
        case="per_day",
    ),
    Advice(
        "quota_exhausted",
        (
            "Wait until {at}: the plan has nothing left before. The same command resumes.",
            "Wait for the plan's window to refill, or raise it at {billing}. The same command resumes.",
            "Wait for the plan's window to refill, or raise it. The same command resumes.",
        ),
        case="plan",
    ),
    Advice(
        "quota_exhausted",
        (
            "Add credit or raise the limit at {billing}, or put another key into {key}; check that the key "
            "belongs to the organization that pays.",
            "Add credit or raise the limit at {billing}, or use another key.",
        ),
        case="billing",
    ),
    Advice(
        "quota_exhausted",
        ("Wait until {at}, or raise the quota of this key at {where}.",),
    ),
    Advice(
        "quota_exhausted",
        (
            "Add credit to the account behind this key at {where}, or use another key; no retry brings it back.",
            "Add credit to the account behind this key, or use another key; no retry brings it back.",
        ),
        case="billing",
    ),
    # Slower.
    Advice(
        "rate_limit",
        ("Raise `max_budget` of the deployment in LiteLLM's configuration, or wait for its period to end.",),
        says=("crossed budget",),
    ),
    Advice(
        "rate_limit",
        (
            "Wait until {at}, or raise the limit: {limit} allowed, {used} used, {requested} asked for.",
            "Wait until {at}, or use another key or model.",
        ),
        case="long",
    ),
    Advice(
        "rate_limit",
        (
            "Wait for the account's window to refill (`/usage` in Claude Code shows it), or use an API key or "
            "another model.",
        ),
        provider="anthropic",
        says=("account's rate limit",),
    ),
    Advice(
        "rate_limit",
        (
            "Look at the first failure of each deployment of {model} in LiteLLM's log: all are over their "
            "limits or cooling down.",
            "Look at the first failure of each deployment in LiteLLM's log: all are over their limits or "
            "cooling down.",
        ),
        says=("no deployments available",),
    ),
    Advice(
        "rate_limit",
        ("Lower max_tokens: Cerebras reserves it from the minute's tokens before the answer begins.",),
        provider="cerebras",
        says=("token",),
    ),
    Advice(
        "rate_limit",
        ("Add your own key of the provider at {keys}, or route to another: the shared one is at its limit.",),
        provider="openrouter",
        says=("upstream", "provider returned error"),
    ),
    Advice(
        "rate_limit",
        ("Lower the concurrency and space the calls: Bedrock states no wait. Raise the quota at {billing}.",),
        provider="bedrock",
    ),
    Advice(
        "rate_limit",
        (
            "Wait {wait}, then send less: {limit} tokens a minute are allowed, {used} were used, {requested} "
            "asked for. Set `--max-concurrency 1` or a lower `--rate`.",
        ),
        says=("tokens per min", "(tpm)"),
    ),
    Advice(
        "rate_limit",
        (
            "Wait {wait}, then keep below {pace_of}: set `{pace}`.",
            "Keep below {pace_of}: set `{pace}`; no wait is stated.",
        ),
    ),
    Advice(
        "rate_limit",
        (
            "Wait {wait} and lower the rate or the concurrency for {where}.",
            "Lower the rate or the concurrency for {where}; it states no wait.",
            "Lower the rate or the concurrency; wait {wait} first.",
            "Lower the rate or the concurrency.",
        ),
    ),
    Advice(
        "overloaded",
        (
            "Restart the server at {where}: its queue is stuck.",
            "Restart the model server: its queue is stuck.",
        ),
        case="wedged",
    ),
    Advice(
        "overloaded",
        ("Lower the concurrency, or raise OLLAMA_MAX_QUEUE and OLLAMA_NUM_PARALLEL on the server.",),
        provider="ollama",
    ),
    Advice(
        "overloaded",
        (
            "Wait {wait}, or use another model or provider: the capacity is gone there, not your quota.",
            "Use another model or provider, or lower the concurrency: the capacity is gone there, not your "
            "quota.",
        ),
    ),
    # Who asks.
    Advice(
        "auth",
        (
            "Correct the base URL or the key: an OpenRouter key (sk-or-) was sent to {where}.",
            "Correct the base URL or the key: an OpenRouter key (sk-or-) was sent to OpenAI.",
        ),
        provider="openai",
        says=("provided: sk-or-",),
    ),
    Advice(
        "auth",
        ("Log in again, then give the same command: `claude /login`.",),
        provider="anthropic",
        says=("oauth",),
    ),
    Advice(
        "auth",
        ("Log in again, then give the same command: `codex login`.",),
        provider="codex",
    ),
    Advice(
        "auth",
        ("Renew the AWS credentials: `aws sso login`.",),
        provider="bedrock",
    ),
    Advice(
        "auth",
        ("Renew the Google credentials: `gcloud auth application-default login`.",),
        provider="vertex",
    ),
    Advice(
        "auth",
        (
            "Set AZURE_OPENAI_API_KEY and the endpoint of the same resource: the key of one does not open "
            "another.",
        ),
        provider="azure",
    ),
    Advice(
        "auth",
        (
            "Set {key} to a valid key of {where}; make one at {keys}.",
            "Set {key} to a valid key; make one at {keys}.",
        ),
    ),
    Advice(
        "permission",
        ("Give this user access to the file that the cause names: the system refused it, not a server.",),
        says=("[errno 13]",),
    ),
    Advice(
        "permission",
        (
            "Verify the organization at platform.openai.com/settings/organization/general; it can take 15 "
            "minutes.",
        ),
        provider="openai",
        says=("must be verified",),
    ),
    Advice(
        "permission",
        (
            "Ask an administrator for the AWS Marketplace actions (Subscribe, ViewSubscriptions), then enable "
            "the model in Bedrock.",
        ),
        provider="bedrock",
        says=("marketplace",),
    ),
    Advice(
        "permission",
        (
            "Request access to {model} in the Bedrock console, in the region that is called.",
            "Request access to the model in the Bedrock console, in the region that is called.",
        ),
        provider="bedrock",
    ),
    Advice(
        "permission",
        (
            "Grant the account that calls the role Vertex AI User (`roles/aiplatform.user`) in the project called, and "
            "enable the API there.",
        ),
        provider="vertex",
    ),
    Advice(
        "permission",
        (
            "Ask the administrator of the organization to allow it, or set {key} to a key of another one.",
            "Ask the administrator of the organization to allow it, or use a key of another one.",
        ),
        says=("organization has", "organization is disabled", "not allowed for this organization"),
    ),
    Advice(
        "permission",
        ("Accept the model's terms on huggingface.co with the account of HF_TOKEN.",),
        provider="huggingface",
    ),
    Advice(
        "permission",
        ("Allow the model for this key or project at {keys}: the key is known but may not do this.",),
    ),
    Advice(
        "region_or_policy_blocked",
        (
            "Call {where} from a program or through a proxy of your own: it answers no page in a browser (CORS).",
        ),
        says=("by cors policy",),
    ),
    Advice(
        "region_or_policy_blocked",
        ("Allow the model's providers at openrouter.ai/settings/privacy, or choose another model.",),
        provider="openrouter",
    ),
    Advice(
        "region_or_policy_blocked",
        (
            "Add this machine's address to the network rules of the Azure resource, or use its private "
            "endpoint.",
        ),
        provider="azure",
    ),
    Advice(
        "region_or_policy_blocked",
        (
            "Call from another network: a firewall in front of {where} refused this one.",
            "Call from another network: a firewall refused this one.",
        ),
        says=("cloudflare", "you have been blocked", "just a moment"),
    ),
    Advice(
        "region_or_policy_blocked",
        (
            "Call from another network or through another proxy: a page refused this one before any model was asked.",
        ),
        says=("403 forbidden",),
    ),
    # What is there.
    Advice(
        "not_found_model",
        (
            "Use the id of an inference profile (such as us.{model}): `aws bedrock list-inference-profiles`.",
            "Use the id of an inference profile (us., eu.): `aws bedrock list-inference-profiles`.",
        ),
        case="profile",
    ),
    Advice(
        "not_found_model",
        (
            "Add a channel for {model} to the gateway, or write a name that your group has there: "
            "`curl {where}/v1/models`.",
            "Add a channel for this model to the gateway, or write a name that your group has there "
            "(GET /v1/models).",
        ),
        case="no_channel",
    ),
    Advice(
        "not_found_model",
        (
            "Write {nearest} instead of {model}: {where} has no model of that name.",
            "Write {nearest} instead of {model}.",
        ),
    ),
    Advice(
        "not_found_model",
        (
            "Pull it or correct its name: `ollama pull {model}`; `ollama list` shows what is there.",
            "Pull the model or correct its name: `ollama list` shows what is there.",
        ),
        provider="ollama",
    ),
    Advice(
        "not_found_model",
        (
            "Write the name of the deployment, not of the model, and check the resource: {model} is no "
            "deployment there.",
            "Write the name of the deployment, not of the model, and check the resource.",
        ),
        provider="azure",
    ),
    Advice(
        "not_found_model",
        (
            "Write the name given by `--served-model-name`, not {model}: `curl {where}/v1/models`.",
            "Write the name given by `--served-model-name`: GET /v1/models shows it.",
        ),
        provider="vllm",
    ),
    Advice(
        "not_found_model",
        ("Choose a region or model that is offered to the project: {models}.",),
        provider="vertex",
    ),
    Advice(
        "not_found_model",
        (
            "Correct the name {model}, or ask for access to it; {models} lists what there is.",
            "Correct the name of the model; {models} lists what there is.",
        ),
    ),
    Advice(
        "not_found_endpoint",
        ("Correct the base URL: add /v1 to {where}.",),
        says=("invalid url (post /chat", "(post /chat/completions)"),
    ),
    Advice(
        "not_found_endpoint",
        ("Add /v1 to the base URL for OpenAI clients; Ollama's own paths begin with /api.",),
        provider="ollama",
    ),
    Advice(
        "unsupported_parameter",
        ("Start vLLM with `--enable-auto-tool-choice --tool-call-parser NAME`, or send no tools.",),
        says=("enable-auto-tool-choice",),
    ),
    Advice(
        "unsupported_parameter",
        ("Send no images, or start the server with the model's projector (`llama-server --mmproj FILE`).",),
        provider="llamacpp",
        says=("image", "mmproj"),
    ),
    Advice(
        "unsupported_parameter",
        ("Send no images, or choose a model that reads them.",),
        says=("image input", "image_url", "multimodal", "images are not"),
    ),
    Advice(
        "unsupported_parameter",
        ("Choose a model that can use tools, or send none.",),
        says=("tool use", "support tools", "auto tool choice"),
    ),
    Advice(
        "unsupported_parameter",
        ("Write max_completion_tokens instead of max_tokens.",),
        says=("use 'max_completion_tokens'",),
    ),
    Advice(
        "unsupported_parameter",
        ("Leave out {param}, or choose a model that takes it.",),
    ),
    # What was sent.
    Advice(
        "bad_request",
        (
            "Answer every tool call in the very next message, and send no answer without its call ({place}).",
            "Answer every tool call in the very next message, and send no answer without its call.",
        ),
        says=("tool_use", "tool_result", "tool call", "tool_call", "function call output", "tool messages"),
    ),
    Advice(
        "bad_request",
        (
            "Send the model's thoughts (thinking blocks, reasoning_content, thought_signature) back unchanged, or "
            "begin a new conversation without them.",
        ),
        says=("thinking", "reasoning_content", "thought_signature", "thought signature"),
    ),
    Advice(
        "bad_request",
        ("Put the messages into the order this model takes: system first, then user and assistant in turn.",),
        says=(" role", "last message", "final message", "alternate"),
    ),
    Advice(
        "bad_request",
        ("Start vLLM with `--chat-template FILE`: the model brings none that works.",),
        says=("chat template", "jinja"),
    ),
    Advice(
        "bad_request",
        (
            "Correct the JSON schema of {param}; the cause names what is wrong in it.",
            "Correct the JSON schema of the tool or of the answer; the cause names what is wrong in it.",
        ),
        says=("schema", "response_format", "function_declarations"),
    ),
    Advice(
        "bad_request",
        ("Check the image or file that was sent: it cannot be fetched, read, or is too large.",),
        says=("image", "downloading", "multimodal", "base64"),
    ),
    Advice(
        "bad_request",
        ("Read `error.metadata.raw` of the answer: OpenRouter hides there what the model's host said.",),
        provider="openrouter",
        says=("provider returned error",),
    ),
    Advice(
        "bad_request",
        (
            "Correct {place} in the request: {where} refuses what stands there.",
            "Correct {place} in the request: it is refused.",
            "Correct {param} in the request: {where} refuses what stands there.",
            "Correct {param} in the request: it is refused.",
            "Correct the request: {where} will not take it as it is.",
        ),
    ),
    Advice(
        "content_filter",
        ("Change the prompt, or attach a content filter of your own to the deployment in Azure.",),
        provider="azure",
    ),
    Advice(
        "invalid_response",
        (
            "Try again, with a lower temperature or a larger model: the model's own output did not fit its "
            "tools.",
        ),
        case="sample",
    ),
    Advice(
        "invalid_response",
        ("Read the log of what stands before the model: the stream ended and had said nothing.",),
        case="silent",
    ),
    Advice(
        "invalid_response",
        (
            "Correct the address or log in: a web page came from {where} where an answer was due.",
            "Correct the address or log in: a web page came where an answer was due.",
        ),
        case="page",
    ),
    Advice(
        "invalid_response",
        ("Put the address it redirects to into the configuration.",),
        case="redirect",
    ),
    # Servers of one's own.
    Advice(
        "insufficient_memory",
        (
            "Choose a smaller model, quantization or context: {requested} GiB are needed, {limit} GiB are free.",
        ),
        provider="ollama",
    ),
    Advice(
        "insufficient_memory",
        ("Lower `--max-model-len` or `--gpu-memory-utilization`, or choose a smaller model.",),
        provider="vllm",
    ),
    Advice(
        "model_loading",
        ("Raise OLLAMA_LOAD_TIMEOUT and look at the server's log: loading took too long.",),
        case="load_failed",
    ),
    Advice(
        "model_loading",
        (
            "Load the model again: `lms load {model}`.",
            "Load the model again (`lms load`, or a request that loads it).",
        ),
        case="unloaded",
    ),
    Advice(
        "model_loading",
        ("Wait {wait}: the model is being loaded.",),
    ),
    Advice(
        "server_error",
        ("Try another version of the model or of its runtime: it cannot be loaded as it is.",),
        case="cannot_load",
    ),
    Advice(
        "server_error",
        ("Restart the model server and read its log: the model's process died.",),
        case="crashed",
    ),
    Advice(
        "server_error",
        (
            "Wait, and look at the status page of {hosted}: it failed by itself ({status}). If it lasts, send "
            "its support the request id.",
        ),
    ),
    Advice(
        "server_error",
        ("Read the log of {where}: it failed by itself.",),
    ),
    Advice(
        "connection_refused",
        ("Restart the model server: it says itself that it is not running.",),
        case="not_running",
    ),
    Advice(
        "connection_refused",
        (
            "Allow the process that asked more open files (`ulimit -n`): it had none left, and no server was asked.",
        ),
        says=("too many open files",),
    ),
    Advice(
        "connection_refused",
        (
            "Check the network of this machine: there is no way to {where}.",
            "Check the network of this machine.",
        ),
        says=(
            "network is unreachable",
            "no route to host",
            "host is unreachable",
            "enetunreach",
            "ehostunreach",
        ),
    ),
    Advice(
        "connection_refused",
        (
            "Check the network, proxy (HTTPS_PROXY) and firewall on the way to {public}: it does not answer here.",
        ),
    ),
    Advice(
        "connection_refused",
        (
            "Start the server at {where}. Inside a container write host.docker.internal or the service's name, "
            "as localhost is the container itself.",
        ),
        says=("127.0.0.1", "localhost"),
    ),
    Advice(
        "connection_refused",
        ("Start Ollama (`ollama serve`) or correct the address {where}.",),
        provider="ollama",
    ),
    Advice(
        "connection_refused",
        ("Start the server at {where} or correct its address: nothing answers there.",),
    ),
    # The way there.
    Advice(
        "connection_reset",
        (
            "Check the server behind the gateway at {where}: the gateway is up and could not reach it.",
            "Check the server behind the gateway: the gateway is up and could not reach it.",
        ),
        says=("upstream connect error", "before headers"),
    ),
    Advice(
        "connection_reset",
        (
            "Set NO_PROXY=localhost,127.0.0.1: the call to {where} went through a proxy.",
            "Set NO_PROXY for this host: the call went through a proxy.",
        ),
        says=("http_proxy", "proxyerror", "tunnel"),
    ),
    Advice(
        "dns",
        (
            "Correct the name {where}: it does not exist here. Inside a container write host.docker.internal "
            "or the service's name.",
            "Correct the host name: it does not exist here. Inside a container write host.docker.internal or "
            "the service's name.",
        ),
        case="no_such_name",
    ),
    Advice(
        "dns",
        (
            "Check the DNS, VPN and network of this machine: the name {public} exists, and is not found from here.",
        ),
    ),
    Advice(
        "tls",
        (
            "Check the proxy or VPN (HTTPS_PROXY): the handshake with {where} was cut.",
            "Check the proxy or VPN (HTTPS_PROXY): the handshake was cut.",
        ),
        case="tls_cut",
    ),
    Advice(
        "tls",
        (
            "Write http:// instead of https://: {where} speaks no TLS on this port.",
            "Write http:// instead of https://: this port speaks no TLS.",
        ),
        says=(
            "wrong_version_number",
            "wrong version number",
            "packet length too long",
            "record layer failure",
        ),
    ),
    Advice(
        "tls",
        (
            "Name the authority of your network in SSL_CERT_FILE and REQUESTS_CA_BUNDLE (NODE_EXTRA_CA_CERTS "
            "for Node): the certificate of {where} is signed by one that is not known here.",
            "Name the authority of your network in SSL_CERT_FILE and REQUESTS_CA_BUNDLE (NODE_EXTRA_CA_CERTS "
            "for Node).",
        ),
        says=(
            "self-signed",
            "self signed",
            "local issuer",
            "unable_to_verify",
            "verify the first certificate",
        ),
    ),
    Advice(
        "tls",
        ("Correct the host name or the certificate: it is not for {where}.",),
        says=("hostname mismatch", "doesn't match", "not valid for"),
    ),
    Advice(
        "timeout",
        (
            "Stream the answer, or raise the read timeout of the proxy before {where}: it gave up waiting.",
            "Stream the answer, or raise the read timeout of the proxy before the model: it gave up waiting.",
        ),
        says=("gateway", "cloudflare", "524", "522", "initial response"),
    ),
    Advice(
        "timeout",
        (
            "Check the network, proxy (HTTPS_PROXY) and firewall on the way to {where}: no connection came about.",
            "Check the network, proxy (HTTPS_PROXY) and firewall: no connection came about.",
        ),
        says=(
            "connect timeout",
            "connecttimeout",
            "connect_timeout",
            "connect etimedout",
            "errno 110",
            "connect timed out",
            "dial tcp",
            "tls handshake timeout",
        ),
    ),
    Advice(
        "timeout",
        (
            "Raise the client's timeout or stream the answer: {where} had not answered.",
            "Raise the client's timeout or stream the answer.",
        ),
    ),
    Advice(
        "other",
        (
            "Look for the cause behind it (`__cause__`): the client says only that the connection failed. "
            "Check {where}.",
            "Look for the cause behind it (`__cause__`): the client says only that the connection failed.",
        ),
        case="opaque",
    ),
)


@lru_cache(maxsize=512)
def needs(template: str) -> frozenset[str]:
    """The facts that a wording names."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)


def worded(advice: Advice, facts: dict[str, str]) -> str | None:
    """The first wording whose facts are all known."""
    for template in advice.wordings:
        if all(facts.get(name) for name in needs(template)):
            return template.format_map(facts)
    return None
