"""What is told of a list beyond its tasks: what was not taken, and what was taken with a remark."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from beastmode.runner.formats.list_states import Said
from beastmode.runner.formats.record_text import cleaned
from beastmode.runner.roadmap import Ignored


class Reason(NamedTuple):
    """Why a line became nothing.   look: a person should look at it, as it could have been meant otherwise."""

    words: str
    look: bool = False


@dataclass(slots=True)
class Account:
    """Remarks about a list.   keys: those of its records that mean nothing here: first line and count of each."""

    entries: list[Ignored] = field(default_factory=list)
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)

    def tell(self, line: int, text: str, reason: str) -> None:
        """What was left, as it should be.   text: what it is about."""
        self.entries.append(Ignored(line, cleaned(text), cleaned(reason)))

    def remark(self, line: int, text: str, reason: str) -> None:
        """What a person should look at.   text: what it is about."""
        self.entries.append(Ignored(line, cleaned(text), cleaned(reason), look=True))

    def state(self, line: int, text: str, written: object, said: Said) -> None:
        """A state that means nothing is told; any other is not."""
        if said.unknown:
            self.remark(line, text, f"unknown state {str(written)[:40]!r}: taken as not done")

    def unknown(self, line: int, record: Iterable[str], known: Collection[str]) -> None:
        """Keys of a record that are not known, as a newer version of its tool may write them."""
        for key in record:
            if key not in known:
                first, count = self.keys.get(key, (line, 0))
                self.keys[key] = first, count + 1

    def all(self) -> list[Ignored]:
        """Every remark, in the order of the file."""
        for key, (line, count) in self.keys.items():
            where = "1 task" if count == 1 else f"{count} tasks"
            reason = (
                f"a key that is not known here ({where}): it is told to whoever does the task, as it stands"
            )
            self.tell(line, key, reason)
        self.keys = {}
        return sorted(self.entries, key=lambda entry: entry.line)
