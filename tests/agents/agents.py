"""Agents: real coding agents, started as a person would without being there, and pointed at a gateway by its URL."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_AGENTS = Path(__file__).parents[2] / "build" / "agents"
INSTALLED = _AGENTS / "node_modules" / ".bin"
LONG_S = 110.0
"""No promise about speed: an agent that has not ended by then hangs."""


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent.

    dialect: as the ledger calls what it speaks.   arguments: after its command, from the gateway's URL and the prompt.
    variables: of its environment, from the gateway's URL.   complaints: of the JSON lines that it prints, those that
    tell of trouble with the model.
    """

    command: str
    dialect: str
    arguments: Callable[[str, str], list[str]]
    variables: Callable[[str], Mapping[str, str]]
    is_complaint: Callable[[dict[str, Any]], bool]


CLAUDE = Agent(
    "claude",
    "anthropic.messages",
    lambda url, prompt: [
        *("-p", prompt, "--model", "m-small", "--output-format", "stream-json", "--verbose"),
        *("--permission-mode", "acceptEdits", "--allowedTools", "Bash"),
    ],
    lambda url: {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "sk-of-a-client",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    },
    lambda line: line.get("subtype") == "api_retry" or line.get("is_error") is True,
)
CODEX = Agent(
    "codex",
    "openai.responses",
    lambda url, prompt: [
        *("exec", "--json", "--dangerously-bypass-approvals-and-sandbox", "-m", "m-small"),
        *("-c", f'openai_base_url="{url}/v1"', "-c", "analytics.enabled=false", prompt),
    ],
    lambda url: {"CODEX_API_KEY": "sk-of-a-client"},
    lambda line: line.get("type") in ("error", "turn.failed"),
)
BOTH = pytest.mark.parametrize("agent", [CLAUDE, CODEX], ids=lambda agent: agent.command)


@dataclass(frozen=True, slots=True)
class Done:
    """What an agent left.   said: all that it printed.   complaints: lines of it that tell of trouble."""

    code: int
    folder: Path
    said: str
    complaints: list[dict[str, Any]]


def do(agent: Agent, prompt: str, url: str, at: Path) -> Done:
    """Let an agent do one thing in an empty repository below `at`, with a home of its own.   url: of the gateway."""
    folder, home = at / "repository", at / "home of the agent"
    home.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CODEX_HOME": str(home),
        "NO_PROXY": "127.0.0.1",
        **agent.variables(url),
    }
    ended = subprocess.run(
        [str(installed(agent)), *agent.arguments(url, prompt)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONG_S,
    )
    lines = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    said = ended.stdout + ended.stderr
    return Done(ended.returncode, folder, said, [line for line in lines if agent.is_complaint(line)])


def installed(agent: Agent) -> Path:
    """Its command. Where it is missing the test is skipped; where CI is true, that is an error."""
    return at_hand(agent.command) / agent.command


def at_hand(command: str) -> Path:
    """The folder that holds it; skips, or fails, where none does."""
    folder = _AGENTS / "mini" / "bin" if command == "mini" else INSTALLED
    if not (folder / command).exists():
        missing = f"{command} is not installed: `make test-agents` does, where npm is"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return folder
