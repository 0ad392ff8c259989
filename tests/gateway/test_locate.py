"""Where a request goes: versions in the base URL and in the client's path."""

from __future__ import annotations

import pytest

from beastmode.gateway.locate import climbs, locate


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("http://a/v1", "/v1/models", "http://a/v1/models"),
        ("http://a", "/v1/models", "http://a/v1/models"),
        ("http://a/", "/v1/models", "http://a/v1/models"),
        ("http://a/v1/", "/models", "http://a/v1/models"),
        ("http://a/v1", "/v1", "http://a/v1"),
        ("http://a/v1", "/v1beta/models", "http://a/v1beta/models"),
        ("http://a/v1beta", "/v1beta/models", "http://a/v1beta/models"),
        ("http://a/v1beta/openai", "/v1/chat/completions", "http://a/v1beta/openai/chat/completions"),
        ("http://a/v1beta/openai", "/v1beta/models", "http://a/v1beta/models"),
        ("http://a/api/paas/v4", "/v1/chat/completions", "http://a/api/paas/v4/chat/completions"),
        ("http://a/api/v1", "/v1/messages", "http://a/api/v1/messages"),
        (
            "http://a/openai/deployments/x",
            "/chat/completions",
            "http://a/openai/deployments/x/chat/completions",
        ),
        ("http://a/openai/v1", "/openai/v1/models", "http://a/openai/v1/models"),
        (
            "http://a/openai/v1",
            "/openai/deployments/x/chat/completions",
            "http://a/openai/deployments/x/chat/completions",
        ),
        ("http://a/openai", "/openai/v1/models", "http://a/openai/v1/models"),
        ("http://a/openai/v1", "/openai2/models", "http://a/openai/v1/openai2/models"),
        ("http://a/v1", "/api/chat", "http://a/api/chat"),
        ("http://a", "/api/chat", "http://a/api/chat"),
        ("http://a/api", "/api/chat", "http://a/api/chat"),
        ("http://a/ollama/v1", "/v1/models", "http://a/ollama/v1/models"),
        ("http://a/v1", "/apiary", "http://a/v1/apiary"),
        ("http://a", "/v1/v1/messages", "http://a/v1/messages"),
        ("http://a/v1", "/v1/v1/messages", "http://a/v1/messages"),
        ("http://a/v1", "/v1/v1beta/models", "http://a/v1beta/models"),
        ("http://a/v1beta", "/v1beta/v1beta/models", "http://a/v1beta/models"),
        ("http://a/api/v1", "/v1/v1", "http://a/api/v1"),
        ("http://v1/x", "/v1/models", "http://v1/x/v1/models"),
        ("http://a/v1", "/v1models", "http://a/v1/v1models"),
        ("http://a/v1/openai", "/v1/openai/models", "http://a/v1/openai/models"),
        ("http://a/v1/openai", "/v1/chat/completions", "http://a/v1/openai/chat/completions"),
        ("http://a/v1/projects/p", "/v1/projects/p/models", "http://a/v1/projects/p/models"),
        ("http://a/openai", "/openai", "http://a/openai"),
        ("http://a/v4/accounts/x/ai/v1", "/v1/models", "http://a/v4/accounts/x/ai/v1/models"),
        ("http://a/v4/accounts/x/ai/v1", "/v1beta/models", "http://a/v4/accounts/x/ai/v1beta/models"),
        (
            "http://a/v4/accounts/x/ai/v1",
            "/v4/accounts/x/ai/v1/models",
            "http://a/v4/accounts/x/ai/v1/models",
        ),
        ("http://a/v1/x/google/v1beta", "/v1beta/models", "http://a/v1/x/google/v1beta/models"),
    ],
)
def test_the_version_stands_once_in_the_address(base: str, path: str, url: str) -> None:
    assert locate(base, path) == url
    assert locate(base, path, "a=b") == f"{url}?a=b"


@pytest.mark.parametrize(
    "path", ["/v1/../a", "/v1/./a", "/..", "/v1/%2e%2E/a", "/v1/..%2fa", "/v1/..;x/a", "/v1\\..\\a"]
)
def test_a_path_that_leads_elsewhere_is_known(path: str) -> None:
    assert climbs(path)


@pytest.mark.parametrize(
    "path", ["/v1/models/m.2", "/v1/models/..a", "/v1/a...b", "/v1//models", "/v1/files/.x", ""]
)
def test_other_points_lead_nowhere(path: str) -> None:
    assert not climbs(path)
