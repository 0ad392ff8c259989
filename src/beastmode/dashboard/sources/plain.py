"""Values without a class of their own: what a reader has as JSON already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Plain = Mapping[str, Any]
