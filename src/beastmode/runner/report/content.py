"""What a report says, as plain data: the whole of report.json. The other two files are views of it."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from beastmode.runner import measures
from beastmode.runner.progress import Progress
from beastmode.runner.report import words
from beastmode.runner.report.advice import failures_of, next_steps
from beastmode.runner.report.elsewhere import elsewhere_lines
from beastmode.runner.report.evidence import performance, safety
from beastmode.runner.report.levels import levels
from beastmode.runner.report.people import people_lines
from beastmode.runner.report.planned import plan_lines
from beastmode.runner.report.tasks import (
    MOST_TASKS,
    dogfooding,
    phase_lines,
    run_line,
    session_lines,
    task_lines,
)
from beastmode.runner.report.timeline import timeline
from beastmode.runner.summary import Summary
from beastmode.store.journal.file import connect

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """One run, told after a session's end, or as it stands. Every field is JSON values; units are in the names
    of figures.

    headline: a sentence for anybody.   summary: `Summary.as_json()`.   safety: what the limits were held to.
    plan: what each session was to take, and has taken.   failures: complete, alike ones together.   people: what
    somebody asked for, and what came of it.   elsewhere: what attempts left elsewhere.   levels: what an `auto` has
    found, over time.   phases, tasks, timeline: bounded, each with what was left out.
    journal_digest: see `digest`; over the run's events up to `last_seq`.
    """

    headline: str
    run: Plain
    summary: Plain
    safety: Plain
    performance: Plain
    plan: list[Plain]
    dogfooding: Plain
    failures: list[Plain]
    next_steps: list[Plain]
    phases: list[Plain]
    phases_left_out: int
    tasks: list[Plain]
    tasks_left_out: int
    sessions: list[Plain]
    people: list[Plain]
    elsewhere: list[Plain]
    levels: list[Plain]
    timeline: Plain
    journal: str
    last_seq: int
    journal_digest: str

    def as_json(self) -> Plain:
        """The fields as plain values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def report_of(progress: Progress, summary: Summary, journal: Path) -> Report:
    """The report of a run.   progress: with its attempts kept.   summary: of that progress."""
    took = measures.durations_s(progress)
    failures = failures_of(progress, journal)
    phases, tasks = phase_lines(progress, took), task_lines(progress, took)
    return Report(
        headline=words.headline(summary, progress.rates[0].span_s if progress.rates else None),
        run=run_line(progress),
        summary=summary.as_json(),
        safety=safety(progress),
        performance=performance(progress, summary),
        plan=plan_lines(progress),
        dogfooding=dogfooding(progress),
        failures=failures,
        next_steps=next_steps(progress, summary, journal, failures),
        phases=phases[:MOST_TASKS],
        phases_left_out=max(0, len(phases) - MOST_TASKS),
        tasks=tasks,
        tasks_left_out=len(progress.tasks) - len(tasks),
        sessions=session_lines(progress, summary),
        people=people_lines(progress),
        elsewhere=elsewhere_lines(progress),
        levels=levels(progress),
        timeline=timeline(progress),
        journal=str(journal),
        last_seq=progress.last_seq,
        journal_digest=digest(journal, progress.run, progress.last_seq),
    )


def digest(journal: Path, run: int, last_seq: int) -> str:
    """SHA-256 over the events of a run up to `last_seq`, in order, as lowercase hex.

    Each event adds seq, run, kind, task, attempt, unix_us, mono_us and data: numbers as decimal digits, text
    as UTF-8, data as stored; before each its length in bytes, 8 bytes big-endian.
    """
    sql = (
        "SELECT CAST(seq AS BLOB), CAST(run AS BLOB), CAST(kind AS BLOB), CAST(task AS BLOB),"
        " CAST(attempt AS BLOB), CAST(unix_us AS BLOB), CAST(mono_us AS BLOB), CAST(data AS BLOB)"
        " FROM events WHERE run = ? AND seq <= ? ORDER BY seq"
    )
    total = hashlib.sha256()
    with closing(connect(journal, write=False)) as db:
        for row in db.execute(sql, (run, last_seq)):
            total.update(b"".join(len(value).to_bytes(8, "big") + value for value in row))
    return total.hexdigest()
