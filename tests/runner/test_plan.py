"""The plan of a roadmap, before anything runs."""

from __future__ import annotations

from beastmode.runner.graph import graph_of
from beastmode.runner.plan import RoadmapPlan, plan_of
from beastmode.runner.roadmap import Ignored, Phase, Roadmap, Task

ROADMAP = Roadmap(
    [
        Phase(
            "Week 1", [Task("a", title="First", line=3), Task("b", state="done"), Task("c", needs=("a", "b"))]
        ),
        Phase("Week 2", [Task("d", parallel=True), Task("e", needs=("c",))]),
    ],
    title="Month 1",
    order="needs",
    rule="needs only",
    ignored=[Ignored(9, "- a wish", "no checkbox", look=True)],
)


def planned(order: str = "") -> RoadmapPlan:
    return plan_of(ROADMAP, graph_of(ROADMAP, order or None), order)  # type: ignore[arg-type]


def test_it_counts_what_is_listed_done_parallel_and_to_be_run() -> None:
    assert planned().counts == {"tasks": 5, "done": 1, "parallel": 1, "runnable": 4}
    assert (planned().title, planned().rule, planned().format) == ("Month 1", "needs only", "python")


def test_waves_and_critical_path_leave_out_what_is_done() -> None:
    assert planned().waves == [["a", "d"], ["c"], ["e"]]
    assert planned().critical_path == ["a", "c", "e"]


def test_an_overridden_order_is_named_and_makes_other_waves() -> None:
    assert planned("phases").rule == "phases (--order)"
    assert planned("sequence").waves == [["a"], ["c"], ["d"], ["e"]]


def test_as_json_it_has_the_shape_that_other_programs_rely_on() -> None:
    plain = planned().as_json()
    assert set(plain) == {"format", "title", "rule", "counts", "tasks", "waves", "critical_path", "ignored"}
    assert plain["tasks"][0] == {
        "id": "a",
        "title": "First",
        "state": "pending",
        "needs": [],
        "phase": ["Week 1"],
        "line": 3,
        "parallel": False,
        "optional": False,
        "gate": "",
        "said": "",
    }
    assert plain["ignored"] == [{"line": 9, "text": "- a wish", "reason": "no checkbox", "look": True}]


def test_where_all_is_done_there_is_nothing_to_wait_for() -> None:
    roadmap = Roadmap([Task("a", state="done")])
    plan = plan_of(roadmap, graph_of(roadmap))
    assert (plan.waves, plan.critical_path, plan.counts["runnable"]) == ([], [], 0)
