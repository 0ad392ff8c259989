"""Claude Code. Its JSON says `"subtype": "success"` also where `is_error` is true; only the latter counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beastmode.failures.failure import Failure
from beastmode.failures.words import last_lines
from beastmode.runner.agents.complaints import of_exit, of_login, of_model
from beastmode.runner.agents.files import json_in
from beastmode.runner.agents.hearing import items, number, objects_in, part, text, whole
from beastmode.runner.agents.protocol import Ask, Heard, Launch, Login, Said

_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
_CLOUDS = {
    "CLAUDE_CODE_USE_BEDROCK": "Amazon Bedrock",
    "CLAUDE_CODE_USE_VERTEX": "Google Vertex AI",
    "CLAUDE_CODE_USE_FOUNDRY": "Microsoft Foundry",
}
_QUIET = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
_OFF = ("", "0", "false")


class Claude:
    """`claude -p`, with one JSON object a line."""

    name = program = "claude"
    install = "npm install -g @anthropic-ai/claude-code"
    speaks = ("messages",)
    own = ("ANTHROPIC_*", "CLAUDE_*", "AWS_*", "GOOGLE_APPLICATION_CREDENTIALS", "CLOUD_ML_REGION")
    needs_model = False
    sandbox = ()

    def launch(self, ask: Ask) -> Launch:
        """Its prompt comes by its standard input, where no length is too much and nobody reads it in a list of
        processes. Settings that a person has made for every day would win over variables: so ours are settings too.
        It is not told of branch and last commits: they differ from run to run, and no answer could be used again."""
        env = {**_QUIET, **_way(ask)}
        settings = ask.home / "settings.json"
        arguments = [
            "claude",
            "-p",
            "--output-format",
            "stream-json",
            "--verbose",
            "--settings",
            str(settings),
        ]
        if ask.access.key:
            arguments += ["--session-id", ask.session]
        if ask.model:
            arguments += ["--model", ask.model]
        if ask.permissions == "all":
            arguments += ["--permission-mode", "bypassPermissions"]
            env |= {"IS_SANDBOX": "1"} if ask.root else {}
        else:
            arguments += ["--permission-mode", "acceptEdits", *_allowed(ask.allowed)]
        files = {settings: json.dumps({"env": _way(ask), "includeGitInstructions": False})}
        return Launch(tuple(arguments), env, files, ask.prompt_file)

    def read(self, heard: Heard) -> Said:
        """The last `result` is its word; without one it did not come to its end."""
        lines = objects_in(heard.output)
        result = next((line for line in reversed(lines) if line.get("type") == "result"), None)
        if result is None:
            return Said(_early(heard))
        used = part(result, "usage")
        counts = [whole(used.get(name)) or 0 for name in _TOKENS_IN]
        return Said(
            _failure(result, lines, heard),
            text(result.get("result")),
            tuple(map(_refusal, items(result.get("permission_denials")))),
            number(result.get("total_cost_usd")),
            whole(result.get("num_turns")),
            sum(counts) if used else None,
            whole(used.get("output_tokens")),
        )

    def login(self, environment: Mapping[str, str], home: Path) -> Login:
        """A key, a token, a subscription; or a cloud whose requests are signed for another address than ours."""
        for name, cloud in _CLOUDS.items():
            if environment.get(name, "").lower() not in _OFF:
                return Login("cloud", name, False, f"requests to {cloud} are signed for its own address")
        for name in _KEYS:
            if environment.get(name):
                return Login("key", name, True)
        if environment.get("CLAUDE_CODE_OAUTH_TOKEN"):
            return Login("subscription", "CLAUDE_CODE_OAUTH_TOKEN", True)
        folder = Path(environment.get("CLAUDE_CONFIG_DIR") or home / ".claude")
        settings, credentials = folder / "settings.json", folder / ".credentials.json"
        if text(json_in(settings).get("apiKeyHelper")):
            return Login("key", f"apiKeyHelper in {settings}", True)
        if part(json_in(credentials), "claudeAiOauth"):
            return Login("subscription", str(credentials), True)
        kept = home / ".claude.json"
        return Login("key", str(kept), True) if text(json_in(kept).get("primaryApiKey")) else Login()


_TOKENS_IN = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def _way(ask: Ask) -> dict[str, str]:
    """What points it at its model. Behind a gateway it asks once: the gateway waits and tries again."""
    access = ask.access
    way = {"ANTHROPIC_BASE_URL": access.url, "CLAUDE_CODE_MAX_RETRIES": "1"} if access.url else {}
    if access.key:
        way |= {"ANTHROPIC_AUTH_TOKEN": access.key, "CLAUDE_CONFIG_DIR": str(ask.home)}
    return way


def _allowed(lines: tuple[str, ...]) -> list[str]:
    """Beside edits: the lines that prove its work, with more arguments too."""
    rules = [rule for line in dict.fromkeys(lines) for rule in (f"Bash({line})", f"Bash({line}:*)")]
    return ["--allowedTools", *rules] if rules else []


def _early(heard: Heard) -> Failure:
    """It came to no result: what it said in plain words, as where nobody is logged in."""
    words = last_lines(heard.output)
    if "/login" in words:
        return of_login("claude", words)
    return of_exit("claude", heard) or of_model("claude", "it ended without a result", heard)


def _failure(result: Mapping[str, Any], lines: list[dict[str, Any]], heard: Heard) -> Failure | None:
    subtype, words = text(result.get("subtype")), text(result.get("result"))
    if not result.get("is_error") and subtype == "success":
        return of_exit("claude", heard)
    words = words or " ".join(map(str, items(result.get("errors")))) or f"it ended with {subtype}"
    if "/login" in words:
        return of_login("claude", words)
    resets_at = _reset(lines)
    stated = {"type": "rate_limit_error", "resets_at": resets_at} if resets_at else {}
    status = whole(result.get("api_error_status")) or (429 if resets_at else None)
    return of_model("claude", words, heard, status=status, **stated)


def _reset(lines: list[dict[str, Any]]) -> int | None:
    """When a limit of a subscription that stands in the way ends, in Unix seconds."""
    told = [part(line, "rate_limit_info") for line in lines if line.get("type") == "rate_limit_event"]
    return whole(told[-1].get("resetsAt")) if told and told[-1].get("status") == "rejected" else None


def _refusal(denied: object) -> str:
    tool = text(part({"one": denied}, "one").get("tool_name")) or "a tool"
    given = part({"one": denied}, "one", "tool_input")
    what = next((text(given[name]) for name in ("command", "file_path", "url") if name in given), "")
    return f"{tool}: {what}" if what else tool
