"""Made-up homes on virtual time: lists with a truth of their own, run after run, and what was foreseen before each.

The runs are played by the real schedule, guard and policy; only the work is drawn. Foreseeing sees what the journal
says and nothing of the truth.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from beastmode.events import PLANNED, RUN_STARTED, SESSION_STARTED, Event
from beastmode.runner.foreseeing.estimate import Estimate, estimate
from beastmode.runner.foreseeing.foresight import Limits, Scene
from beastmode.runner.foreseeing.history import Likeness, Past, Reading
from beastmode.runner.foreseeing.likeness import Memory
from beastmode.runner.foreseeing.worlds import Case
from beastmode.runner.graph import graph_of
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.progress import Progress
from beastmode.runner.rank import rank_of
from beastmode.runner.resume import Selection, fingerprint, opening_events, plan_session
from beastmode.runner.roadmap import Roadmap, Task
from beastmode.runner.schedule import Schedule
from beastmode.runner.work import Command
from beastmode.settings import Rate
from tests.runner.virtual import FAULT, Room


@dataclass
class Truth:
    """How long things really take in one home.   tail: tasks of a list differ by a lognormal curve of this scale, and
    now and then by far more.   drift: from run to run, for all tasks.   again: share of attempts that fail."""

    rng: random.Random
    tail: float = 0.8
    drift: float = 0.15
    noise: float = 0.1
    again: float = 0.08
    level: float = 4.0
    now: float = 0.0

    def a_list(self, number: int) -> List:
        """A new list with its own shape, size and durations."""
        rng, size = self.rng, self.rng.randint(3, 40)
        base = self.level + rng.gauss(0.0, 0.5)
        tasks, logs = [], []
        for at in range(size):
            needs = {f"t{rng.randrange(at)}" for _ in range(rng.choice((0, 0, 0, 1, 1, 2))) if at}
            tasks.append(Task(f"t{at}", Command(("do", f"{number}.{at}")), needs=tuple(sorted(needs))))
            logs.append(
                base + rng.gauss(0.0, self.tail) + (rng.expovariate(1.0) if rng.random() < 0.05 else 0.0)
            )
        return List(f"list {number}", tasks, dict(zip((task.id for task in tasks), logs, strict=True)))

    def seconds(self, log: float) -> float:
        return float(2.718281828 ** (log + self.now + self.rng.gauss(0.0, self.noise)))


@dataclass
class List:
    """A roadmap, and the logarithm of what each of its tasks takes."""

    key: str
    tasks: list[Task]
    logs: dict[str, float]


@dataclass
class Home:
    """Runs one after the other, and what was foreseen of each."""

    truth: Truth
    pasts: list[Past] = field(default_factory=list)
    told: list[tuple[Estimate, float]] = field(default_factory=list)

    def run(self, one: List, at_once: int, rates: tuple[Rate, ...] = ()) -> None:
        """Foresee it, then run it."""
        told = self.foresee(one, Limits(at_once, rates))
        self.truth.now += self.truth.rng.gauss(0.0, self.truth.drift)
        room = Room(at_once, *rates)
        plan = plan_session(Roadmap(one.tasks), Progress(0), Selection())

        async def work(attempt: Attempt) -> Outcome:
            await asyncio.sleep(self.truth.seconds(one.logs[attempt.task.id]))
            return Outcome(FAULT if self.truth.rng.random() < self.truth.again else None)

        graph = graph_of(Roadmap(one.tasks))
        jobs = [room.job(work, task.id, retries=2) for task in one.tasks]
        schedule = Schedule(graph, room.means, jobs.__getitem__, rank=rank_of(graph, one.tasks))
        took = room.play(schedule.run())
        number = len(self.told) + 1
        head = [Event(RUN_STARTED, number, data={"roadmap": one.key}), Event(SESSION_STARTED, number)]
        head += [Event(kind, number, data=data) for kind, _, _, data in opening_events(plan, Selection())]
        self.pasts += Reading(number).of(
            [*[e for e in head if e.kind != PLANNED or e.data], *room.journal.events]
        )
        self.told.append((told, took))

    def foresee(self, one: List, limits: Limits) -> Estimate:
        memory, graph = Memory(self.pasts[-4000:]), graph_of(Roadmap(one.tasks))
        likes = [Likeness(one.key, task.id, fingerprint(task), "command") for task in one.tasks]
        scene = Scene(graph, rank_of(graph, one.tasks))
        return estimate(Case(scene, limits, [memory.pool(like) for like in likes]), 4_000)


def play_home(seed: int, **truth: float) -> Home:
    """Twelve runs: new lists, some of them run again, under limits that differ."""
    rng = random.Random(seed)
    home, lists = Home(Truth(rng, **truth)), list[List]()
    for number in range(12):
        if not lists or rng.random() < 0.6:
            lists.append(home.truth.a_list(number))
        rates = (Rate(rng.choice((2, 8)), 60.0),) if rng.random() < 0.3 else ()
        home.run(rng.choice(lists[-3:]), rng.choice((1, 2, 3, 3, 5, 8)), rates)
    return home
