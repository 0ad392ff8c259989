"""The execution report: its content as plain data, and the three files it is written to.

The content is what report.json holds; report.md and report.html are views of that and compute nothing. All of
it comes from the journal, so that `scripts/check_report.py` can compute every figure again, apart.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import sqlite3
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from beastmode.events import BREAKER, LIMITS, PAUSED, PROBED
from beastmode.runner import measures
from beastmode.runner.progress import AttemptView, Progress, SessionView, TaskView
from beastmode.runner.report_html import page
from beastmode.runner.report_markdown import duration, markdown
from beastmode.runner.summary import Summary

MOST_TASKS = 10_000
"""Rows of the task table in report.json, and phases. Failures are always complete."""
MOST_ROWS, MOST_BARS = 300, 40
"""Tasks in the timeline, and attempts drawn for each: a page with a million shapes does not open."""
LONGEST_TEXT = 500
"""Characters of a title, cause or name that are kept for people; the journal has the rest."""

CATEGORIES = ("improvement", "optimization", "test", "docs", "others")
_SAME_CATEGORY = {"tests": "test", "testing": "test", "doc": "docs", "documentation": "docs"}
_SAME_CATEGORY |= {"improvements": "improvement", "optimisation": "optimization"}

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
"""Control characters, line separators, marks that turn the direction of text, halves of surrogate pairs."""

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """One run, told after a session's end. Every field is JSON values; units are in the names of figures.

    headline: a sentence for anybody.   summary: `Summary.as_json()`.   safety: what the limits were held to.
    failures: complete, alike ones together.   phases, tasks, timeline: bounded, each with what was left out.
    journal_digest: see `digest`; over the run's events up to `last_seq`.
    """

    headline: str
    run: Plain
    summary: Plain
    safety: Plain
    performance: Plain
    dogfooding: Plain
    failures: list[Plain]
    next_steps: list[Plain]
    phases: list[Plain]
    phases_left_out: int
    tasks: list[Plain]
    tasks_left_out: int
    sessions: list[Plain]
    timeline: Plain
    journal: str
    last_seq: int
    journal_digest: str

    def as_json(self) -> Plain:
        """The fields as plain values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def write_report(progress: Progress, summary: Summary, journal: Path, folder: Path) -> None:
    """Write report.json, report.md and report.html to `folder`; each is there as a whole or not at all.

    progress: with its attempts kept.   journal: the one it was read from; read once more, for the digest.
    """
    report = report_of(progress, summary, journal).as_json()
    shown = printable(report)
    logs = os.path.relpath(_log_folder(journal, progress.run), folder)
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / "report.json", msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    _replace(folder / "report.md", markdown(shown).encode())
    _replace(folder / "report.html", page(shown, logs).encode())


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def report_of(progress: Progress, summary: Summary, journal: Path) -> Report:
    """The report of a run.   progress: with its attempts kept.   summary: of that progress."""
    logs = _log_folder(journal, progress.run)
    took = measures.durations_s(progress)
    failures = _failures(progress, logs)
    phases, tasks = _phases(progress, took), [_task(view, took) for view in _first(progress, MOST_TASKS)]
    return Report(
        headline=_headline(progress, summary),
        run=_run(progress),
        summary=summary.as_json(),
        safety=safety(progress),
        performance=performance(progress, summary),
        dogfooding=_dogfooding(progress),
        failures=failures,
        next_steps=_next_steps(progress, summary, journal, failures),
        phases=phases[:MOST_TASKS],
        phases_left_out=max(0, len(phases) - MOST_TASKS),
        tasks=tasks,
        tasks_left_out=len(progress.tasks) - len(tasks),
        sessions=[_session(progress, session) for session in progress.sessions],
        timeline=_timeline(progress),
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
    with closing(sqlite3.connect(f"{journal.resolve().as_uri()}?mode=ro", uri=True, timeout=10.0)) as db:
        for row in db.execute(sql, (run, last_seq)):
            total.update(b"".join(len(value).to_bytes(8, "big") + value for value in row))
    return total.hexdigest()


def printable(value: Any) -> Any:
    """The same, every text one line without marks that could hide or reorder what a person reads."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {key: printable(item) for key, item in value.items()}
    return [printable(item) for item in value] if isinstance(value, list) else value


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def utc(unix: float | None) -> str | None:
    """A time for people and for machines, with its zone named."""
    return None if unix is None else f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d %H:%M:%S} UTC"


# ---- what was run --------------------------------------------------------------------------------


def _run(progress: Progress) -> Plain:
    data = progress.started.data if progress.started else {}
    first, last = (progress.sessions[0], progress.sessions[-1]) if progress.sessions else (None, None)
    return {
        "run_id": f"r{progress.run}",
        "title": _cut(data.get("title", "")),
        "roadmap": data.get("roadmap", ""),
        "format": data.get("format", ""),
        "order": last.started.data.get("order", "") if last else data.get("rule", ""),
        "started_utc": utc(first.started.unix_us / 1e6) if first else None,
        "ended_utc": utc(last.ended.unix_us / 1e6) if last and last.ended else None,
    }


def _session(progress: Progress, session: SessionView) -> Plain:
    end: Plain = session.ended.data if session.ended else {}
    alone = "running" if session is progress.sessions[-1] else "killed"
    return {
        "session": session.number,
        "state": end.get("state", alone),
        "exit_code": end.get("exit_code"),
        "started_utc": utc(session.started.unix_us / 1e6),
        "ended_utc": utc(session.ended.unix_us / 1e6) if session.ended else None,
        "length_s": round((session.last_us - session.started.mono_us) / 1e6, 3),
        "attempts": sum(attempt.session == session.number for attempt in progress.attempts),
    }


def _headline(progress: Progress, summary: Summary) -> str:
    counts = summary.tasks
    done = f"{counts['done']} of {counts['total'] - counts['skipped']} tasks done"
    if not progress.attempts:
        return f"{done}; nothing was started.{_held(summary)}"
    limits = f"never more than {summary.most_in_flight} at once"
    if progress.rates:
        span = duration(progress.rates[0].span_s)
        limits += f" and {summary.most_starts_in_window} starts in any {span}"
    names = ("failed", "needs_person", "blocked", "cancelled", "waiting")
    rest = [f"{counts[name]} {_words(name)}" for name in names if counts[name]]
    others = f" ({', '.join(rest)})" if rest else ""
    return f"{done} in {duration(summary.makespan_s)}{others}, {limits}.{_held(summary)}"


def _words(state: str) -> str:
    return {"needs_person": "need a person", "waiting": "still to do"}.get(state, state)


def _held(summary: Summary) -> str:
    if summary.state == "held":
        until = f" until {utc(summary.until_unix)}" if summary.until_unix else ""
        return f" Held back{until}: the same command goes on."
    return {
        "interrupted": " Interrupted: the same command goes on.",
        "running": " This is how it stands: the runner has not ended, or was killed.",
    }.get(summary.state, "")


def _first(progress: Progress, most: int) -> Sequence[TaskView]:
    """The tasks in the order of the list; where they are too many, those that are not done come first."""
    views = list(progress.tasks.values())
    if len(views) <= most:
        return views
    return sorted(views, key=lambda view: view.state in ("done", "skipped"))[:most]


def _task(view: TaskView, took: dict[str, float]) -> Plain:
    """took_s: of the last attempt, from its real start; None where there was none."""
    return {
        "task": view.id,
        "title": _cut(view.title),
        "phase": _phase(view),
        "category": category(view),
        "kind": view.kind,
        "state": view.state,
        "attempts": view.attempts,
        "took_s": round(took[view.id], 3) if view.id in took else None,
        "reason": _cut(view.reason),
        "until_utc": utc(view.until_unix) if view.state == "waiting" else None,
    }


def _phase(view: TaskView) -> str:
    return _cut(" / ".join(view.phases))


def _phases(progress: Progress, took: dict[str, float]) -> list[Plain]:
    """A line for each phase, in the order of the list."""
    lines: dict[str, Plain] = {}
    for view in progress.tasks.values():
        line = lines.setdefault(
            _phase(view),
            {"phase": _phase(view), "total": 0, "attempts": 0, "took_s": 0.0, "states": Counter()},
        )
        line["total"] += 1
        line["attempts"] += view.attempts
        line["took_s"] += took.get(view.id, 0.0)
        line["states"][view.state] += 1
    return [line | {"took_s": round(line["took_s"], 3)} for line in lines.values()]


def category(view: TaskView) -> str:
    """One of CATEGORIES."""
    name = view.category.strip().casefold()
    name = _SAME_CATEGORY.get(name, name)
    return name if name in CATEGORIES else "others"


def _dogfooding(progress: Progress) -> Plain:
    """What kinds of work the run did, and how much of it our own code generation (kind `generate`) did."""
    done = [view for view in progress.tasks.values() if view.state == "done"]
    total = Counter(category(view) for view in progress.tasks.values())
    of_these = Counter(category(view) for view in done)
    return {
        "categories": {name: {"total": total[name], "done": of_these[name]} for name in CATEGORIES},
        "done": len(done),
        "done_by_generate": sum(view.kind == "generate" for view in done),
        "kinds": dict(sorted(Counter(view.kind or "command" for view in done).items())),
    }


# ---- what the limits were held to ----------------------------------------------------------------


def safety(progress: Progress) -> Plain:
    """Every safety figure of a run, over all its sessions. docs/report.md says what each one means."""
    seen = measures.evidence(progress, progress.rates)
    ends = Counter(attempt.end or "running" for attempt in progress.attempts)
    settings = progress.settings
    return {
        "concurrency_limit": settings.get("concurrency"),
        "most_in_flight": seen.most_in_flight,
        "starts": seen.starts,
        "most_starts_in_window": seen.most_starts_in_window,
        "rates": _rates(progress),
        "attempts": len(progress.attempts),
        "attempts_by_end": dict(sorted(ends.items())),
        "retries": ends["retry"],
        "retries_limit": settings.get("retries"),
        "throttles": ends["waiting"],
        "attempts_interrupted": ends["interrupted"],
        "waits": _waits(progress.attempts),
        "sessions": len(progress.sessions),
        "kills_survived": sum(session.ended is None for session in progress.sessions[:-1]),
        **_notices(progress),
    }


def _rates(progress: Progress) -> list[Plain]:
    boots: dict[str, list[int]] = defaultdict(list)
    for boot, stamp in measures.start_stamps(progress):
        boots[boot].append(stamp)
    for stamps in boots.values():
        stamps.sort()
    lines = []
    for rate in progress.rates:
        window_us = round(rate.span_s * 1e6)
        most = max((measures.most_in_window(stamps, window_us) for stamps in boots.values()), default=0)
        kept_s = round(rate.padded_span_s, 6)
        lines.append(
            {"starts": rate.starts, "span_s": rate.span_s, "kept_span_s": kept_s, "most_starts": most}
        )
    return lines


def _waits(attempts: Iterable[AttemptView]) -> Plain:
    """Seconds that starts were held back, by reason."""
    waits: dict[str, list[float]] = defaultdict(list)
    for attempt in attempts:
        for reason, seconds in attempt.waited_s.items():
            waits[reason].append(seconds)
    return {
        reason: {"starts": len(of), "wait_s": round(sum(of), 3), "longest_wait_s": round(max(of), 3)}
        for reason, of in sorted(waits.items())
    }


def _notices(progress: Progress) -> Plain:
    """What the guard noticed: health checks, pauses the server asked for, the breaker, changed limits."""
    by_kind: dict[str, list[Plain]] = defaultdict(list)
    for event in progress.evidence:
        by_kind[event.kind].append(event.data)
    probes, pauses = by_kind[PROBED], by_kind[PAUSED]
    states = [data.get("state") for data in by_kind[BREAKER]]
    opened = [before for before, state in zip([None, *states], states, strict=False) if state == "open"]
    return {
        "health_checks": len(probes),
        "health_checks_failed": sum(not data.get("ok") for data in probes),
        "pauses": len(pauses),
        "pause_s": round(sum(data.get("seconds", 0.0) for data in pauses), 3),
        "breaker_trips": sum(before != "half_open" for before in opened),
        "breaker_trials_failed": sum(before == "half_open" for before in opened),
        "limits_changes": len(by_kind[LIMITS]),
    }


def performance(progress: Progress, summary: Summary) -> Plain:
    """How fast it went, and what it cost. None where there is nothing to divide by or nothing recorded."""
    took = sorted(measures.durations_s(progress).values())
    makespan_s, bound_s = summary.makespan_s, summary.lower_bound_s
    ends = [session.ended.data for session in progress.sessions if session.ended]
    return {
        "tasks_measured": len(took),
        "task_mean_s": round(sum(took) / len(took), 3) if took else None,
        "task_p50_s": round(measures.percentile(took, 0.5), 3) if took else None,
        "task_p95_s": round(measures.percentile(took, 0.95), 3) if took else None,
        "task_longest_s": round(took[-1], 3) if took else None,
        "makespan_s": makespan_s,
        "lower_bound_s": bound_s,
        "efficiency": round(bound_s / makespan_s, 4) if makespan_s else None,
        "throughput_per_s": round(summary.tasks["done"] / makespan_s, 3) if makespan_s else None,
        "runner_cpu_s": round(sum(end.get("cpu_s", 0.0) for end in ends), 3) if ends else None,
        "runner_max_rss_kib": max((end.get("max_rss_kib", 0) for end in ends), default=None),
        "tasks_cpu_s": round(sum(attempt.cpu_s for attempt in progress.attempts), 3),
        "tasks_max_rss_kib": max((attempt.max_rss_kib for attempt in progress.attempts), default=0),
    }


# ---- what failed, and what to do -----------------------------------------------------------------


def _failures(progress: Progress, logs: Path) -> list[Plain]:
    """Tasks that failed or need a person; those with the same class, cause and tip together, most first."""
    groups: dict[tuple[str, str, str], list[Plain]] = defaultdict(list)
    for view in progress.tasks.values():
        if view.state not in ("failed", "needs_person"):
            continue
        failure = view.failure or {}
        alike = (failure.get("class", ""), failure.get("cause", ""), failure.get("tip", ""))
        task = {"task": view.id, "title": _cut(view.title), "attempts": view.attempts}
        groups[alike].append(task | {"log": _log(logs, view)})
    return [
        {"class": class_, "cause": _cut(cause), "tip": _cut(tip), "count": len(tasks), "tasks": tasks}
        for (class_, cause, tip), tasks in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]


def _log_folder(journal: Path, run: int) -> Path:
    return journal.parent / "runs" / f"r{run}" / "logs"


def _log(logs: Path, view: TaskView) -> str:
    """Where the output of a task's last attempt is, by the rule of `compose.log_path`; "" where it had none."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in view.id)[:80].lstrip(".")
    if safe != view.id:
        safe = f"{safe}-{uuid.uuid5(uuid.NAMESPACE_OID, view.id).hex[:8]}"
    for name in (f"{safe}.{view.attempts}.log", f"{safe}.{view.attempts}.verify.log"):
        if (logs / name).exists():
            return str(logs / name)
    return ""


def _next_steps(progress: Progress, summary: Summary, journal: Path, failures: list[Plain]) -> list[Plain]:
    """What to do now, with the exact commands."""
    steps: list[Plain] = []
    again, counts = _command("run", _file(progress), journal), summary.tasks
    printed = [task["task"] for group in failures for task in group["tasks"] if task["log"]]
    if printed:
        look = f"{_command('logs', printed[0], journal)} --run r{progress.run}"
        steps.append({"what": f"Read what {_cut(printed[0])} printed", "command": look})
    if counts["failed"]:
        what = "Once the cause is gone, run what failed again; what is done is not repeated"
        steps.append({"what": what, "command": f"{again} --failed"})
    if counts["waiting"]:
        steps.append({"what": _when(summary), "command": again})
    steps += _about_rest(counts)
    if not steps:
        steps.append({"what": "Nothing is left to do", "command": ""})
    check = ["python", "scripts/check_report.py", str(journal), str(Path(summary.report) / "report.json")]
    what = "To check this report against the journal, in a checkout of beastmode"
    return [*steps, {"what": what, "command": shlex.join(check)}]


def _when(summary: Summary) -> str:
    left = f"{summary.tasks['waiting']} still to do: the same command goes on, with the same options"
    after = f" from {utc(summary.until_unix)} on" if summary.until_unix else ""
    because = {
        "budget": ". The budget of attempts of this session is used up; each session has it anew",
        "time": ". The time of this session is used up; each session has it anew",
    }
    return f"{left}{after}{because.get(summary.reason, '')}"


def _about_rest(counts: dict[str, int]) -> list[Plain]:
    steps = []
    if counts["needs_person"]:
        what = f"{counts['needs_person']} need a person: decide, then run the same command again"
        steps.append({"what": what, "command": ""})
    if counts["blocked"]:
        what = f"{counts['blocked']} are blocked by what failed, and start by themselves once that is done"
        steps.append({"what": what, "command": ""})
    if counts["cancelled"]:
        what = f"{counts['cancelled']} were cancelled and stay so; a new run (--fresh) has them again"
        steps.append({"what": what, "command": ""})
    return steps


def _file(progress: Progress) -> str:
    key = str(progress.started.data.get("roadmap", "")) if progress.started else ""
    return str(Path(key).relative_to(Path.cwd())) if Path(key).is_relative_to(Path.cwd()) else key


def _command(name: str, argument: str, journal: Path) -> str:
    words = ["beast", name, argument]
    if journal.parent.resolve() != Path(".beast").resolve():
        words += ["--home", str(journal.parent)]
    return shlex.join(words)


# ---- when everything was -------------------------------------------------------------------------


def _timeline(progress: Progress) -> Plain:
    """Rows of bars for a picture, in seconds with a runner at work: the time between sessions is left out.

    More than MOST_ROWS tasks: those that failed, then those that took part last.
    """
    offsets, length_us = dict[int, int](), 0
    for session in progress.sessions:
        offsets[session.number] = length_us - session.started.mono_us
        length_us += session.last_us - session.started.mono_us
    of_task: dict[str, list[AttemptView]] = defaultdict(list)
    for attempt in progress.attempts:
        of_task[attempt.task].append(attempt)
    latest_last = sorted(
        of_task, key=lambda task: (_failed(progress, task), of_task[task][-1].started_unix_us)
    )
    chosen = set(latest_last[-MOST_ROWS:])
    lasts = {session.number: session.last_us for session in progress.sessions}
    rows = [
        _row(progress, task, attempts, offsets, lasts) for task, attempts in of_task.items() if task in chosen
    ]
    begins = [(session.started.mono_us + offsets[session.number]) / 1e6 for session in progress.sessions]
    return {
        "length_s": round(length_us / 1e6, 3),
        "sessions_begin_s": [round(begin, 3) for begin in begins],
        "rows": rows,
        "rows_left_out": len(of_task) - len(rows),
    }


def _failed(progress: Progress, task: str) -> bool:
    return task in progress.tasks and progress.tasks[task].state in ("failed", "needs_person")


def _row(
    progress: Progress,
    task: str,
    attempts: list[AttemptView],
    offsets: dict[int, int],
    lasts: dict[int, int],
) -> Plain:
    bars, ended_us = [], dict[int, int]()
    for attempt in attempts:
        offset = offsets[attempt.session]
        end_us = lasts[attempt.session] if attempt.ended_us is None else attempt.ended_us
        waited_us = round(sum(attempt.waited_s.values()) * 1e6)
        wait_us = ended_us.get(attempt.session, attempt.admitted_us - waited_us)
        stamps = {"wait_from_s": wait_us, "from_s": attempt.admitted_us, "to_s": end_us}
        bar: Plain = {name: round(max(0, us + offset) / 1e6, 3) for name, us in stamps.items()}
        bars.append(bar | {"attempt": attempt.number, "end": attempt.end or "running"})
        ended_us[attempt.session] = end_us
    title = progress.tasks[task].title if task in progress.tasks else ""
    left_out = max(0, len(bars) - MOST_BARS)
    return {"task": task, "title": _cut(title), "bars": bars[-MOST_BARS:], "bars_left_out": left_out}
