"""The words for a report's figures, shared by its Markdown, its page and the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from beastmode.runner.summary import Summary

Plain = Mapping[str, Any]
Row = Sequence[str]

MOST_TASKS, MOST_GROUPS, MOST_IN_GROUP, MOST_PHASES = 300, 30, 10, 100
"""What a person can still read; report.json has the rest, and the page and this say so."""

STATES = {
    "done": "✓ done",
    "failed": "✗ failed",
    "blocked": "⊘ blocked",
    "waiting": "… waiting",
    "needs_person": "? needs a person",
    "skipped": "» skipped",
    "cancelled": "⊘ cancelled",
}
_REST = ("failed", "needs_person", "blocked", "cancelled", "waiting", "skipped")
_LEAST_WAIT_S = 0.001
"""Shorter waits are the time that asking takes."""


# ---- numbers -------------------------------------------------------------------------------------


def duration(seconds: float | None) -> str:
    """Seconds for people: `40 ms`, `2.4 s`, `3 min 12 s`, `1 h 02 min`, `2 d 03 h`; `—` for None."""
    if seconds is None:
        return "—"
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.0005 else "< 1 ms" if seconds else "0 s"
    if seconds < 59.95:
        return f"{seconds:.{2 if seconds < 9.995 else 1}f}".rstrip("0").rstrip(".") + " s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = whole // 60
    if minutes < 2880:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // 1440} d {minutes // 60 % 24:02} h"


def took(seconds: float | None) -> str:
    """A recorded time, kept to the millisecond: 0 is less than one."""
    return "< 1 ms" if seconds == 0 else duration(seconds)


def percent(share: float | None) -> str:
    """A share of 1 as per cent; never 100 % for what is not all, never 0 % for what is something."""
    if share is None:
        return "—"
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    return f"{max(0.001, min(share, 0.999)) * 100 if share < 1 else share * 100:.1f} %"


def memory(kib: float | None) -> str:
    """KiB for people; `—` where nothing was recorded."""
    if not kib:
        return "—"
    return f"{kib / 1024:.0f} MiB" if kib < 1024 * 1024 else f"{kib / 1024 / 1024:.1f} GiB"


def throughput(per_s: float | None) -> str:
    """Tasks over time, in the unit that leaves a number one can picture."""
    if not per_s:
        return "—"
    for unit, span_s in (("s", 1.0), ("min", 60.0)):
        if per_s * span_s >= 1:
            return f"{per_s * span_s:,.2f} tasks/{unit}"
    return f"{per_s * 3600:,.2f} tasks/h"


def counted(count: int, noun: str) -> str:
    """`1 task`, `2 tasks`, `12,000 tasks`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def utc(unix: float | None) -> str | None:
    """A time for people and for machines, with its zone named."""
    return None if unix is None else f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d %H:%M:%S} UTC"


def period(begin_utc: str | None, end_utc: str | None) -> str:
    """From when to when; the day said once."""
    if begin_utc is None:
        return "not started"
    if end_utc is None:
        return f"since {begin_utc}"
    end = end_utc[11:] if end_utc[:10] == begin_utc[:10] else end_utc
    return f"{begin_utc.removesuffix(' UTC')} to {end}"


def left_out(count: int, noun: str) -> str:
    """What a bounded list does not show; "" where it shows all."""
    return f"… and {counted(count, f'more {noun}')}: see report.json." if count > 0 else ""


# ---- sentences -----------------------------------------------------------------------------------


def how_many_done(counts: Mapping[str, int]) -> str:
    """`5 of 13 tasks done (6 failed, 2 blocked)`. What was skipped is not counted among all."""
    names = {"needs_person": "need a person", "waiting": "still to do"}
    rest = [f"{counts[state]:,} {names.get(state, state)}" for state in _REST if counts[state]]
    others = f" ({', '.join(rest)})" if rest else ""
    return f"{counts['done']:,} of {counted(counts['total'] - counts['skipped'], 'task')} done{others}"


def headline(summary: Summary, window_s: float | None) -> str:
    """The whole run in a sentence or two.   window_s: of the first rate; None: there was none."""
    done = how_many_done(summary.tasks)
    if not summary.attempts:
        return f"{done}; nothing was started.{_so_far(summary)}"
    limits = f"never more than {summary.most_in_flight} at once"
    if window_s is not None:
        limits += f" and {counted(summary.most_starts_in_window, 'start')} in any {duration(window_s)}"
    return f"{done} in {duration(summary.makespan_s)}, {limits}.{_so_far(summary)}"


def _so_far(summary: Summary) -> str:
    if summary.state == "held":
        until = f" until {utc(summary.until_unix)}" if summary.until_unix else ""
        return f" Held back{until}: the same command goes on."
    return {
        "interrupted": " Interrupted: the same command goes on.",
        "running": " The run is still at work: this is how it stands.",
        "killed": " The runner was killed: the same command goes on.",
        "error": " The journal or its disk failed: the same command goes on once that is mended.",
    }.get(summary.state, "")


def named(row: Plain) -> str:
    """A task by id and title."""
    return f"{row['task']}: {row['title']}" if row["title"] not in ("", row["task"]) else str(row["task"])


def group_title(group: Plain) -> str:
    """What failures that are alike have in common."""
    return f"{group['class'] or 'failed'}: {counted(group['count'], 'task')}"


def state_words(row: Plain) -> str:
    """A task's state, with what it waits for or is blocked by."""
    words = str(STATES.get(row["state"], row["state"]))
    if row["state"] == "blocked" and row["reason"]:
        return f"{words} by {row['reason']}"
    return f"{words} until {row['until_utc']}" if row["until_utc"] else words


def reason_words(reason: str) -> str:
    """A reason for waiting as words."""
    own = {
        "slot": "a free slot",
        "rate": "the rate",
        "retries": "the budget of retries",
        "unhealthy": "health",
    }
    return own.get(reason, reason.replace("_", " "))


# ---- tables --------------------------------------------------------------------------------------


def chosen_tasks(report: Plain) -> list[Plain]:
    """The rows that are shown: all, or those that are not done first."""
    rows: list[Plain] = list(report["tasks"])
    if len(rows) > MOST_TASKS:
        rows.sort(key=lambda row: row["state"] in ("done", "skipped"))
    return rows[:MOST_TASKS]


def run_rows(report: Plain) -> list[Row]:
    """What was run, and when."""
    run, counts = report["run"], report["summary"]["tasks"]
    rows: list[Row] = [
        ("State", report["summary"]["state"]),
        ("Success rate", percent(report["summary"]["success_rate"])),
    ]
    rows += [(name.replace("_", " ").capitalize(), f"{count:,}") for name, count in counts.items() if count]
    rows += [("Attempts", f"{report['summary']['attempts']:,}")]
    rows += [("Roadmap", run["roadmap"]), ("Format, order", f"{run['format']}, {run['order']}")]
    return [*rows, ("When", period(run["started_utc"], run["ended_utc"]))]


def phases_table(report: Plain) -> tuple[Row, list[Row]]:
    """A line for each phase."""
    rows: list[Row] = []
    for line in report["phases"][:MOST_PHASES]:
        states = ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in line["states"].items())
        phase = line["phase"] or "(no phase)"
        rows.append((phase, f"{line['total']:,}", states, f"{line['attempts']:,}", took(line["took_s"])))
    more = len(report["phases"]) - len(rows) + report["phases_left_out"]
    if more > 0:
        rows.append((left_out(more, "phase"), "", "", "", ""))
    return ("Phase", "Tasks", "States", "Attempts", "Work"), rows


def safety_rows(report: Plain) -> list[Row]:
    """Each safeguard: what it promises, what this run shows."""
    seen = report["safety"]
    limit = seen["concurrency_limit"]
    at_once = "no limit" if limit is None else f"at most {limit:,}"
    kept = "attempts in flight at a kill run again, once"
    return [
        ("Tasks at once", at_once, f"at most {seen['most_in_flight']:,}"),
        *_start_rows(seen),
        ("Health checks", "only a well server gets work", _health(seen)),
        (
            "Retries",
            f"at most {seen['retries_limit']} a task, unless it says otherwise",
            f"{seen['retries']:,}",
        ),
        ("Throttles", "wait, and use up no attempt", f"{seen['throttles']:,}"),
        ("Pauses asked for by the server", "hold for all tasks", _pauses(seen)),
        ("Breaker", "opens when half of the last calls failed", _breaker(seen)),
        ("Limits changed", "hold from then on", _times(seen["limits_changes"])),
        ("Kills survived", kept, _kills(seen)),
        *(_wait_row(*wait) for wait in seen["waits"].items() if wait[1]["wait_s"] >= _LEAST_WAIT_S),
    ]


def _start_rows(seen: Plain) -> list[Row]:
    if not seen["rates"]:
        return [("Starts", "no limit", f"{seen['starts']:,} in all")]
    rows = list[Row]()
    for rate in seen["rates"]:
        span, kept = duration(rate["span_s"]), duration(rate["kept_span_s"])
        promised = f"at most {rate['starts']:,} in any {span} (kept for {kept})"
        rows.append(("Starts", promised, f"at most {rate['most_starts']:,}"))
    return rows


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count:,} times")


def _health(seen: Plain) -> str:
    if not seen["health_checks"]:
        return "none asked for"
    failed = seen["health_checks_failed"]
    return f"{seen['health_checks']:,}, {f'{failed:,} failed' if failed else 'none failed'}"


def _pauses(seen: Plain) -> str:
    return f"{seen['pauses']:,}, {duration(seen['pause_s'])} in all" if seen["pauses"] else "none"


def _breaker(seen: Plain) -> str:
    if not seen["breaker_trips"]:
        return "never opened"
    return f"opened {_times(seen['breaker_trips'])}, {counted(seen['breaker_trials_failed'], 'trial')} failed"


def _kills(seen: Plain) -> str:
    again = f"{counted(seen['attempts_interrupted'], 'attempt')} interrupted"
    if not seen["kills_survived"]:
        return f"no kill; {again}" if seen["attempts_interrupted"] else "no kill"
    return f"{counted(seen['kills_survived'], 'kill')}; {again}"


def _wait_row(reason: str, wait: Plain) -> Row:
    times = f"{duration(wait['wait_s'])} before {counted(wait['starts'], 'start')}"
    longest = f", longest {duration(wait['longest_wait_s'])}" if wait["starts"] > 1 else ""
    return (f"Waited for {reason_words(reason)}", "waiting is not failing", f"{times}{longest}")


def performance_rows(report: Plain) -> list[Row]:
    """How fast, and at what cost."""
    of = report["performance"]
    rows: list[Row] = [
        ("Makespan: first start to last end", duration(of["makespan_s"])),
        ("Lower bound: no schedule under these limits is faster", duration(of["lower_bound_s"])),
        ("Efficiency: lower bound / makespan", percent(of["efficiency"])),
        ("Throughput", throughput(of["throughput_per_s"])),
    ]
    names = (("mean", "mean"), ("median (p50)", "p50"), ("p95", "p95"), ("longest", "longest"))
    rows += [(f"Time of a task: {words}", took(of[f"task_{name}_s"])) for words, name in names]
    return [
        *rows,
        ("Runner: CPU", duration(of["runner_cpu_s"])),
        ("Runner: most memory", memory(of["runner_max_rss_kib"])),
        ("Tasks: CPU of their processes", duration(of["tasks_cpu_s"]) if of["tasks_cpu_s"] else "—"),
        ("Tasks: most memory of one", _memory_of_tasks(of)),
    ]


def _memory_of_tasks(of: Plain) -> str:
    """Linux counts a process from its runner's size on, so that a smaller peak cannot be told."""
    if of["tasks_max_rss_kib"]:
        return memory(of["tasks_max_rss_kib"])
    if of["tasks_cpu_s"] and of["runner_max_rss_kib"]:
        return f"below the runner's {memory(of['runner_max_rss_kib'])}"
    return "—"


def dogfooding_words(report: Plain) -> str:
    """How much of the work our own code generation did, said honestly."""
    of = report["dogfooding"]
    kinds = ", ".join(f"{count:,} by {kind}" for kind, count in of["kinds"].items()) or "none"
    share = percent(of["done_by_generate"] / of["done"]) if of["done"] else "—"
    words = f"Done by beastmode's own code generation: {of['done_by_generate']:,} of {of['done']:,} tasks ({share})."
    missing = " That kind of task (generate) is not built yet." if not of["done_by_generate"] else ""
    return f"{words}{missing} How the tasks were done: {kinds}."


def dogfooding_table(report: Plain) -> tuple[Row, list[Row]]:
    """Tasks by category."""
    counts = report["dogfooding"]["categories"].items()
    rows: list[Row] = [(name, f"{count['total']:,}", f"{count['done']:,}") for name, count in counts]
    return ("Category", "Tasks", "Done"), rows


def sessions_table(report: Plain) -> tuple[Row, list[Row]]:
    """Every turn of a runner at this run."""
    rows: list[Row] = [
        (
            str(line["session"]),
            line["state"],
            line["started_utc"],
            duration(line["length_s"]),
            f"{line['attempts']:,}",
        )
        for line in report["sessions"]
    ]
    return ("Session", "Ended as", "From", "Length", "Attempts"), rows


def proof_words(report: Plain) -> str:
    """What the digest is."""
    return (
        f"Every figure comes from the journal {report['journal']}, events of {report['run']['run_id']} up to number "
        f"{report['last_seq']:,}; scripts/check_report.py computes them again. SHA-256 of these events:"
    )
