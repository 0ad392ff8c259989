"""Gemini CLI. It ends with one JSON object; its exit code is the status of HTTP modulo 256 (401 is 145)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beastmode.failures.failure import Failure
from beastmode.runner.agents.complaints import of_exit, of_login, of_model
from beastmode.runner.agents.files import json_in
from beastmode.runner.agents.hearing import last_object_in, part, text, whole
from beastmode.runner.agents.protocol import Ask, Heard, Launch, Login, Said

_LOGIN = 41
_DENIED = re.compile(r"^Error executing tool (\S+): Tool execution denied by policy", re.MULTILINE)
_LIMIT_OF_TURNS = 53
_CLOUDS = ("GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_CLOUD_PROJECT")
_TO_GOOGLE = "with it Gemini CLI asks Google's Code Assist, in a way that no model server knows"


class Gemini:
    """`gemini -p`, with JSON at its end."""

    name = program = "gemini"
    install = "npm install -g @google/gemini-cli"
    speaks = ("gemini",)
    own = ("GEMINI_*", "GOOGLE_*")
    needs_model = False
    sandbox = ()

    def launch(self, ask: Ask) -> Launch:
        """Its prompt comes by its standard input. A key alone is not enough for it: the settings of its home have to
        say that it is one; so it gets a home of its own. The folder is trusted, as a person does by working there."""
        arguments = ["gemini", "--output-format", "json"]
        arguments += ["-m", ask.model] if ask.model else []
        arguments += ["--approval-mode", "yolo" if ask.permissions == "all" else "auto_edit"]
        env = {"GEMINI_CLI_TRUST_WORKSPACE": "true"}
        files = {}
        if ask.permissions == "edits" and ask.allowed:
            policy = ask.home / "allowed.toml"
            arguments += ["--policy", str(policy)]
            files[policy] = "\n".join(map(_rule, ask.allowed))
        if ask.access.url:
            env["GOOGLE_GEMINI_BASE_URL"] = ask.access.url
        if not ask.access.key:
            return Launch(tuple(arguments), env, files, ask.prompt_file)
        env |= {"GEMINI_API_KEY": ask.access.key, "GEMINI_CLI_HOME": str(ask.home)}
        files[ask.home / ".gemini" / "settings.json"] = json.dumps(_SETTINGS)
        return Launch(tuple(arguments), env, files, ask.prompt_file)

    def read(self, heard: Heard) -> Said:
        """Its answer, or its error; what it used, over all of its models."""
        told = last_object_in(heard.output)
        models = part(told, "stats", "models").values()
        tokens = [part(model, "tokens") for model in models]
        return Said(
            self._failure(told, heard),
            text(told.get("response")),
            tuple(_DENIED.findall(heard.output)),
            turns=sum(whole(part(model, "api").get("totalRequests")) or 0 for model in models) or None,
            tokens_in=sum(whole(one.get("prompt")) or 0 for one in tokens) if tokens else None,
            tokens_out=sum(whole(one.get("candidates")) or 0 for one in tokens) if tokens else None,
        )

    def _failure(self, told: Mapping[str, Any], heard: Heard) -> Failure | None:
        error = part(told, "error")
        words = text(error.get("message"))
        if heard.code == _LOGIN:
            return of_login(self.name, words or "no way to log in was chosen")
        if heard.code == 0 and not words and told:
            return None
        if words and heard.code != _LIMIT_OF_TURNS:
            return of_model(self.name, words, heard, status=_status(whole(error.get("code")), heard.code))
        return of_exit(self.name, heard) or of_model(self.name, "it ended without an answer", heard)

    def login(self, environment: Mapping[str, str], home: Path) -> Login:
        """A key, a Google account, or a cloud."""
        if environment.get("GEMINI_API_KEY"):
            return Login("key", "GEMINI_API_KEY", True)
        cloud = next((name for name in _CLOUDS if environment.get(name)), "")
        if cloud or environment.get("GOOGLE_API_KEY"):
            why = "requests to Google Vertex AI go to its own address"
            return Login("cloud", cloud or "GOOGLE_API_KEY", False, why)
        folder = Path(environment.get("GEMINI_CLI_HOME") or home) / ".gemini"
        account = folder / "oauth_creds.json"
        return Login("subscription", str(account), False, _TO_GOOGLE) if json_in(account) else Login()


_SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "general": {"maxAttempts": 1, "enableAutoUpdate": False},
    "privacy": {"usageStatisticsEnabled": False},
}


def _rule(line: str) -> str:
    """A shell line that it may run, with more arguments too."""
    told = {"toolName": "run_shell_command", "commandPrefix": line, "decision": "allow", "priority": 500}
    lines = [f"{name} = {json.dumps(value)}" for name, value in told.items()]
    return "\n".join(["[[rule]]", *lines, "allowRedirection = true", ""])


def _status(stated: int | None, code: int) -> int | None:
    """The status of HTTP: as it was stated, or as far as the exit code tells it."""
    if stated is not None and 400 <= stated < 600:
        return stated
    return next((status for status in (400, 401, 403, 404, 429, 500, 502, 503) if status % 256 == code), None)
