"""What a roadmap is known by: its key in the journal, and its latest run."""

from __future__ import annotations

import sys
from pathlib import Path

from beastmode.runner.home import journal_path
from beastmode.runner.progress import Progress
from beastmode.runner.roadmap import Roadmap
from beastmode.store.journal.journal import JournalReader


def key_of(source: Path | Roadmap, part: str) -> str:
    """What a roadmap is known by when it is taken up again: its file, and which of the lists in it; or the program that
    made it and its title."""
    if isinstance(source, Path):
        return "#".join(filter(None, (str(source.resolve()), part)))
    program = getattr(sys.modules.get("__main__"), "__file__", None)  # none where Python is typed into
    return ":".join(filter(None, ("python", program and str(Path(program).resolve()), source.title)))


def progress_of(home: Path, key: str, *, fresh: bool = False) -> Progress:
    """What the journal of a home knows of the latest run of the roadmap that is known by this; nothing where a new run
    is asked for."""
    if fresh:
        return Progress(0)
    reader = JournalReader(journal_path(home))
    try:
        runs = [event.run for event in reader.runs() if event.data.get("roadmap") == key]
        return Progress(runs[-1]).apply_all(reader.events(runs[-1])) if runs else Progress(0)
    finally:
        reader.close()
