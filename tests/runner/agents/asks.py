"""What tests of agents ask of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from beastmode.runner.agents.protocol import Ask
from beastmode.runner.model_access import Access

URL = "http://127.0.0.1:8080/t/TOKEN"
BEHIND = Access(URL, "key-of-the-gateway")
"""Behind a gateway that shows a key of its own."""
PASSING = Access(URL)
"""Behind a gateway that the agent shows its own login."""
HOME = Path("/worktrees/.agents/t")
_ASK = Ask("Do it.", HOME / "prompt.md", Path("/worktrees/t"), BEHIND, "s-1", HOME, "m-small")


def ask(**about: Any) -> Ask:
    """One, with this about it different."""
    return replace(_ASK, **about)
