"""What people did: what they asked of the run while it was at work or before, and what came of it."""

from __future__ import annotations

from typing import Any

from beastmode.runner.people import ControlView
from beastmode.runner.plain_limits import limits_words
from beastmode.runner.progress import Progress
from beastmode.runner.report.tasks import cut
from beastmode.runner.report.words import utc

Plain = dict[str, Any]

MOST_CONTROLS = 1000
"""The last ones; the journal has all."""


def people_lines(progress: Progress) -> list[Plain]:
    """A line for each thing that somebody asked for, in order."""
    return [_line(control) for control in progress.people.controls[-MOST_CONTROLS:]]


def _line(control: ControlView) -> Plain:
    asked, effect = control.asked, control.effect
    took_s = None if effect is None else max(0.0, round((effect.unix_us - asked.unix_us) / 1e6, 3))
    limits = asked.data.get("limits")
    return {
        "control": asked.seq,
        "at_utc": utc(asked.unix_us / 1e6),
        "by": cut(str(asked.data.get("by", ""))),
        "action": cut(str(asked.data.get("action", ""))),
        "task": cut(asked.task),
        "said": cut(str(asked.data.get("note", ""))) or (cut(limits_words(limits)) if limits else ""),
        "effect": "" if effect is None else cut(str(effect.data["effect"])),
        "took_s": took_s,
    }
