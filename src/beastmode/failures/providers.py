"""Providers: who runs the server, told by name, host, headers or words of the answer; and what a person needs there."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import NamedTuple


class Provider(NamedTuple):
    """What tips need to know.

    marks: hosts and words of its answers, lower case.   headers: prefixes of names of its own.   key: environment
    variable of the key.   keys, billing: pages.   models: a command or page that lists them.   spells: other names
    that clients give it.
    """

    name: str
    marks: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    key: str = ""
    keys: str = ""
    billing: str = ""
    models: str = ""
    spells: tuple[str, ...] = ()


PROVIDERS = (
    Provider(
        "openrouter",
        marks=("openrouter.ai", "openrouterexception"),
        key="OPENROUTER_API_KEY",
        keys="openrouter.ai/settings/keys",
        billing="openrouter.ai/settings/credits",
        models="openrouter.ai/models",
    ),
    Provider(
        "groq",
        marks=("api.groq.com", "console.groq.com", "groqexception", "`org_"),
        headers=("x-groq-",),
        key="GROQ_API_KEY",
        keys="console.groq.com/keys",
        billing="console.groq.com/settings/billing",
        models="console.groq.com/docs/models",
    ),
    Provider(
        "azure",
        marks=(
            "openai.azure.com",
            "cognitiveservices.azure.com",
            "azure openai",
            "azureexception",
            "azure_openai",
            "aiservices s0",
            "services.ai.azure.com",
        ),
        headers=("apim-request-id", "x-ms-", "azureml-"),
        key="AZURE_OPENAI_API_KEY",
        keys="portal.azure.com (Keys and Endpoint)",
        billing="portal.azure.com (Quotas)",
        models="the deployments in ai.azure.com",
        spells=("azure_openai", "azure-openai", "azureopenai"),
    ),
    Provider(
        "copilot",
        marks=("githubcopilot.com",),
        key="GITHUB_TOKEN",
        keys="github.com/settings/copilot",
        billing="github.com/settings/billing",
        models="github.com/settings/copilot",
        spells=("github-copilot", "github_copilot"),
    ),
    Provider(
        "github",
        marks=("models.inference.ai.azure.com", "models.github.ai"),
        key="GITHUB_TOKEN",
        keys="github.com/settings/tokens",
        billing="github.com/marketplace/models",
        models="github.com/marketplace/models",
        spells=("github-models", "github_models"),
    ),
    Provider(
        "codex",
        marks=("chatgpt.com",),
        headers=("x-codex-",),
        key="CODEX_API_KEY",
        keys="`codex login`",
        billing="chatgpt.com/codex/settings/usage",
        spells=("chatgpt", "openai-codex"),
    ),
    Provider(
        "anthropic",
        marks=(
            "api.anthropic.com",
            "console.anthropic.com",
            "anthropicexception",
            "docs.anthropic.com",
            "claude.ai",
            "anthropic api",
        ),
        headers=("anthropic-",),
        key="ANTHROPIC_API_KEY",
        keys="console.anthropic.com/settings/keys",
        billing="console.anthropic.com/settings/billing",
        models="docs.anthropic.com/en/docs/about-claude/models",
        spells=("claude",),
    ),
    Provider(
        "vertex",
        marks=("aiplatform.googleapis.com", "vertexai", "vertex_ai", "publishers/google/models"),
        key="GOOGLE_APPLICATION_CREDENTIALS",
        keys="`gcloud auth application-default login`",
        billing="console.cloud.google.com/iam-admin/quotas",
        models="console.cloud.google.com/vertex-ai/model-garden",
        spells=("vertex_ai", "vertexai", "google-vertex"),
    ),
    Provider(
        "gemini",
        marks=(
            "generativelanguage.googleapis.com",
            "ai.google.dev",
            "geminiexception",
            "googlegenerativeai",
            "ai.dev/",
        ),
        key="GEMINI_API_KEY",
        keys="aistudio.google.com/apikey",
        billing="aistudio.google.com/usage",
        models="ai.google.dev/gemini-api/docs/models",
        spells=("google", "google-genai", "google_genai"),
    ),
    Provider(
        "bedrock",
        marks=(
            "bedrock-runtime",
            "bedrockexception",
            "bedrockruntime",
            "bedrock.amazonaws",
            "botocore",
            "invokemodel",
            "converse operation",
            "conversestream",
        ),
        headers=("x-amzn-",),
        key="AWS_PROFILE",
        keys="`aws sso login`",
        billing="console.aws.amazon.com/servicequotas",
        models="`aws bedrock list-inference-profiles`",
        spells=("aws", "amazon-bedrock", "aws-bedrock"),
    ),
    Provider(
        "mistral",
        marks=("api.mistral.ai", "mistralexception", "mistralapistatus"),
        headers=("x-mistral-",),
        key="MISTRAL_API_KEY",
        keys="console.mistral.ai/api-keys",
        billing="console.mistral.ai/billing",
        models="docs.mistral.ai/getting-started/models",
    ),
    Provider(
        "deepseek",
        marks=("api.deepseek.com", "deepseekexception"),
        key="DEEPSEEK_API_KEY",
        keys="platform.deepseek.com/api_keys",
        billing="platform.deepseek.com/top_up",
        models="api-docs.deepseek.com",
    ),
    Provider(
        "together",
        marks=("api.together.", "together.ai", "together ai", "togetherexception", "together_aiexception"),
        key="TOGETHER_API_KEY",
        keys="api.together.ai/settings/api-keys",
        billing="api.together.ai/settings/billing",
        models="docs.together.ai/docs/serverless-models",
        spells=("together_ai", "togetherai"),
    ),
    Provider(
        "fireworks",
        marks=("api.fireworks.ai", "fireworks_ai", "accounts/fireworks"),
        headers=("fireworks-",),
        key="FIREWORKS_API_KEY",
        keys="fireworks.ai/account/api-keys",
        billing="fireworks.ai/account/billing",
        models="fireworks.ai/models",
        spells=("fireworks_ai",),
    ),
    Provider(
        "xai",
        marks=("api.x.ai", "console.x.ai", "xaiexception"),
        key="XAI_API_KEY",
        keys="console.x.ai",
        billing="console.x.ai",
        models="docs.x.ai/docs/models",
        spells=("x.ai", "grok", "x-ai"),
    ),
    Provider(
        "perplexity",
        marks=("api.perplexity.ai", "perplexityexception"),
        key="PERPLEXITY_API_KEY",
        keys="perplexity.ai/settings/api",
        billing="perplexity.ai/settings/api",
        models="docs.perplexity.ai",
    ),
    Provider(
        "cohere",
        marks=("api.cohere.", "cohereexception", "dashboard.cohere.com"),
        key="COHERE_API_KEY",
        keys="dashboard.cohere.com/api-keys",
        billing="dashboard.cohere.com/billing",
        models="docs.cohere.com/docs/models",
    ),
    Provider(
        "cerebras",
        marks=("api.cerebras.ai", "cerebrasexception", "cloud.cerebras.ai"),
        key="CEREBRAS_API_KEY",
        keys="cloud.cerebras.ai",
        billing="cloud.cerebras.ai",
        models="inference-docs.cerebras.ai/models",
    ),
    Provider(
        "huggingface",
        marks=("huggingface.co", "hf-inference", "hfhubhttperror", "hf.space"),
        key="HF_TOKEN",
        keys="huggingface.co/settings/tokens",
        billing="huggingface.co/settings/billing",
        models="huggingface.co/models",
        spells=("hf", "tgi", "huggingface_hub"),
    ),
    Provider(
        "nvidia",
        marks=("integrate.api.nvidia.com", "nvidia_nim", "build.nvidia.com"),
        headers=("nvcf-",),
        key="NVIDIA_API_KEY",
        keys="build.nvidia.com",
        billing="build.nvidia.com",
        models="build.nvidia.com/models",
        spells=("nvidia-nim", "nim", "nvidia_nim"),
    ),
    Provider(
        "dashscope",
        marks=("dashscope", "aliyuncs.com", "bailian"),
        headers=("x-dashscope-",),
        key="DASHSCOPE_API_KEY",
        keys="bailian.console.aliyun.com",
        billing="usercenter2.aliyun.com",
        models="help.aliyun.com/zh/model-studio",
        spells=("qwen", "alibaba"),
    ),
    Provider(
        "moonshot",
        marks=("api.moonshot.", "platform.moonshot"),
        key="MOONSHOT_API_KEY",
        keys="platform.moonshot.ai/console/api-keys",
        billing="platform.moonshot.ai/console/pay",
        models="platform.moonshot.ai/docs",
        spells=("kimi",),
    ),
    Provider(
        "zhipu",
        marks=("bigmodel.cn", "api.z.ai"),
        key="ZAI_API_KEY",
        keys="z.ai/manage-apikey/apikey-list",
        billing="z.ai/manage-apikey/billing",
        models="docs.z.ai",
        spells=("z.ai", "zai", "glm"),
    ),
    Provider(
        "litellm",
        marks=("litellm.", "litellm_", "litellm proxy"),
        headers=("x-litellm-",),
        key="LITELLM_API_KEY",
        keys="the proxy's /key/generate",
        billing="the proxy's /key/info",
        models="GET /v1/models of the proxy",
    ),
    Provider(
        "ollama",
        marks=(":11434", "ollama.", "`ollama", "ollama ", "llama runner", "ollama_"),
        models="`ollama list`",
    ),
    Provider(
        "lmstudio",
        marks=(":1234/", "lm studio", "lmstudio", "`lms "),
        models="`lms ls`",
        spells=("lm-studio", "lm_studio"),
    ),
    Provider(
        "llamacpp",
        marks=("llama.cpp", "llama-server", "llama_cpp", "exceed_context_size"),
        models="GET /v1/models",
        spells=("llama.cpp", "llama-cpp", "llama-server"),
    ),
    Provider(
        "vllm",
        marks=("vllm", "vllmexception"),
        models="GET /v1/models",
        spells=("hosted_vllm",),
    ),
    Provider(
        "sglang",
        marks=("sglang",),
        models="GET /v1/models",
    ),
    Provider(
        "openai",
        marks=("api.openai.com", "platform.openai.com", "help.openai.com", "openaiexception"),
        headers=("openai-",),
        key="OPENAI_API_KEY",
        keys="platform.openai.com/api-keys",
        billing="platform.openai.com/settings/organization/billing",
        models="platform.openai.com/docs/models",
    ),
)
"""Those whose words appear in the answers of others come first: a LiteLLM around Groq is Groq's failure."""

_BY_NAME = {spelling: provider for provider in PROVIDERS for spelling in (provider.name, *provider.spells)}
_BY_HEADER = [(prefix, provider) for provider in PROVIDERS for prefix in provider.headers]
_BY_MARK = {mark: at for at, provider in reversed(list(enumerate(PROVIDERS))) for mark in provider.marks}
UNKNOWN = Provider("")
MARKS = tuple(mark for provider in PROVIDERS for mark in provider.marks)


def told(name: str, url: str, headers: Mapping[str, str], marks: Set[str]) -> Provider:
    """The provider, by the surest sign: the host called, headers of its own, words of the answer, the name given.

    headers: names in lower case.   marks: those of `MARKS` in the text. The name comes last: clients call every
    server "openai".
    """
    if url:
        host = url.lower()
        for provider in PROVIDERS:
            if any(mark in host for mark in provider.marks):
                return provider
    for header in headers:
        for prefix, provider in _BY_HEADER:
            if header.startswith(prefix):
                return provider
    named = _BY_NAME.get(name.lower(), UNKNOWN)
    if named.name not in ("", "openai", "litellm"):
        return named
    orders = [_BY_MARK[mark] for mark in marks if mark in _BY_MARK]
    return PROVIDERS[min(orders)] if orders else named
