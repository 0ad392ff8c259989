"""The plan of a roadmap: tasks, order and its rule, waves, critical path, ignored lines. Before anything runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from beastmode.runner.graph import Graph
from beastmode.runner.roadmap import Roadmap


@dataclass(frozen=True, slots=True)
class RoadmapPlan:
    """What `beast plan` shows. Waves and critical path leave out what the list calls done."""

    format: str
    title: str
    rule: str
    counts: dict[str, int]
    tasks: list[dict[str, Any]]
    waves: list[list[str]]
    critical_path: list[str]
    ignored: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """The plan as plain values, in the shape that other programs rely on."""
        return asdict(self)


def plan_of(roadmap: Roadmap, graph: Graph, order: str = "") -> RoadmapPlan:
    """The plan of a valid roadmap.   order: the override that made the graph; "" for the roadmap's own."""
    placed = list(roadmap.walk())
    tasks = [
        {
            "id": task.id,
            "title": task.title or task.id,
            "state": task.state,
            "needs": list(task.needs),
            "phase": list(phases),
            "line": task.line,
            "parallel": task.parallel,
            "optional": task.options.optional,
            "gate": task.options.gate,
            "said": task.options.said,
        }
        for phases, task in placed
    ]
    pending = [task.state == "pending" for _, task in placed]
    waves = [[placed[i][1].id for i in wave if pending[i]] for wave in graph.waves()]
    critical = graph.critical_path([1.0 if waits else 0.0 for waits in pending])
    counts = {
        "tasks": len(tasks),
        "done": sum(task.state == "done" for _, task in placed),
        "parallel": sum(task.parallel for _, task in placed),
        "runnable": pending.count(True),
    }
    return RoadmapPlan(
        roadmap.format,
        roadmap.title,
        f"{order} (--order)" if order else roadmap.rule,
        counts,
        tasks,
        [wave for wave in waves if wave],
        [placed[i][1].id for i in critical if pending[i]],
        [line._asdict() for line in roadmap.ignored],
    )
