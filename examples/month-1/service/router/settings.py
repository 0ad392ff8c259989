"""What an operator may say, read from a JSON file whose keys are the fields below."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.routing import Backend


@dataclass(frozen=True, slots=True)
class Settings:
    """How a router is built.

    timeout_s: how long a backend may take.   cache_entries: answers kept in memory, >= 1.   cache_ttl_s: how long an
    answer holds.   records_kept: requests that `/requests` and `/stats` look back on.
    """

    backends: tuple[Backend, ...]
    timeout_s: float = 30.0
    cache_entries: int = 1000
    cache_ttl_s: float = 3600.0
    records_kept: int = 10_000

    @classmethod
    def read(cls, value: dict[str, Any]) -> Settings:
        """From the object of a settings file. Raises TypeError where a key is unknown or missing."""
        backends = tuple(Backend.read(entry) for entry in value["backends"])
        return cls(**{**value, "backends": backends})

    @classmethod
    def load(cls, path: Path) -> Settings:
        """From a file."""
        return cls.read(json.loads(path.read_text(encoding="utf-8")))
