"""What goes back to a client, before it is HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.   headers: beside the type and the length."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def value(self) -> Any:
        """What the body says, where it is JSON."""
        return json.loads(self.body)


def json_reply(status: int, value: object, headers: Mapping[str, str] | None = None) -> Reply:
    """`value` as JSON."""
    return Reply(status, json.dumps(value).encode(), headers=headers or {})
