"""aider. It ends with 0 whatever happens, also on 401 and 429, and prints no JSON: its words are all there is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from beastmode.failures.failure import Failure
from beastmode.runner.agents.complaints import of_exit, of_model
from beastmode.runner.agents.files import variables_in
from beastmode.runner.agents.litellm import found_key, model_for, way_for
from beastmode.runner.agents.protocol import Ask, Heard, Launch, Login, Said

_ERROR = re.compile(r"^litellm\.\w+: .*(?:\n(?!\n|Retrying in |The API provider |Tokens: ).+)*", re.MULTILINE)
_ANSWERED = re.compile(
    r"^Tokens: ([\d.]+)(k?)(?: \w+)? sent.*?, ([\d.]+)(k?) received\.(?: Cost: \$([\d.]+) message)?",
    re.MULTILINE,
)
"""Printed after each answer of the model, and only then."""
_OPTIONS = (
    *(
        "--yes-always",
        "--no-stream",
        "--no-pretty",
        "--no-fancy-input",
        "--no-check-update",
        "--analytics-disable",
    ),
    *("--no-show-model-warnings", "--no-show-release-notes", "--no-gitignore", "--no-auto-commits"),
    *("--no-dirty-commits", "--no-detect-urls"),
)


class Aider:
    """`aider --message-file`: it edits, and commits nothing, which we do. It runs no command unasked but the tests."""

    name = program = "aider"
    install = "pip install aider-chat"
    speaks = ("chat", "messages")
    own = ("AIDER_*", "OPENAI_*", "ANTHROPIC_*", "GEMINI_*", "OPENROUTER_*", "DEEPSEEK_*")
    needs_model = True
    sandbox = ()

    def launch(self, ask: Ask) -> Launch:
        """With all permissions it also runs the first line that proves its work, and mends what that shows."""
        model = model_for(ask)
        arguments = ["aider", "--message-file", str(ask.prompt_file), *_OPTIONS]
        arguments += ["--model", model] if model else []
        arguments += ["--chat-history-file", str(ask.home / "chat.md")]
        arguments += ["--input-history-file", str(ask.home / "input"), "--no-suggest-shell-commands"]
        if ask.permissions == "all" and ask.allowed:
            arguments += ["--test-cmd", ask.allowed[0], "--auto-test"]
        env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", **way_for(ask)}
        return Launch(tuple(arguments), env, litter=(".aider.tags.cache.v*",))

    def read(self, heard: Heard) -> Said:
        """An error that no answer follows is how it ended."""
        answers = list(_ANSWERED.finditer(heard.output))
        costs = [float(answer[5]) for answer in answers if answer[5]]
        return Said(
            self._failure(heard, answers[-1].end() if answers else 0),
            cost_usd=sum(costs) if costs else None,
            turns=len(answers) or None,
            tokens_in=sum(_count(answer[1], answer[2]) for answer in answers) if answers else None,
            tokens_out=sum(_count(answer[3], answer[4]) for answer in answers) if answers else None,
        )

    def _failure(self, heard: Heard, answered: int) -> Failure | None:
        errors = _ERROR.findall(heard.output, answered)
        if errors:
            return of_model(self.name, " ".join(errors[-1].split()), heard)
        if not answered and heard.code == 0:
            return of_model(self.name, "it ended without an answer of its model", heard)
        return of_exit(self.name, heard)

    def login(self, environment: Mapping[str, str], home: Path) -> Login:
        """A key: in a variable, or in the user's env file."""
        file = home / ".env"
        return found_key(environment) or found_key(variables_in(file), str(file)) or Login()


def _count(number: str, thousands: str) -> int:
    return round(float(number) * (1000 if thousands else 1))
