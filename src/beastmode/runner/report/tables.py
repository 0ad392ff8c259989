"""The tables of a report, as rows of words, shared by its Markdown and its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from beastmode.amounts import counted, duration, percent, took
from beastmode.runner.report.words import left_out, memory, period, reason_words, throughput

Plain = Mapping[str, Any]
Row = Sequence[str]

MOST_TASKS, MOST_GROUPS, MOST_IN_GROUP, MOST_PHASES, MOST_PEOPLE, MOST_ELSEWHERE = 300, 30, 10, 100, 100, 100
"""What a person can still read; report.json has the rest, and the page and this say so."""
_LEAST_WAIT_S = 0.001
"""Shorter waits are the time that asking takes."""


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


def people_table(report: Plain) -> tuple[Row, list[Row]]:
    """What somebody asked for, and what came of it: the last ones."""
    rows: list[Row] = [
        (
            line["at_utc"],
            line["by"] or "—",
            " ".join(filter(None, (line["action"], line["task"]))),
            line["said"] or "—",
            line["effect"] or "not done yet",
            took(line["took_s"]),
        )
        for line in report["people"][-MOST_PEOPLE:]
    ]
    return ("When", "Who", "Asked for", "With", "What came of it", "After"), rows


def elsewhere_table(report: Plain) -> tuple[Row, list[Row]]:
    """What attempts left elsewhere, the last ones, with the commands for it."""
    rows: list[Row] = [
        (f"{line['task']}, attempt {line['attempt']}", line["told"], line["show"] or "—", line["back"] or "—")
        for line in report["elsewhere"][-MOST_ELSEWHERE:]
    ]
    return ("Task", "What", "Look", "Put back"), rows


def levels_table(report: Plain) -> tuple[Row, list[Row]]:
    """What an `auto` has found: how many at once, and why that changed."""
    rows: list[Row] = [
        (
            "Tasks" if line["of"] == "tasks" else f"Requests to {line['of']}",
            f"{line['first']:,}",
            f"{line['lowest']:,} to {line['highest']:,}",
            f"{line['last']:,}",
            ", ".join(f"{why} {count:,}" for why, count in sorted(line["reasons"].items())),
        )
        for line in report["levels"]
    ]
    return ("At once", "At first", "In between", "In the end", "Why it changed, how often"), rows


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
        ("Starts beyond the limits of their time", "none", f"{seen['over_limits']:,}"),
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


_FIGURES = {
    "seconds": "Time",
    "attempts": "Attempts",
    "requests": "Requests",
    "tokens": "Tokens",
    "usd": "Cost, USD",
}
MOST_PLANS = 5
"""Sessions whose plans are shown."""


def plan_table(report: Plain) -> tuple[Row, list[Row]]:
    """What the latest sessions were to take, and have taken."""
    rows: list[Row] = []
    for line in report["plan"][-MOST_PLANS:]:
        where = f"Session {line['session']}: " if len(report["plan"]) > 1 else ""
        rows.append((f"{where}Tasks", f"{line['tasks']:,}", f"{line['tasks_ended']:,} ended", line["source"]))
        rows += [_plan_row(where, name, figure) for name, figure in line["figures"].items()]
    return ("Figure", "Foreseen (nine runs in ten)", "Actual", "Remark"), rows


def _plan_row(where: str, name: str, figure: Plain) -> Row:
    say = _SAY.get(name, "{:,.0f}".format)
    low, median, high, actual = (say(figure[of]) for of in ("low", "median", "high", "actual"))
    told = median if low == high else f"{median} ({low} to {high})"
    return f"{where}{_FIGURES[name]}", told, actual, _judged(figure)


def _judged(figure: Plain) -> str:
    if figure["within"] is None:
        return "it has not come to its end"
    if figure["within"]:
        return "within"
    return "below" if figure["actual"] < figure["low"] else "above"


_SAY: Mapping[str, Callable[[float], str]] = {"seconds": duration, "usd": "{:,.2f}".format}


def dogfooding_words(report: Plain) -> str:
    """How much of the work our own code generation did, said honestly."""
    of = report["dogfooding"]
    kinds = ", ".join(f"{count:,} by {kind}" for kind, count in of["kinds"].items()) or "none"
    share = percent(of["done_by_generate"] / of["done"]) if of["done"] else "—"
    words = f"Done by beastmode's own code generation: {of['done_by_generate']:,} of {of['done']:,} tasks ({share})."
    played = (
        f" Played back from recorded answers: {of['done_by_playback']:,}." if of["done_by_playback"] else ""
    )
    return f"{words}{played} How the tasks were done: {kinds}."


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
