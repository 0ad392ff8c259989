"""What an operator may say, read from a JSON file whose keys are the fields below."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.routing import Backend


@dataclass(frozen=True, slots=True)
class Settings:
    """How a router is built."""

    backends: tuple[Backend, ...]
    """In the order in which they are tried."""
    timeout_s: float = 30.0
    """How long a backend may take."""
    cache_entries: int = 1000
    """Answers kept in memory, at least 1."""
    cache_ttl_s: float = 3600.0
    """How long an answer holds."""
    records_kept: int = 10_000
    """Requests that `/requests` looks back on."""

    @classmethod
    def read(cls, value: dict[str, Any]) -> Settings:
        """From the object of a settings file. Raises TypeError where a key is unknown or missing."""
        backends = tuple(Backend.read(entry) for entry in value["backends"])
        return cls(**{**value, "backends": backends})

    @classmethod
    def load(cls, path: Path) -> Settings:
        """From a file."""
        return cls.read(json.loads(path.read_text(encoding="utf-8")))
