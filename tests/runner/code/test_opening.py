"""What a session begins with says of every task what the list says, however it is packed."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from beastmode.events import PLANNED, Event
from beastmode.runner.foreseeing.history import kind_of
from beastmode.runner.progress import Progress
from beastmode.runner.resume import Selection, fingerprint, opening_events, plan_session
from beastmode.runner.roadmap import Phase, Roadmap, Task, TaskOptions
from beastmode.runner.work import Command, Work

works: st.SearchStrategy[Work | None] = st.sampled_from([None, Command(("a",)), Command(shell="b")])
tasks = st.builds(
    Task,
    id=st.just(""),
    work=works,
    title=st.sampled_from(["", "one", "two"]),
    options=st.builds(TaskOptions, category=st.sampled_from(["", "docs"])),
    line=st.integers(0, 2),
)


def planned(roadmap: Roadmap) -> Progress:
    """The fold of what a first session of this roadmap records as planned."""
    opening = opening_events(plan_session(roadmap, Progress(0), Selection()), Selection())
    batches = [
        msgspec.json.decode(msgspec.json.encode(data)) for kind, _, _, data in opening if kind == PLANNED
    ]
    return Progress(1).apply_all(Event(PLANNED, 1, data=data) for data in batches)


@given(st.lists(tasks, min_size=1, max_size=5), st.booleans())
def test_a_task_is_recorded_as_it_stands_in_the_list(made: list[Task], in_phase: bool) -> None:
    listed = [replace(task, id=f"t{i}") for i, task in enumerate(made)]
    roadmap = Roadmap([Phase("Month 1", [*listed])] if in_phase else listed)
    views = planned(roadmap)
    for task in listed:
        view = views.tasks[task.id]
        assert (view.title, view.category, view.line) == (task.title, task.options.category, task.line)
        assert (view.kind, view.fingerprint) == (kind_of(task), fingerprint(task))
        assert view.phases == (("Month 1",) if in_phase else ())


def test_tasks_of_one_function_share_one_work() -> None:
    def work() -> None: ...

    one, other = Task("a", work), Task("b", work)
    assert one.work is other.work


def test_a_callable_with_an_equality_of_its_own_is_never_taken_for_another() -> None:
    class Same:
        def __call__(self) -> None: ...

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

    one, other = Task("a", Same()), Task("b", Same())
    assert one.work is not other.work
