"""The end of a session: its record, then the summary and the report, both read back from the journal."""

from __future__ import annotations

import math
import resource
from typing import Any

from beastmode import events
from beastmode.compose.opening.run import Opened
from beastmode.errors import EXIT_DONE, EXIT_FAILED, EXIT_HELD, EXIT_INTERRUPTED, EXIT_JOURNAL
from beastmode.runner.execute import Means
from beastmode.runner.progress import Progress
from beastmode.runner.report import write_report
from beastmode.runner.schedule import Schedule
from beastmode.runner.states import NOT_COMING
from beastmode.runner.summary import Summary, summarise
from beastmode.store.journal.journal import JournalReader


async def finish(opened: Opened, schedule: Schedule, means: Means) -> Summary:
    """Record the session's end, then compute the summary from what was recorded, and write the report."""
    trouble = opened.journal.trouble
    await opened.journal.append(events.SESSION_ENDED, opened.run, data=_last_word(opened, schedule, means))
    await opened.journal.close()
    if trouble is not None:
        raise trouble
    return _report(opened)


def _last_word(opened: Opened, schedule: Schedule, means: Means) -> dict[str, Any]:
    exit_code, state = _ending(schedule)
    usage, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "state": state,
        "exit_code": exit_code,
        "reason": schedule.stop_reason or ("spent" if exit_code == EXIT_HELD else ""),
        "until_unix": _until_unix(means),
        "blocked": _blocked(opened, schedule),
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "children_cpu_s": children.ru_utime + children.ru_stime,
        "max_rss_kib": usage.ru_maxrss,
    }


def _ending(schedule: Schedule) -> tuple[int, str]:
    if schedule.stop_reason == "interrupted":
        return EXIT_INTERRUPTED, "interrupted"
    if schedule.stop_reason == "journal":
        return EXIT_JOURNAL, "error"
    if schedule.stop_reason in ("held", "budget", "spent", "time"):
        return EXIT_HELD, "held"
    if schedule.stop_reason == "cancelled":
        return EXIT_FAILED, "cancelled"
    if any(state == "waiting" for state in schedule.states.values()):
        return EXIT_HELD, "held"  # tasks that have used up their own budget: nothing else leaves one waiting
    if any(state in ("failed", "blocked", "needs_person", "cancelled") for state in schedule.states.values()):
        return EXIT_FAILED, "failed"
    return EXIT_DONE, "done"


def _until_unix(means: Means) -> float | None:
    """When a run that was held back may go on, by the wall clock; None where that is not known."""
    if means.held_until is None or means.held_until == math.inf:
        return None
    return means.clock.unix() + means.held_until - means.clock.boottime()


def _blocked(opened: Opened, schedule: Schedule) -> dict[str, str]:
    """What is blocked, and by which task."""
    tasks, blocked = opened.plan.tasks, dict[str, str]()
    for index, state in schedule.states.items():
        if state in NOT_COMING or index in opened.plan.held:
            for after in opened.graph.blocked_by(index):
                if schedule.states.get(after) == "blocked":
                    blocked.setdefault(tasks[after].id, tasks[index].id)
    return blocked


def _report(opened: Opened) -> Summary:
    """Everything said about a run is read back from its journal."""
    reader = JournalReader(opened.journal.path)
    try:
        progress = Progress(opened.run, keep_attempts=True).apply_all(reader.events(opened.run))
    finally:
        reader.close()
    folder = opened.request.report or opened.folder / "report"
    summary = summarise(progress, str(folder))
    write_report(progress, summary, opened.journal.path, folder)
    return summary
