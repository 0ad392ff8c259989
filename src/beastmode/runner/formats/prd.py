"""ralph: prd.json, user stories that pass or do not, see docs/roadmaps-json.md."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.flagged import FLAGS, STATES, Manner, has_name, read_flagged, ticks_of
from beastmode.runner.formats.json_lists import holds
from beastmode.runner.formats.json_records import is_json
from beastmode.runner.roadmap import Roadmap

NAME = "ralph-prd"

_MANNER = Manner(NAME, ("userStories", "user_stories", "stories"), by_words=True)
_SIGNS = frozenset((*FLAGS[:3], *STATES, "acceptanceCriteria", "acceptance_criteria"))
"""Keys of which stories have one, so that a list of tales is none."""


def claims_path(path: Path) -> bool:
    """A prd.json may be many things: its content decides."""
    del path
    return False


def claims_text(text: str) -> bool:
    """An object with a list of user stories, at its top or in groups."""
    if not any(f'"{name}"' in text for name in _MANNER.lists):
        return False
    top = is_json(text, begins="{")
    stories = list(holds(top, _MANNER.lists))
    surely = '"userStories"' in text or any(not _SIGNS.isdisjoint(story) for story in stories)
    return surely and any(map(has_name, stories))


def read(text: str, path: Path) -> Roadmap:
    """The stories of a text. Raises RoadmapError where it has none, or is no JSON."""
    return read_flagged(text, path, _MANNER)


def ticks(text: str, path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]:
    """`"passes": true` for each of these stories."""
    del roadmap
    return ticks_of(text, path, _MANNER, done)
