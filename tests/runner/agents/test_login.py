"""How agents are logged in: told by variables and files, whose secrets are not shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beastmode.runner.agents.find import KNOWN, agent_of, ready_on
from beastmode.runner.work import Coding

SECRET = "sk-secret-of-a-person"
OAUTH = {"claudeAiOauth": {"accessToken": SECRET}}
CASES: list[tuple[str, dict[str, str], dict[str, Any], str, bool]] = [
    ("claude", {}, {}, "none", False),
    ("claude", {"ANTHROPIC_API_KEY": SECRET}, {}, "key", True),
    ("claude", {"ANTHROPIC_AUTH_TOKEN": SECRET}, {}, "key", True),
    ("claude", {"CLAUDE_CODE_OAUTH_TOKEN": SECRET}, {}, "subscription", True),
    ("claude", {}, {".claude/.credentials.json": OAUTH}, "subscription", True),
    ("claude", {}, {".claude/settings.json": {"apiKeyHelper": "/bin/key"}}, "key", True),
    ("claude", {}, {".claude.json": {"primaryApiKey": SECRET}}, "key", True),
    ("claude", {}, {".claude/.credentials.json": "not { json"}, "none", False),
    ("claude", {"CLAUDE_CODE_USE_BEDROCK": "1"}, {".claude/.credentials.json": OAUTH}, "cloud", False),
    ("claude", {"CLAUDE_CODE_USE_BEDROCK": "0", "ANTHROPIC_API_KEY": SECRET}, {}, "key", True),
    ("codex", {}, {}, "none", False),
    ("codex", {"CODEX_API_KEY": SECRET}, {}, "key", True),
    ("codex", {"OPENAI_API_KEY": SECRET}, {}, "none", False),
    ("codex", {}, {".codex/auth.json": {"OPENAI_API_KEY": SECRET}}, "key", True),
    (
        "codex",
        {},
        {".codex/auth.json": {"OPENAI_API_KEY": None, "tokens": {"id_token": SECRET}}},
        "subscription",
        False,
    ),
    ("gemini", {}, {}, "none", False),
    ("gemini", {"GEMINI_API_KEY": SECRET}, {}, "key", True),
    ("gemini", {"GOOGLE_GENAI_USE_VERTEXAI": "true"}, {}, "cloud", False),
    ("gemini", {}, {".gemini/oauth_creds.json": {"refresh_token": SECRET}}, "subscription", False),
    ("opencode", {}, {}, "none", False),
    ("opencode", {"ANTHROPIC_API_KEY": SECRET}, {}, "key", False),
    (
        "opencode",
        {},
        {".local/share/opencode/auth.json": {"openai": {"type": "api", "key": SECRET}}},
        "key",
        False,
    ),
    ("opencode", {}, {".local/share/opencode/auth.json": {"x": {"type": "oauth"}}}, "subscription", False),
    ("aider", {}, {}, "none", False),
    ("aider", {"OPENAI_API_KEY": SECRET}, {}, "key", True),
    ("aider", {}, {".env": f"OPENAI_API_KEY={SECRET}\n"}, "key", True),
    ("mini", {}, {}, "none", False),
    ("mini", {"ANTHROPIC_API_KEY": SECRET}, {}, "key", True),
    ("mini", {}, {".config/mini-swe-agent/.env": f"export OPENAI_API_KEY='{SECRET}'\n"}, "key", True),
]


@pytest.mark.parametrize(("name", "environment", "files", "how", "passes"), CASES)
def test_a_login_is_found(
    name: str, environment: dict[str, str], files: dict[str, Any], how: str, passes: bool, tmp_path: Path
) -> None:
    for file, holds in files.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(holds if isinstance(holds, str) else json.dumps(holds), encoding="utf-8")
    login = KNOWN[name].login(environment, tmp_path)
    assert (login.how, login.passes_gateway) == (how, passes)
    assert SECRET not in repr(login)
    assert bool(login.where) == (how != "none")
    assert bool(login.why) == (how != "none" and not passes)


def test_ready_are_those_that_are_there_and_logged_in(tmp_path: Path) -> None:
    for name in ("codex", "claude"):
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="ascii")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": str(tmp_path), "CODEX_API_KEY": SECRET, "GEMINI_API_KEY": SECRET}
    assert ready_on(environment, tmp_path) == ["codex"]


def test_any_command_may_have_a_login_that_nobody_knows_of(tmp_path: Path) -> None:
    agent = agent_of(Coding(command=("x", "{prompt}")))
    assert agent.login({}, tmp_path).passes_gateway
    assert agent.login({"OPENAI_API_KEY": SECRET}, tmp_path).how == "key"
