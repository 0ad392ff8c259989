"""The report in Markdown, and the words for its figures, which the page shares. A view of report.json."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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
_SPECIAL = re.compile(r"([\\`*\[\]|~]|(?<!\w)_|_(?!\w))")
_AT_START = re.compile(r"^(\s*)([#+-])")


def markdown(report: Plain) -> str:
    """The whole document.   report: `Report.as_json()`, made printable."""
    parts = [
        f"# {text(report['run']['title'] or 'Execution report')}",
        text(report["headline"]),
        _run(report),
        _steps(report["next_steps"]),
        _failures(report["failures"]),
        _tasks(report),
        _titled("Safety", "What held the run back, and what the limits were held to, seen in this run.")
        + _table(("Safeguard", "Promised", "Seen in this run"), safety_rows(report)),
        _titled("Performance") + _table(("Figure", "Value"), performance_rows(report)),
        _titled("Dog-fooding", dogfooding_words(report)) + _table(*dogfooding_table(report)),
        _titled("Sessions") + _table(*sessions_table(report)),
        _proof(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def text(value: object) -> str:
    """Text of others as text: nothing of it is markup."""
    escaped = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _AT_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", escaped))


def _titled(title: str, words: str = "") -> str:
    return f"## {title}\n\n" + (f"{text(words)}\n\n" if words else "")


def _table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, ["---"] * len(head), *([text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _run(report: Plain) -> str:
    return _table(("Run", report["run"]["run_id"]), run_rows(report))


def _steps(steps: Sequence[Plain]) -> str:
    return _titled("Next steps") + "\n".join(map(_step, steps)).rstrip()


def _step(step: Plain) -> str:
    return f"- {text(step['what'])}" + (f":\n\n      {step['command']}\n" if step["command"] else "")


def _failures(groups: Sequence[Plain]) -> str:
    if not groups:
        return ""
    parts = [_titled("What failed").rstrip()]
    for group in groups[:MOST_GROUPS]:
        names = [f"- {text(named(task))}{_log(task)}" for task in group["tasks"][:MOST_IN_GROUP]]
        parts += [f"### {text(group_title(group))}", text(group["cause"]), f"**Tip:** {text(group['tip'])}"]
        parts += ["\n".join(names), text(left_out(group["count"] - len(names), "tasks"))]
    parts.append(text(left_out(len(groups) - MOST_GROUPS, "kinds of failure")))
    return "\n\n".join(part for part in parts if part)


def _log(task: Plain) -> str:
    return f" — log: {text(task['log'])}" if task["log"] else ""


def _tasks(report: Plain) -> str:
    parts = [_titled("Tasks by phase") + _table(*phases_table(report))]
    rows = [
        (row["phase"], named(row), state_words(row), str(row["attempts"]), duration(row["took_s"]))
        for row in chosen_tasks(report)
    ]
    parts += [_table(("Phase", "Task", "State", "Attempts", "Time of the last"), rows)]
    parts += [text(left_out(report["summary"]["tasks"]["total"] - len(rows), "tasks"))]
    return "\n\n".join(part for part in parts if part)


def _proof(report: Plain) -> str:
    return _titled("Proof", proof_words(report)) + f"    {report['journal_digest']}"


# ---- the words, shared with the page -------------------------------------------------------------


def duration(seconds: float | None) -> str:
    """Seconds for people: `40 ms`, `2.4 s`, `3 min 12 s`, `1 h 02 min`, `2 d 03 h`; `—` for None."""
    if seconds is None:
        return "—"
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms" if seconds else "0 s"
    if seconds < 59.95:
        return f"{seconds:.{2 if seconds < 10 else 1}f}".rstrip("0").rstrip(".") + " s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = whole // 60
    if minutes < 2880:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // 1440} d {minutes // 60 % 24:02} h"


def percent(share: float | None) -> str:
    """A share of 1 as per cent; never 100 % for what is not all."""
    if share is None:
        return "—"
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    return f"{min(share, 0.999) * 100 if share < 1 else share * 100:.1f} %"


def memory(kib: float | None) -> str:
    """KiB for people; `—` where nothing was recorded."""
    return f"{kib / 1024:.0f} MiB" if kib else "—"


def left_out(count: int, what: str) -> str:
    """What a bounded list does not show; "" where it shows all."""
    return f"… and {count:,} more {what}: see report.json." if count > 0 else ""


def named(row: Plain) -> str:
    """A task by id and title."""
    return f"{row['task']}: {row['title']}" if row["title"] not in ("", row["task"]) else str(row["task"])


def group_title(group: Plain) -> str:
    """What failures that are alike have in common."""
    return f"{group['class'] or 'failed'}: {group['count']:,} task{'s' * (group['count'] != 1)}"


def state_words(row: Plain) -> str:
    """A task's state, with what it waits for or is blocked by."""
    words = str(STATES.get(row["state"], row["state"]))
    if row["state"] == "blocked":
        return f"{words} by {row['reason']}"
    return f"{words} until {row['until_utc']}" if row["until_utc"] else words


def chosen_tasks(report: Plain) -> list[Plain]:
    """The rows that are shown: all, or those that are not done first."""
    rows: list[Plain] = list(report["tasks"])
    if len(rows) > MOST_TASKS:
        rows.sort(key=lambda row: row["state"] in ("done", "skipped"))
    return rows[:MOST_TASKS]


def run_rows(report: Plain) -> list[Row]:
    """What was run, and when."""
    run, counts = report["run"], report["summary"]["tasks"]
    ended = run["ended_utc"] or "not ended"
    rows: list[Row] = [
        ("State", report["summary"]["state"]),
        ("Success rate", percent(report["summary"]["success_rate"])),
    ]
    rows += [(name.replace("_", " ").capitalize(), f"{count:,}") for name, count in counts.items() if count]
    rows += [("Roadmap", run["roadmap"]), ("Format, order", f"{run['format']}, {run['order']}")]
    return [*rows, ("From", run["started_utc"] or "—"), ("To", ended)]


def phases_table(report: Plain) -> tuple[Row, list[Row]]:
    """A line for each phase."""
    rows: list[Row] = []
    for line in report["phases"][:MOST_PHASES]:
        states = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in line["states"].items())
        phase = line["phase"] or "(no phase)"
        rows.append((phase, f"{line['total']:,}", states, f"{line['attempts']:,}", duration(line["took_s"])))
    more = len(report["phases"]) - len(rows) + report["phases_left_out"]
    if more > 0:
        rows.append((left_out(more, "phases"), "", "", "", ""))
    return ("Phase", "Tasks", "States", "Attempts", "Time of tasks"), rows


def safety_rows(report: Plain) -> list[Row]:
    """Each safeguard: what it promises, what this run shows."""
    seen = report["safety"]
    limit = seen["concurrency_limit"]
    rows: list[Row] = [
        (
            "Tasks at once",
            "no limit" if limit is None else f"at most {limit}",
            f"at most {seen['most_in_flight']}",
        )
    ]
    for rate in seen["rates"]:
        span, kept = duration(rate["span_s"]), duration(rate["kept_span_s"])
        promised = f"at most {rate['starts']:,} in any {span} (kept for {kept})"
        rows.append(("Starts", promised, f"at most {rate['most_starts']:,}"))
    if not seen["rates"]:
        rows.append(("Starts", "no limit", f"{seen['starts']:,} in all"))
    checks = f"{seen['health_checks']:,}, of them {seen['health_checks_failed']:,} failed"
    breaker = f"tripped {seen['breaker_trips']}, trials failed {seen['breaker_trials_failed']}"
    ended = "attempts in flight at a kill run again, once"
    return [
        *rows,
        ("Health checks", "only a well server gets work", checks if seen["health_checks"] else "none"),
        (
            "Retries",
            f"at most {seen['retries_limit']} a task, unless it says otherwise",
            f"{seen['retries']:,}",
        ),
        ("Throttles", "wait, and use up no attempt", f"{seen['throttles']:,}"),
        ("Pauses asked for by the server", "hold for all tasks", _pauses(seen)),
        ("Breaker", "opens when half of the last calls failed", breaker),
        ("Limits changed", "hold from then on", f"{seen['limits_changes']}"),
        (
            "Kills survived",
            ended,
            f"{seen['kills_survived']}; {seen['attempts_interrupted']} attempts interrupted",
        ),
        *(_wait_row(reason, wait) for reason, wait in seen["waits"].items()),
    ]


def _pauses(seen: Plain) -> str:
    return f"{seen['pauses']:,}, {duration(seen['pause_s'])}" if seen["pauses"] else "none"


def _wait_row(reason: str, wait: Plain) -> Row:
    times = f"{duration(wait['wait_s'])} before {wait['starts']:,} starts"
    longest = f"longest {duration(wait['longest_wait_s'])}"
    return (f"Waited for: {reason.replace('_', ' ')}", "waiting is not failing", f"{times}, {longest}")


def performance_rows(report: Plain) -> list[Row]:
    """How fast, and at what cost."""
    of = report["performance"]
    rows: list[Row] = [
        ("Makespan: first start to last end", duration(of["makespan_s"])),
        ("Lower bound: no schedule under these limits is faster", duration(of["lower_bound_s"])),
        ("Efficiency: lower bound / makespan", _efficiency(of["efficiency"])),
        ("Throughput", f"{of['throughput_per_s']:,.2f} tasks/s" if of["throughput_per_s"] else "—"),
    ]
    names = (("Mean", "mean"), ("Median (p50)", "p50"), ("p95", "p95"), ("Longest", "longest"))
    rows += [(f"{words} of a task", duration(of[f"task_{name}_s"])) for words, name in names]
    runner = f"{duration(of['runner_cpu_s'])}, {memory(of['runner_max_rss_kib'])}"
    tasks = f"{duration(of['tasks_cpu_s'])}, largest {memory(of['tasks_max_rss_kib'])}"
    return [*rows, ("Runner: CPU, memory", runner), ("Tasks: CPU, memory", tasks)]


def _efficiency(share: float | None) -> str:
    if share is not None and share > 1:
        return f"{percent(share)}: the bound counts all sessions and health checks as one run"
    return percent(share)


def dogfooding_words(report: Plain) -> str:
    """How much of the work our own code generation did, said honestly."""
    of = report["dogfooding"]
    kinds = ", ".join(f"{count:,} by {kind}" for kind, count in of["kinds"].items()) or "none"
    words = f"Done by beastmode's own code generation: {of['done_by_generate']:,} of {of['done']:,} tasks."
    missing = " That kind of task (generate) is not built yet." if not of["done_by_generate"] else ""
    return f"{words}{missing} How they were done: {kinds}."


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
