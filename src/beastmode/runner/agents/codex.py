"""Codex. Its last event says how its turn ended; errors before that may have passed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from beastmode.failures.failure import Failure
from beastmode.runner.agents.complaints import of_exit, of_login, of_model
from beastmode.runner.agents.files import json_in
from beastmode.runner.agents.hearing import objects_in, part, text, whole
from beastmode.runner.agents.protocol import Ask, Heard, Launch, Login, Said

_OWN_KEY = "CODEX_API_KEY"
"""Codex reads no other: `OPENAI_API_KEY` counts only once `codex login` has kept it."""
_KEY = "BEAST_MODEL_KEY"
_RETRIES = {"request_max_retries": 0, "stream_max_retries": 2}
"""Behind a gateway, which tries again by itself until an answer begins; then only the agent can."""
_WAITS = re.compile(rb'^\{"type":"error","message":"Reconnecting[^\n]*\b429\b', re.MULTILINE)
"""It obeys a `Retry-After` of any length. The gateway waits as well; what it lets pass is longer than it would."""
_TO_CHATGPT = "what it shows is taken by chatgpt.com alone"
_ENDS = ("turn.completed", "turn.failed", "error")
_GOES_ON = ("turn.started", "item.started", "item.completed")
"""What comes after an error that has passed."""


class Codex:
    """`codex exec`, with one JSON event a line."""

    name = program = "codex"
    install = "npm install -g @openai/codex"
    speaks = ("responses",)
    own = ("CODEX_*", "OPENAI_*")
    needs_model = False
    sandbox = ("codex", "sandbox", "--", "true")

    def launch(self, ask: Ask) -> Launch:
        """Its prompt comes by its standard input. What it is told stands in a file of its own home, or, where it needs
        the home that holds its login, among its arguments."""
        told = {"analytics": {"enabled": False}, "check_for_update_on_startup": False, **_way(ask)}
        arguments = ["codex", "exec", "--json", "--skip-git-repo-check", "-C", str(ask.folder)]
        arguments += ["-m", ask.model] if ask.model else []
        if ask.permissions == "all":
            arguments.append("--dangerously-bypass-approvals-and-sandbox")
        else:
            arguments += ["-s", "workspace-write"]
            told["approval_policy"] = "never"
        config = _settings(told)
        if ask.access.key:
            env = {"CODEX_HOME": str(ask.home), _KEY: ask.access.key}
            files = {ask.home / "config.toml": "".join(f"{line}\n" for line in config)}
            return Launch((*arguments, "-"), env, files, ask.prompt_file, over=_WAITS)
        settings = (word for line in config for word in ("-c", line))
        over = _WAITS if ask.access.url else None
        return Launch((*arguments, *settings, "-"), stdin=ask.prompt_file, over=over)

    def read(self, heard: Heard) -> Said:
        """How its turn ended, its last message, what its turn used."""
        events = objects_in(heard.output)
        items = [part(event, "item") for event in events if event.get("type") == "item.completed"]
        messages = [text(item.get("text")) for item in items if item.get("type") == "agent_message"]
        refused = [text(item.get("command")) for item in items if item.get("status") == "declined"]
        telling = [event for event in events if event.get("type") in (*_ENDS, *_GOES_ON)]
        end = telling[-1] if telling and telling[-1].get("type") in _ENDS else {}
        used = part(end, "usage")
        return Said(
            self._failure(end, heard),
            messages[-1] if messages else "",
            tuple(refused),
            turns=sum(event.get("type") == "turn.started" for event in events) or None,
            tokens_in=whole(used.get("input_tokens")),
            tokens_out=whole(used.get("output_tokens")),
        )

    def _failure(self, end: Mapping[str, object], heard: Heard) -> Failure | None:
        if end.get("type") == "turn.completed":
            return of_exit(self.name, heard)
        words = text(part(end, "error").get("message")) or text(end.get("message"))
        if "codex login" in words or "Not logged in" in heard.output:
            return of_login(self.name, words or "Not logged in")
        if words:
            return of_model(self.name, words, heard)
        return of_exit(self.name, heard) or of_model(self.name, "it ended before its turn did", heard)

    def login(self, environment: Mapping[str, str], home: Path) -> Login:
        """A key passes anywhere; a ChatGPT login is for one server only."""
        if environment.get(_OWN_KEY):
            return Login("key", _OWN_KEY, True)
        file = Path(environment.get("CODEX_HOME") or home / ".codex") / "auth.json"
        kept = json_in(file)
        if part(kept, "tokens"):
            return Login("subscription", str(file), False, _TO_CHATGPT)
        return Login("key", str(file), True) if text(kept.get("OPENAI_API_KEY")) else Login()


def _way(ask: Ask) -> dict[str, object]:
    """What points it at its model: a provider of our own, which it asks over plain HTTP from the first request on."""
    access = ask.access
    if not access.url:
        return {}
    provider: dict[str, object] = {
        "name": "beast",
        "base_url": f"{access.url}/v1",
        "wire_api": "responses",
        **_RETRIES,
    }
    provider |= {"env_key": _KEY} if access.key else {"requires_openai_auth": True}
    return {"model_provider": "beast", "model_providers": {"beast": provider}}


def _settings(told: Mapping[str, object], above: str = "") -> list[str]:
    """Lines of TOML, each whole in itself."""
    lines: list[str] = []
    for name, value in told.items():
        if isinstance(value, dict):
            lines += _settings(value, f"{above}{name}.")
        else:
            lines.append(f"{above}{name} = {json.dumps(value)}")
    return lines
