"""Places: where the lists and endpoints of a model server are, and how it wants its key. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from beastmode.errors import SettingError

_VERSION = re.compile(r"v\d+(?:alpha|beta|preview)?\d*")
_ENDPOINTS = re.compile(
    r"/(?:chat/completions|completions|responses|messages|embeddings|models|api/tags|api/chat|api/generate)$"
)
_TIP = "Write a base URL like https://api.example.com/v1 or http://127.0.0.1:8000."
ANTHROPIC_VERSION = "2023-06-01"


@dataclass(frozen=True, slots=True)
class Upstream:
    """A model server's address, without user, query and endpoint.

    base: as clients are given it.   named: the endpoint that was given with it, like `/chat/completions`, or "".
    """

    base: str
    scheme: str
    host: str
    named: str = ""

    @property
    def root(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{urlsplit(self.base).netloc}"

    @property
    def versioned(self) -> bool:
        """Its path ends with a version, like /v1, or with Gemini's /openai."""
        last = self.base.rpartition("/")[2]
        return bool(_VERSION.fullmatch(last)) or self.base.endswith("/openai")

    def other_scheme(self) -> str:
        """The root, with http for https and the other way round."""
        return ("http" if self.scheme == "https" else "https") + self.root.removeprefix(self.scheme)


def upstream_of(url: str) -> Upstream:
    """The address in an URL. Raises SettingError for what is none."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise SettingError("the upstream is no address", where="--upstream", tip=_TIP) from None
    if not host or parts.scheme not in ("http", "https"):
        raise SettingError("the upstream is no address of a server", where="--upstream", tip=_TIP)
    shown = f"[{host}]" if ":" in str(host) else str(host)
    base = f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path}".rstrip("/")
    named = _ENDPOINTS.search(base)
    base = base[: named.start()] if named else base
    return Upstream(base, parts.scheme, str(host), named[0] if named else "")


def list_urls(upstream: Upstream) -> tuple[str, ...]:
    """Where its list of models would be: with /v1 and without, then Ollama's own."""
    if upstream.versioned:
        return (f"{upstream.base}/models",)
    tails = ["/v1/models", "/models", "/api/tags"]
    if upstream.host.endswith("googleapis.com"):
        tails.insert(0, "/v1beta/models")
    return tuple(upstream.base + tail for tail in tails)


def elsewhere(upstream: Upstream) -> tuple[str, ...]:
    """Where else on that host the list often is, in case the path is wrong."""
    tried = list_urls(upstream)
    guesses = [f"{upstream.root}{tail}/models" for tail in ("/v1", "/api/v1", "/v1beta")]
    return tuple(guess for guess in guesses if guess not in tried)


def base_of(list_url: str) -> str:
    """The base URL that a list of models belongs to."""
    return list_url.removesuffix("/models").removesuffix("/api/tags")


def credentials(upstream: Upstream, key: str) -> Sequence[dict[str, str]]:
    """The headers that carry a key, the likeliest first; a known host knows only its own."""
    anthropic = {"x-api-key": key, "anthropic-version": ANTHROPIC_VERSION}
    bearer = {"Authorization": f"Bearer {key}"}
    if not key:
        return ({"anthropic-version": ANTHROPIC_VERSION} if "anthropic" in upstream.host else {},)
    if upstream.host.endswith("anthropic.com"):
        by_login = bearer | {"anthropic-version": ANTHROPIC_VERSION, "anthropic-beta": "oauth-2025-04-20"}
        return (by_login,) if key.startswith("sk-ant-oat") else (anthropic,)
    if upstream.host.endswith("googleapis.com") and not upstream.base.endswith("/openai"):
        return ({"x-goog-api-key": key},)
    if upstream.host.endswith(("azure.com", "azure-api.net")):
        return ({"api-key": key},)
    if upstream.host.endswith(("openai.com", "openrouter.ai", "groq.com", "mistral.ai", "deepseek.com")):
        return (bearer,)
    return (bearer, anthropic, {"x-goog-api-key": key})


def usual_variables(host: str) -> tuple[str, ...]:
    """The variables that usually hold the key of a host."""
    known = {
        "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
        "googleapis": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        "azure": ("AZURE_OPENAI_API_KEY",),
        "openrouter": ("OPENROUTER_API_KEY",),
        "groq": ("GROQ_API_KEY",),
        "mistral": ("MISTRAL_API_KEY",),
        "deepseek": ("DEEPSEEK_API_KEY",),
    }
    return next((names for part, names in known.items() if part in host), ("OPENAI_API_KEY",))


def smallest_question(base: str, model: str, credential: dict[str, str]) -> tuple[str, dict[str, object]]:
    """URL and body of the cheapest request that proves key and model: one token."""
    asked: dict[str, object] = {"model": model, "max_tokens": 1}
    asked["messages"] = [{"role": "user", "content": "Hi"}]
    if "x-goog-api-key" in credential:
        name = model.removeprefix("models/")
        body: dict[str, object] = {
            "contents": [{"parts": [{"text": "Hi"}]}],
            "generationConfig": {"maxOutputTokens": 1},
        }
        return f"{_with_version(base, 'v1beta')}/models/{name}:generateContent", body
    tail = "messages" if "anthropic-version" in credential else "chat/completions"
    return f"{_with_version(base, 'v1')}/{tail}", asked


def _with_version(base: str, version: str) -> str:
    versioned = Upstream(base, "", "").versioned
    return base if versioned else f"{base}/{version}"
