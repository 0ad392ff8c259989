"""Any other agent: a command of the user's, with `{prompt}` or `{prompt_file}` in one of its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from beastmode.failures.words import last_lines
from beastmode.runner.agents.complaints import of_exit
from beastmode.runner.agents.protocol import Ask, Heard, Launch, Login, Said
from beastmode.runner.fields import fill


class Template:
    """A program that nothing is known of but its exit code. What it may do unasked is what it does."""

    install = ""
    speaks = ()
    own = ("OPENAI_*", "ANTHROPIC_*", "GEMINI_*", "GOOGLE_*")
    needs_model = False
    sandbox = ()

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command
        self.program = command[0]
        self.name = PurePosixPath(self.program).name

    def launch(self, ask: Ask) -> Launch:
        """Whatever dialect it speaks, it finds the variables that the clients of that dialect read."""
        values = {"prompt": ask.prompt, "prompt_file": str(ask.prompt_file), "model": ask.model}
        return Launch(tuple(fill(self._command, values)), way_of(ask))

    def read(self, heard: Heard) -> Said:
        """Its exit code, and the end of its output."""
        return Said(of_exit(self.name, heard), last_lines(heard.output))

    def login(self, environment: Mapping[str, str], home: Path) -> Login:
        """The first variable that holds a key."""
        found = (name for name in _KEYS if environment.get(name))
        name = next(found, "")
        return Login("key", name, True) if name else Login("none", "", True)


_KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "GEMINI_API_KEY")


def way_of(ask: Ask) -> dict[str, str]:
    """What the clients of each dialect read."""
    url, key = ask.access.url, ask.access.key
    way = {}
    if url:
        way = {
            "OPENAI_BASE_URL": f"{url}/v1",
            "OPENAI_API_BASE": f"{url}/v1",
            "ANTHROPIC_BASE_URL": url,
            "GOOGLE_GEMINI_BASE_URL": url,
        }
    if key:
        way |= {"OPENAI_API_KEY": key, "ANTHROPIC_API_KEY": key, "GEMINI_API_KEY": key}
    return way
