"""What published agents really sent: recorded from each in the worktrees of two runs, in which the tasks before were
merged in another order; long texts are cut, most tools left out, paths made those of nobody.

Recorded 2026-11-26 against `beastmode.testing.model_server`, which had each run one command and then end.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Headers = list[tuple[bytes, bytes]]
Change = Callable[[str], str]

DIALECTS = {
    "claude-code-2.1.197": "anthropic.messages",
    "codex-0.169.0": "openai.responses",
    "codex-0.169.0-openai": "openai.responses",
}
"""The last: of a Codex that takes the server for its own provider, by `openai_base_url`."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request.   headers: names in lower case."""

    dialect: str
    headers: Headers
    body: bytes


def recorded(agent: str, run: int, change: Change = lambda text: text) -> list[Recorded]:
    """The requests of one of the two runs, in order.   run: 1 or 2.   change: of what was recorded, as JSON text."""
    text = (Path(__file__).parent / "recorded" / f"{agent}.json").read_text(encoding="utf-8")
    requests: list[dict[str, Any]] = json.loads(change(text))[run - 1]
    return [
        Recorded(
            DIALECTS[agent],
            [(name.encode(), value.encode()) for name, value in one["headers"]],
            json.dumps(one["body"]).encode(),
        )
        for one in requests
    ]


def the_next_day(text: str) -> str:
    """As it would have been sent a day and a month later."""
    return text.replace("2026-11-26", "2026-12-27").replace("November 2026", "December 2026")
