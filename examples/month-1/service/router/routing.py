"""Which backends serve a model, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from router.errors import RouterError


@dataclass(frozen=True, slots=True)
class Backend:
    """A model server.   url: up to its `/v1`.   key_env: the variable that holds its key; "": it wants none."""

    name: str
    url: str
    models: tuple[str, ...]
    key_env: str = ""

    @classmethod
    def read(cls, value: dict[str, Any]) -> Backend:
        """From an object of the settings. Raises TypeError where a key is unknown or missing."""
        return cls(**{**value, "models": tuple(value["models"])})


class Routing:
    """Backends in the order of the settings: the first that serves a model is asked first."""

    def __init__(self, backends: Sequence[Backend]) -> None:
        self._backends = tuple(backends)

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that some backend serves, once."""
        return tuple(dict.fromkeys(model for backend in self._backends for model in backend.models))

    def backends_for(self, model: str) -> tuple[Backend, ...]:
        """At least one. Raises RouterError where none serves the model."""
        found = tuple(backend for backend in self._backends if model in backend.models)
        if not found:
            raise RouterError(
                "unknown_model", f"no backend serves {model!r}; known: {', '.join(self.models)}"
            )
        return found
