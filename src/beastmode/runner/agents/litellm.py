"""What aider and mini-swe-agent share: litellm, which finds a model and its server by a prefix and by variables."""

from __future__ import annotations

from collections.abc import Mapping

from beastmode.runner.agents.protocol import Ask, Login

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY")


def model_for(ask: Ask) -> str:
    """The model as litellm names it: behind a gateway by the dialect that its server speaks, whatever else stands in
    its name; else as the user named it."""
    if not ask.access.url or not ask.model:
        return ask.model
    return f"{_provider(ask)}/{ask.model}"


def way_for(ask: Ask) -> dict[str, str]:
    """The variables that point it at its model."""
    url, key = ask.access.url, ask.access.key
    if not url:
        return {}
    if _provider(ask) == "anthropic":
        return {"ANTHROPIC_API_BASE": url} | ({"ANTHROPIC_API_KEY": key} if key else {})
    return {"OPENAI_API_BASE": f"{url}/v1"} | ({"OPENAI_API_KEY": key} if key else {})


def found_key(variables: Mapping[str, str], where: str = "") -> Login | None:
    """The first key among variables.   where: the file that they stand in, or "" for the environment."""
    name = next((name for name in KEYS if variables.get(name)), None)
    return None if name is None else Login("key", f"{name} in {where}" if where else name, True)


def _provider(ask: Ask) -> str:
    dialects = ask.access.dialects
    return "anthropic" if dialects and "chat" not in dialects and "messages" in dialects else "openai"
