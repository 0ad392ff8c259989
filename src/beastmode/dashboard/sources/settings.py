"""Keys, files and the settings of runs as the pages read them; those of gateways come with what is at work
(`live.GatewayNow`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from beastmode.dashboard.sources.plain import Plain


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key as it is stored, never its secret.   state: `valid`, `expired`, `revoked`.   limits: in words."""

    name: str
    id: str
    state: str
    limits: str
    rights: Sequence[str]
    used_unix: float | None
    created_unix: float


class KeyReader(Protocol):
    """The keys of a home."""

    def keys(self) -> Sequence[KeyLine]:
        """The valid ones first, then by name. Raises BeastError where they cannot be read."""


@dataclass(frozen=True, slots=True)
class HomeFile:
    """A file of a home.   holds: in words.   bytes: with what lies beside it (`-wal`); None where there is no file.
    version: of its format; None where it cannot be told.   ours: the version that this beast writes."""

    name: str
    holds: str
    bytes: int | None
    version: int | None
    ours: int


@dataclass(frozen=True, slots=True)
class HomeView:
    """Where all is kept.   path: absolute.   free_bytes: left on its disk; None where that cannot be told.
    version: of beast itself."""

    path: str
    free_bytes: int | None
    version: str
    files: Sequence[HomeFile]


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What holds for a run at work.   run: its name, like `r7`.   settings: name, value, origin: `person` where one has
    changed it since the run began, `flag` where it is other than by default, `default`."""

    run: str
    title: str
    settings: Sequence[Plain]


class HomeReader(Protocol):
    """A home, and what is at work there."""

    def flag(self) -> str:
        """What names it in a command, quoted for a shell: `--home /srv/beast`; "" where commands find it by themselves.
        Reads nothing."""

    def home(self) -> HomeView:
        """As it is now."""

    def runs(self) -> Sequence[RunSettings]:
        """Those that somebody runs now, the newest first; bounded. Raises BeastError where they cannot be read."""
