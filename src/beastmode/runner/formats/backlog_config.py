"""What a folder of Backlog.md says about itself: its config.yml."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from beastmode.runner.formats.front_matter import plain
from beastmode.runner.formats.list_states import as_written, said_by
from beastmode.runner.formats.record_text import word, words
from beastmode.runner.formats.yaml_lines import Entries, load

_NAMES = ("config.yml", "config.yaml")
_MOST_BYTES = 256 * 1024
_STATUSES = ("To Do", "In Progress", "Done")


class Config(NamedTuple):
    """project: its name.   words: its states, as they are compared.   done_words: those of them that mean done.
    done: the one to write."""

    project: str
    words: frozenset[str]
    done_words: frozenset[str]
    done: str


def has_config(root: Path) -> bool:
    """Whether a folder says that it is one of Backlog.md."""
    return any((root / name).is_file() for name in _NAMES)


def config_of(root: Path) -> Config:
    """The configuration of a folder; what cannot be read counts as not said."""
    said = _keys(root)
    statuses = words(said.get("statuses")) or list(_STATUSES)
    done = [status for status in statuses if said_by(status).state == "done"] or statuses[-1:]
    return Config(
        word(said.get("project_name")),
        frozenset(map(as_written, statuses)),
        frozenset(map(as_written, done)),
        done[-1],
    )


def _keys(root: Path) -> dict[str, object]:
    for name in _NAMES:
        try:
            with (root / name).open("rb") as file:
                text = file.read(_MOST_BYTES).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            continue
        document = load(text)
        if isinstance(document.value, Entries):
            return {key: plain(value) for key, value in document.value.items()}
    return {}
