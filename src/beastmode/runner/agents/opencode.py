"""opencode. Its last error event, where no step follows it, is how it ended."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from beastmode.failures.failure import Failure
from beastmode.runner.agents.complaints import of_exit, of_model
from beastmode.runner.agents.files import json_in
from beastmode.runner.agents.hearing import number, objects_in, part, text, whole
from beastmode.runner.agents.litellm import KEYS
from beastmode.runner.agents.protocol import Ask, Heard, Launch, Login, Said

_PACKAGES = {"messages": "@ai-sdk/anthropic", "chat": "@ai-sdk/openai-compatible"}
_REFUSED = ("rejected permission", "prevents you from using this specific tool call")
_NOT_THERE = "its own login is for the provider's own address, and opencode asks that one"


class OpenCode:
    """`opencode run`, with one JSON event a line."""

    name = program = "opencode"
    install = "npm install -g opencode-ai"
    speaks = ("chat", "messages")
    own = ("OPENCODE_*", "OPENAI_*", "ANTHROPIC_*", "GEMINI_*", "GOOGLE_*", "OPENROUTER_*", "AWS_*")
    needs_model = True
    sandbox = ()

    def launch(self, ask: Ask) -> Launch:
        """Its prompt comes by its standard input. What it is told comes by a variable that wins over all its files."""
        model = f"beast/{ask.model}" if ask.access.url and ask.model else ask.model
        arguments = ["opencode", "run", "--format", "json", *(("-m", model) if model else ())]
        env = {"OPENCODE_CONFIG_CONTENT": json.dumps(_told(ask)), "OPENCODE_DISABLE_AUTOUPDATE": "true"}
        return Launch(tuple(arguments), env, stdin=ask.prompt_file)

    def read(self, heard: Heard) -> Said:
        """Its last words, what its steps used, and the error that it ended with."""
        events = objects_in(heard.output)
        steps = [part(event, "part") for event in events if event.get("type") == "step_finish"]
        words = [text(part(event, "part").get("text")) for event in events if event.get("type") == "text"]
        return Said(
            self._failure(events, heard),
            words[-1] if words else "",
            tuple(_refusals(events)),
            sum(number(step.get("cost")) or 0.0 for step in steps) if steps else None,
            len(steps) or None,
            sum(whole(part(step, "tokens").get("input")) or 0 for step in steps) if steps else None,
            sum(whole(part(step, "tokens").get("output")) or 0 for step in steps) if steps else None,
        )

    def _failure(self, events: list[dict[str, Any]], heard: Heard) -> Failure | None:
        last: dict[str, Any] = next(
            (one for one in reversed(events) if one.get("type") in ("error", "step_finish")), {}
        )
        if last.get("type") == "step_finish":
            return of_exit(self.name, heard)
        error = part(last, "error")
        told = part(error, "data")
        words = text(told.get("message")) or text(error.get("name"))
        if not words:
            return of_exit(self.name, heard) or of_model(self.name, "it ended without a step", heard)
        retry_after = text(part(told, "responseHeaders").get("retry-after"))
        stated = {"retry_after": retry_after} if retry_after else {}
        return of_model(self.name, words, heard, status=whole(told.get("statusCode")), **stated)

    def login(self, environment: Mapping[str, str], home: Path) -> Login:
        """A key in a variable; else what `opencode auth login` has kept: keys, or accounts of providers."""
        name = next((name for name in KEYS if environment.get(name)), "")
        if name:
            return Login("key", name, False, _NOT_THERE)
        data = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
        file = data / "opencode" / "auth.json"
        kinds = {text(part({"one": one}, "one").get("type")) for one in json_in(file).values()}
        if not kinds:
            return Login()
        return Login("key" if kinds == {"api"} else "subscription", str(file), False, _NOT_THERE)


def _told(ask: Ask) -> dict[str, Any]:
    told: dict[str, Any] = {"autoupdate": False, "share": "disabled", "permission": _permission(ask)}
    if ask.access.url:
        told["provider"] = {"beast": _provider(ask)}
        if ask.model:
            told |= {"model": f"beast/{ask.model}", "small_model": f"beast/{ask.model}"}
    return told


def _provider(ask: Ask) -> dict[str, Any]:
    dialects = ask.access.dialects
    dialect = "messages" if dialects and "chat" not in dialects and "messages" in dialects else "chat"
    options = {"baseURL": f"{ask.access.url}/v1", "apiKey": ask.access.key or "none"}
    return {
        "npm": _PACKAGES[dialect],
        "name": "beast",
        "options": options,
        "models": {ask.model: {}} if ask.model else {},
    }


def _permission(ask: Ask) -> dict[str, Any]:
    """Nothing is asked: what is not allowed is denied. The last rule that fits counts."""
    if ask.permissions == "all":
        return dict.fromkeys(("edit", "bash", "webfetch", "external_directory", "doom_loop"), "allow")
    shell = {"*": "deny"} | {rule: "allow" for line in ask.allowed for rule in (line, f"{line} *")}
    return {
        "edit": "allow",
        "bash": shell,
        "webfetch": "deny",
        "external_directory": "deny",
        "doom_loop": "deny",
    }


def _refusals(events: Iterable[dict[str, Any]]) -> Iterable[str]:
    for event in events:
        state = part(event, "part", "state")
        if state.get("status") == "error" and any(words in text(state.get("error")) for words in _REFUSED):
            tool = text(part(event, "part").get("tool"))
            yield f"{tool}: {text(part(state, 'input').get('command'))}".rstrip(": ")
