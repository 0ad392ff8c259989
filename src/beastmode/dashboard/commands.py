"""Commands that pages name, ready to be pasted into a shell: with the home, where that is not the usual one. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

OF_A_HOME: Sequence[str] = (
    *("answer", "approve", "cancel", "diff", "limits", "logs", "merge", "pause", "replay", "report"),
    *("requests", "resume", "retry", "review", "run", "runs", "serve", "status", "ui"),
    *("keys add", "keys revoke", "keys rotate", "keys set"),
)
"""Commands about what a home holds."""
_NAMED = re.compile(rf"\bbeast (?:{'|'.join(OF_A_HOME)})(?![\w-])")


@dataclass(frozen=True, slots=True)
class Commands:
    """home: what names it in a command, as `--home /srv/beast`; "" where commands find it by themselves."""

    home: str = ""

    def line(self, name: str, *arguments: str, **options: str) -> str:
        """A command.   name: one of OF_A_HOME.   options: `key_env="X"` is `--key-env X`; "" for one without a value.

        An argument that looks like an option stands behind all options.
        """
        words = [word for name, value in options.items() for word in (_flag(name), value) if word]
        said, home = shlex.join(arguments), [self.home] if self.home else []
        more = [shlex.join(words)] if words else []
        if any(one.startswith("-") for one in arguments):
            return " ".join(["beast", name, *more, *home, "--", said])
        return " ".join(["beast", name, *([said] if said else []), *more, *home])

    def within(self, text: str) -> str:
        """A text, in which each such command names the home: of a tip, which may be as old as its failure."""
        if not self.home or "--home" in text:
            return text
        return _NAMED.sub(lambda found: f"{found[0]} {self.home}", text)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
