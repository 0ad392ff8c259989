"""BEAST MODE: run a roadmap in parallel, safely, to the end.

The public names are `run`, `Roadmap` and `Task`. They are loaded when first used, so that importing the
package (which every `beast` command does) costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beastmode.compose.run.python_api import run
    from beastmode.runner.roadmap import Roadmap, Task

__version__ = "0.1.0"
__all__ = ["Roadmap", "Task", "__version__", "run"]

_HOMES = {
    "run": "beastmode.compose.run.python_api",
    "Roadmap": "beastmode.runner.roadmap",
    "Task": "beastmode.runner.roadmap",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'beastmode' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
