"""Providers: who runs the server, told by name, host, headers or words of the answer; and what a person needs there."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import NamedTuple


class Provider(NamedTuple):
    """What tips need to know.   marks: hosts and words of its answers, lower case.   headers: name prefixes of its own.
    key: environment variable of the key.   keys, billing, status: pages.   models: a command or page that lists them."""

    name: str
    marks: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    key: str = ""
    keys: str = ""
    billing: str = ""
    models: str = ""
    spells: tuple[str, ...] = ()


PROVIDERS = (
    Provider("openrouter", ("openrouter.ai", "openrouterexception"), (), "OPENROUTER_API_KEY", "openrouter.ai/settings/keys", "openrouter.ai/settings/credits", "openrouter.ai/models"),
    Provider("groq", ("api.groq.com", "console.groq.com", "groqexception", "`org_"), ("x-groq-",), "GROQ_API_KEY", "console.groq.com/keys", "console.groq.com/settings/billing", "console.groq.com/docs/models"),
    Provider("azure", ("openai.azure.com", "cognitiveservices.azure.com", "azure openai", "azureexception", "azure_openai", "aiservices s0", "services.ai.azure.com"), ("apim-request-id", "x-ms-", "azureml-"), "AZURE_OPENAI_API_KEY", "portal.azure.com (Keys and Endpoint)", "portal.azure.com (Quotas)", "the deployments in ai.azure.com", ("azure_openai", "azure-openai", "azureopenai")),
    Provider("copilot", ("githubcopilot.com",), (), "GITHUB_TOKEN", "github.com/settings/copilot", "github.com/settings/billing", "github.com/settings/copilot", ("github-copilot", "github_copilot")),
    Provider("github", ("models.inference.ai.azure.com", "models.github.ai"), (), "GITHUB_TOKEN", "github.com/settings/tokens", "github.com/marketplace/models", "github.com/marketplace/models", ("github-models", "github_models")),
    Provider("codex", ("chatgpt.com",), ("x-codex-",), "CODEX_API_KEY", "`codex login`", "chatgpt.com/codex/settings/usage", "", ("chatgpt", "openai-codex")),
    Provider("anthropic", ("api.anthropic.com", "console.anthropic.com", "anthropicexception", "docs.anthropic.com", "claude.ai", "anthropic api"), ("anthropic-",), "ANTHROPIC_API_KEY", "console.anthropic.com/settings/keys", "console.anthropic.com/settings/billing", "docs.anthropic.com/en/docs/about-claude/models", ("claude",)),
    Provider("vertex", ("aiplatform.googleapis.com", "vertexai", "vertex_ai", "publishers/google/models"), (), "GOOGLE_APPLICATION_CREDENTIALS", "`gcloud auth application-default login`", "console.cloud.google.com/iam-admin/quotas", "console.cloud.google.com/vertex-ai/model-garden", ("vertex_ai", "vertexai", "google-vertex")),
    Provider("gemini", ("generativelanguage.googleapis.com", "ai.google.dev", "geminiexception", "googlegenerativeai", "ai.dev/"), (), "GEMINI_API_KEY", "aistudio.google.com/apikey", "aistudio.google.com/usage", "ai.google.dev/gemini-api/docs/models", ("google", "google-genai", "google_genai")),
    Provider("bedrock", ("bedrock-runtime", "bedrockexception", "bedrockruntime", "bedrock.amazonaws", "botocore", "invokemodel", "converse operation", "conversestream"), ("x-amzn-",), "AWS_PROFILE", "`aws sso login`", "console.aws.amazon.com/servicequotas", "`aws bedrock list-inference-profiles`", ("aws", "amazon-bedrock", "aws-bedrock")),
    Provider("mistral", ("api.mistral.ai", "mistralexception", "mistralapistatus"), ("x-mistral-",), "MISTRAL_API_KEY", "console.mistral.ai/api-keys", "console.mistral.ai/billing", "docs.mistral.ai/getting-started/models"),
    Provider("deepseek", ("api.deepseek.com", "deepseekexception"), (), "DEEPSEEK_API_KEY", "platform.deepseek.com/api_keys", "platform.deepseek.com/top_up", "api-docs.deepseek.com"),
    Provider("together", ("api.together.", "together.ai", "together ai", "togetherexception", "together_aiexception"), (), "TOGETHER_API_KEY", "api.together.ai/settings/api-keys", "api.together.ai/settings/billing", "docs.together.ai/docs/serverless-models", ("together_ai", "togetherai")),
    Provider("fireworks", ("api.fireworks.ai", "fireworks_ai", "accounts/fireworks"), ("fireworks-",), "FIREWORKS_API_KEY", "fireworks.ai/account/api-keys", "fireworks.ai/account/billing", "fireworks.ai/models", ("fireworks_ai",)),
    Provider("xai", ("api.x.ai", "console.x.ai", "xaiexception"), (), "XAI_API_KEY", "console.x.ai", "console.x.ai", "docs.x.ai/docs/models", ("x.ai", "grok", "x-ai")),
    Provider("perplexity", ("api.perplexity.ai", "perplexityexception"), (), "PERPLEXITY_API_KEY", "perplexity.ai/settings/api", "perplexity.ai/settings/api", "docs.perplexity.ai"),
    Provider("cohere", ("api.cohere.", "cohereexception", "dashboard.cohere.com"), (), "COHERE_API_KEY", "dashboard.cohere.com/api-keys", "dashboard.cohere.com/billing", "docs.cohere.com/docs/models"),
    Provider("cerebras", ("api.cerebras.ai", "cerebrasexception", "cloud.cerebras.ai"), (), "CEREBRAS_API_KEY", "cloud.cerebras.ai", "cloud.cerebras.ai", "inference-docs.cerebras.ai/models"),
    Provider("huggingface", ("huggingface.co", "hf-inference", "hfhubhttperror", "hf.space"), (), "HF_TOKEN", "huggingface.co/settings/tokens", "huggingface.co/settings/billing", "huggingface.co/models", ("hf", "tgi", "huggingface_hub")),
    Provider("nvidia", ("integrate.api.nvidia.com", "nvidia_nim", "build.nvidia.com"), ("nvcf-",), "NVIDIA_API_KEY", "build.nvidia.com", "build.nvidia.com", "build.nvidia.com/models", ("nvidia-nim", "nim", "nvidia_nim")),
    Provider("dashscope", ("dashscope", "aliyuncs.com", "bailian"), ("x-dashscope-",), "DASHSCOPE_API_KEY", "bailian.console.aliyun.com", "usercenter2.aliyun.com", "help.aliyun.com/zh/model-studio", ("qwen", "alibaba")),
    Provider("moonshot", ("api.moonshot.", "platform.moonshot"), (), "MOONSHOT_API_KEY", "platform.moonshot.ai/console/api-keys", "platform.moonshot.ai/console/pay", "platform.moonshot.ai/docs", ("kimi",)),
    Provider("zhipu", ("bigmodel.cn", "api.z.ai"), (), "ZAI_API_KEY", "z.ai/manage-apikey/apikey-list", "z.ai/manage-apikey/billing", "docs.z.ai", ("z.ai", "zai", "glm")),
    Provider("litellm", ("litellm.", "litellm_", "litellm proxy"), ("x-litellm-",), "LITELLM_API_KEY", "the proxy's /key/generate", "the proxy's /key/info", "GET /v1/models of the proxy"),
    Provider("ollama", (":11434", "ollama.", "`ollama", "ollama ", "llama runner", "ollama_"), (), "", "", "", "`ollama list`"),
    Provider("lmstudio", (":1234/", "lm studio", "lmstudio", "`lms "), (), "", "", "", "`lms ls`", ("lm-studio", "lm_studio")),
    Provider("llamacpp", ("llama.cpp", "llama-server", "llama_cpp", "exceed_context_size"), (), "", "", "", "GET /v1/models", ("llama.cpp", "llama-cpp", "llama-server")),
    Provider("vllm", ("vllm", "vllmexception"), (), "", "", "", "GET /v1/models", ("hosted_vllm",)),
    Provider("sglang", ("sglang",), (), "", "", "", "GET /v1/models"),
    Provider("openai", ("api.openai.com", "platform.openai.com", "help.openai.com", "openaiexception"), ("openai-",), "OPENAI_API_KEY", "platform.openai.com/api-keys", "platform.openai.com/settings/organization/billing", "platform.openai.com/docs/models"),
)  # fmt: skip
"""Those whose words appear in the answers of others come first: a LiteLLM around Groq is Groq's failure."""

_BY_NAME = {spelling: provider for provider in PROVIDERS for spelling in (provider.name, *provider.spells)}
_BY_HEADER = [(prefix, provider) for provider in PROVIDERS for prefix in provider.headers]
_BY_MARK = {mark: at for at, provider in reversed(list(enumerate(PROVIDERS))) for mark in provider.marks}
UNKNOWN = Provider("")
MARKS = tuple(mark for provider in PROVIDERS for mark in provider.marks)


def told(name: str, url: str, headers: Mapping[str, str], marks: Set[str]) -> Provider:
    """The provider, by the surest sign: the host called, headers of its own, words of the answer, the name given.

    headers: names in lower case.   marks: those of `MARKS` in the text. The name comes last: clients call every server "openai".
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
