"""mini-swe-agent. It ends with 0 also when it gave up: its trajectory says how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from beastmode.runner.agents.complaints import of_exit, of_model
from beastmode.runner.agents.files import variables_in
from beastmode.runner.agents.hearing import number, part, text, whole
from beastmode.runner.agents.litellm import found_key, model_for, way_for
from beastmode.runner.agents.protocol import Ask, Heard, Launch, Login, Said

_DONE = "Submitted"
_FROM_LITELLM = "litellm."


class Mini:
    """`mini`: a model and a shell. It asks nobody and nothing holds it back, whatever its permissions."""

    name = program = "mini"
    install = "pip install mini-swe-agent"
    speaks = ("chat", "messages")
    own = ("MSWEA_*", "OPENAI_*", "ANTHROPIC_*", "GEMINI_*")
    needs_model = True
    sandbox = ()

    def launch(self, ask: Ask) -> Launch:
        """Its prompt is an argument: it takes none from a file. Behind a gateway it asks once."""
        answer = ask.home / "trajectory.json"
        arguments = ["mini", "-t", ask.prompt, "-y", "--exit-immediately", "-l", "0", "-o", str(answer)]
        model = model_for(ask)
        arguments += ["-m", model] if model else []
        env = {
            "MSWEA_CONFIGURED": "true",
            "MSWEA_SILENT_STARTUP": "1",
            "MSWEA_COST_TRACKING": "ignore_errors",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            **way_for(ask),
        }
        if ask.access.key:
            env |= {"MSWEA_GLOBAL_CONFIG_DIR": str(ask.home), "MSWEA_MODEL_RETRY_STOP_AFTER_ATTEMPT": "1"}
        return Launch(tuple(arguments), env, answer=answer)

    def read(self, heard: Heard) -> Said:
        """Only `Submitted` is an end; anything else is why there was none."""
        told = _trajectory(heard.answer)
        info = part(told, "info")
        ended, used = text(info.get("exit_status")), part(info, "model_stats")
        words = _last_words(told)
        cost, turns = number(used.get("instance_cost")), whole(used.get("api_calls"))
        if ended == _DONE:
            return Said(of_exit(self.name, heard), words, cost_usd=cost, turns=turns)
        if not ended:
            failure = of_exit(self.name, heard) or of_model(self.name, "it left no trajectory", heard)
            return Said(failure)
        return Said(of_model(self.name, words or ended, heard), words, cost_usd=cost, turns=turns)

    def login(self, environment: Mapping[str, str], home: Path) -> Login:
        """A key: in a variable, or in the file that it keeps its settings in."""
        folder = environment.get("MSWEA_GLOBAL_CONFIG_DIR")
        file = Path(folder or environment.get("XDG_CONFIG_HOME") or home / ".config")
        file = file / ".env" if folder else file / "mini-swe-agent" / ".env"
        return found_key(environment) or found_key(variables_in(file), str(file)) or Login()


def _trajectory(answer: str) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(answer)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _last_words(told: Mapping[str, Any]) -> str:
    messages = told.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else {}
    return text(part({"last": last}, "last").get("content"))
