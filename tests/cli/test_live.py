"""What a person sees while a run is at work: real runs, photographed from inside by their own tasks."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.live import Live as RichLive

from beastmode import Roadmap, Task
from beastmode.cli.lines import PlainView
from beastmode.cli.live import LiveView
from beastmode.cli.views import view_for
from beastmode.cli.watching import Watching
from beastmode.compose.opening.request import Request
from beastmode.compose.opening.run import open_run
from beastmode.compose.run.session import drive
from beastmode.runner.roadmap import Phase, TaskOptions
from beastmode.runner.summary import Summary
from beastmode.runner.work import Call, Command
from beastmode.settings import Rate

ONE_TRY = TaskOptions(retries=0)
HOSTILE = "\x1b[2J [bold]x[/bold] \u202egnp"


class Studio:
    """A run with a live view on a terminal of a given size. `photo` is the work of a task that looks at it."""

    def __init__(self, home: Path, width: int = 100, height: int = 30) -> None:
        self.home, self.width, self.height = home, width, height
        self.above = io.StringIO()
        self.console = Console(
            file=self.above, width=width, height=height, force_terminal=True, color_system=None
        )
        self.pictures: list[list[str]] = []
        self.view: LiveView

    def look(self) -> list[str]:
        """The lines of the view as they would be shown now."""
        paper = Console(file=io.StringIO(), width=self.width, height=self.height, record=True)
        paper.print(self.view.picture(self.console))
        return [line.rstrip() for line in paper.export_text().splitlines()]

    def photo(self, when: Callable[[Watching], bool] = lambda view: True) -> Call:
        """Work that looks once `when` says so."""

        async def wait_and_look() -> None:
            async with asyncio.timeout(30):
                while not when(self.view):
                    await asyncio.sleep(0.005)
            self.pictures.append(self.look())

        return Call(wait_and_look)

    def run(self, children: Sequence[Phase | Task], **flags: Any) -> Summary:
        with RichLive(console=self.console, auto_refresh=False, transient=True) as rich:
            self.view = LiveView(rich)
            request = Request(Roadmap(children, title="Month 1"), {"rates": (), **flags}, home=self.home)
            return drive(open_run(request), self.view)


def test_it_shows_phases_who_is_at_work_counts_and_limits(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    first = Phase("Week 1", [Task("a", Command(("true",)))])
    looking = Task("b", studio.photo(), title="Looks", needs=("a",))
    second = Phase("Week 2", [looking, Task("c", Command(("true",)), needs=("b",))])
    studio.run([Phase("Month 1", [first, second])])
    lines = "\n".join(studio.pictures[0])
    assert "Month 1  r1" in lines
    assert re.search(r"1 of 3 ended in 0:0\d, about 0:0\d left", lines)
    assert "1 done  1 at work  1 to do" in lines
    assert "slots: 1 of 3   rate: no limit on starts" in lines
    assert re.search(r"Month 1 > Week 1 +━+ 1/1", lines)
    assert re.search(r"Month 1 > Week 2 .*0/2", lines)
    assert re.search(r"running +b +0:00 +Looks", lines)


def test_what_is_being_verified_is_at_work_and_so_is_what_is_being_merged(tmp_path: Path) -> None:
    studio, looked = Studio(tmp_path), tmp_path / "looked"
    proves = Command(shell=f"until [ -e {looked} ]; do sleep 0.02; done")

    def as_if_merging(view: Watching) -> bool:
        jobs = [job for job in view.live.schedule.live.values() if job.step == "verifying"]
        studio.pictures += [studio.look()] if jobs else []
        for job in jobs:
            job.step = "merging"  # a queue of merges needs a repository; what is shown of it does not
        return bool(jobs)

    async def let_go() -> None:
        looked.touch()

    proven = Task("proven", Command(("true",)), options=TaskOptions(verify=proves))
    looks = Task("looks", studio.photo(as_if_merging))
    studio.run([proven, looks, Task("end", Call(let_go), needs=("looks",))])
    for lines, step in zip(map("\n".join, studio.pictures), ("verifying", "merging"), strict=True):
        assert "2 at work  1 to do" in lines
        assert re.search(rf"{step} +proven", lines)
        assert "waiting" not in lines


def test_it_says_what_is_waited_for_and_how_long(tmp_path: Path) -> None:
    studio = Studio(tmp_path)

    async def pause() -> None:
        studio.view.live.guard.pause(1.0, "rate_limit")

    held = Task("looks", studio.photo(lambda view: view.live.guard.hold is not None))
    pauses = Task("pauses", Call(pause))
    studio.run([held, pauses, Task("next", Command(("true",)), needs=("pauses",))])
    lines = "\n".join(studio.pictures[0])
    assert re.search(r"waiting +next start +the server asked for a pause, for [\d.]+ m?s", lines)


def test_a_task_between_attempts_says_when_it_is_tried_again_and_after_what(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    fails = Task("flaky", Command(shell="exit 3"), options=TaskOptions(retries=1))
    looks = studio.photo(lambda view: any(job.step == "backoff" for job in view.live.schedule.live.values()))
    studio.run([fails, Task("looks", looks)])
    lines = "\n".join(studio.pictures[0])
    assert re.search(r"waiting +flaky +attempt 2 in [\d.]+ m?s, after exit_code", lines)
    assert "1 at work  1 waiting" in lines


def test_a_task_that_a_person_has_paused_says_what_lets_it_go_on(tmp_path: Path) -> None:
    studio = Studio(tmp_path)

    async def look() -> None:
        studio.view.live.schedule.pause_task(1)
        studio.pictures.append(studio.look())
        studio.view.live.schedule.resume_task(1)

    studio.run([Task("looks", Call(look)), Task("held", Command(("true",)), needs=("looks",))])
    lines = "\n".join(studio.pictures[0])
    assert re.search(r"waiting +held +paused, until: beast resume r1 held", lines)


def test_what_failed_is_printed_above_and_stays(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.run([Task("bad", Command(shell="echo why; exit 3"), title="Breaks", options=ONE_TRY)])
    above = studio.above.getvalue()
    assert "failed   bad  Breaks" in above
    assert "exit_code: exit code 3: why" in above
    assert "Read the end of the log" in above


def test_once_it_stops_it_says_why_and_what_happens(tmp_path: Path) -> None:
    studio = Studio(tmp_path)

    async def stop() -> None:
        studio.view.live.schedule.stop("interrupted")
        studio.pictures.append(studio.look())

    studio.run([Task("a", Call(stop)), Task("b", Command(("true",)), needs=("a",))])
    assert "Stopping: what runs is finished first. Ctrl-C again ends it." in "\n".join(studio.pictures[0])


@pytest.mark.parametrize(("width", "height"), [(40, 12), (20, 8), (200, 50)], ids=["narrow", "tiny", "wide"])
def test_it_fits_whatever_terminal_there_is(tmp_path: Path, width: int, height: int) -> None:
    studio = Studio(tmp_path, width, height)
    crowd = [
        Task(f"photo-{n}", studio.photo(), title="A title that is longer than some terminals")
        for n in range(9)
    ]
    phases = [
        Phase(f"A phase with a long title, number {n}", [Task(f"t{n}", Command(("true",)))])
        for n in range(20)
    ]
    studio.run([*crowd, *phases], concurrency=None)
    for picture in studio.pictures:
        assert len(picture) < height
        assert max(map(len, picture)) <= width


def test_text_of_others_is_neither_markup_nor_obeyed(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    photo = Task(HOSTILE, studio.photo(), title=HOSTILE)
    bad = Task(f"bad{HOSTILE}", Command(shell="exit 3"), title=HOSTILE, options=ONE_TRY)
    studio.run([Phase(HOSTILE, [photo, bad])])
    for shown in ("\n".join(studio.pictures[0]), studio.above.getvalue()):
        assert "[bold]x[/bold]" in shown
        assert "\x1b[2J" not in shown
        assert "\u202e" not in shown


def test_a_resumed_run_counts_what_was_done_before(tmp_path: Path) -> None:
    first = [Task("a", Command(("true",))), Task("b", Command(("false",)), options=ONE_TRY)]
    Studio(tmp_path).run(first)
    studio = Studio(tmp_path)
    studio.run([*first, Task("c", studio.photo())])
    lines = "\n".join(studio.pictures[0])
    assert "2 of 3 ended" in lines
    assert "left" not in lines, "nothing has ended in this session: nobody knows how long the rest takes"


def plain(home: Path, children: Sequence[Phase | Task], **flags: Any) -> list[str]:
    """The lines that a pipe gets."""
    stream = io.StringIO()
    with view_for(stream) as view:
        assert isinstance(view, PlainView)
        view.refresh_s = 0.01
        drive(open_run(Request(Roadmap(children), {"rates": (), **flags}, home=home)), view)
    return stream.getvalue().splitlines()


def test_a_pipe_gets_a_line_for_the_limits_and_one_for_each_end(tmp_path: Path) -> None:
    tasks = [
        Task("a", Command(("true",)), title="Goes well"),
        Task("b", Command(shell="echo why; exit 3"), title=HOSTILE, needs=("a",), options=ONE_TRY),
        Task("c", Command(("true",)), needs=("b",)),
    ]
    lines = plain(tmp_path, tasks)
    assert lines[0] == "r1: 3 tasks; at most 3 at once, no limit on starts"
    assert lines[1] == "[1/3] done      a  Goes well"
    assert lines[2] == "[2/3] failed    b  \ufffd[2J [bold]x[/bold] \ufffdgnp"
    assert lines[3] == "    exit_code: exit code 3: why"
    assert lines[5] == "[3/3] blocked   c"
    again = plain(tmp_path, tasks)
    assert (
        again[0]
        == "r1 goes on: 3 tasks (1 done before, 1 failed before); at most 3 at once, no limit on starts"
    )


def test_what_is_skipped_is_not_counted_among_all(tmp_path: Path) -> None:
    tasks = [Task("a", Command(("true",))), Task("b", Command(("true",)), state="done")]
    lines = plain(tmp_path, tasks, rates=(Rate(8, 1.0), Rate(60, 60.0)))
    assert lines == ["r1: 1 task (1 skipped); at most 3 at once, 8/s and 60/min", "[1/1] done      a"]


def test_a_pipe_hears_once_that_the_run_is_stopping(tmp_path: Path) -> None:
    stops: list[Callable[[], None]] = []

    class Stopping(PlainView):
        refresh_s = 0.01

        def look(self) -> None:
            super().look()
            stops[:] = [lambda: self.live.schedule.stop("interrupted")]

    async def stop() -> None:
        while not stops:
            await asyncio.sleep(0.005)
        stops[0]()
        await asyncio.sleep(0.1)

    stream = io.StringIO()
    view = Stopping(stream)
    drive(open_run(Request(Roadmap([Task("a", Call(stop))]), {"rates": ()}, home=tmp_path)), view)
    assert stream.getvalue().count("Stopping: what runs is finished first") == 1


def test_in_a_real_terminal_the_view_is_drawn_and_taken_away_again(tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text(
        "title: Seen\ntasks:\n  - {id: a, title: Works, command: [sleep, '0.6']}\n", encoding="utf-8"
    )
    said = in_a_terminal(tmp_path, TERM="xterm-256color")
    assert "slots: 1 of 3" in said
    assert "r1 done: 1 of 1 task done" in said
    dumb = in_a_terminal(tmp_path, "--fresh", TERM="dumb")
    assert "slots:" not in dumb
    assert "[1/1] done      a  Works" in dumb


def in_a_terminal(folder: Path, *flags: str, **env: str) -> str:
    """What `beast run list.yaml` writes to a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "beastmode", "run", "list.yaml", *flags]
    process = subprocess.Popen(
        command, cwd=folder, stdout=theirs, stderr=theirs, stdin=theirs, env={**os.environ, **env}
    )
    os.close(theirs)
    written = b""
    with closing(os.fdopen(ours, "rb", buffering=0)) as terminal:
        while True:
            try:
                piece = terminal.read(65536)
            except OSError:  # Linux: the other side has closed it
                break
            if not piece:
                break
            written += piece
    assert process.wait(timeout=60) == 0, written
    return written.decode()
