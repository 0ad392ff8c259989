"""How the benchmarks call beastmode: its public names, used as the README does."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beastmode.runner.roadmap import Roadmap
    from beastmode.runner.summary import Summary


def load() -> None:
    """Import all of it, where that is not part of what is measured."""
    import_module("beastmode.compose.run.python_api")


def roadmap_of(size: int, work: Any) -> Roadmap:
    """`size` tasks that all do the same, in no order.   work: a function or a list of arguments."""
    from beastmode import Roadmap, Task

    return Roadmap([Task(f"t{i}", work) for i in range(size)])


def run(roadmap: Roadmap, home: str, **settings: Any) -> Summary:
    """Run it to its end; loaded when called, since loading is part of what some rows measure."""
    from beastmode import run

    return run(roadmap, home=home, **settings)
