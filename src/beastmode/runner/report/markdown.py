"""The report in Markdown: a view of report.json."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from beastmode.amounts import took
from beastmode.runner.report import tables, words

Plain = Mapping[str, Any]
Row = Sequence[str]

_SPECIAL = re.compile(r"([\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_]))")
_AT_START = re.compile(r"^(\d*)([#+.)-])")


def markdown(report: Plain) -> str:
    """The whole document.   report: `Report.as_json()`, made printable."""
    parts = [
        f"# {text(report['run']['title'] or 'Execution report')}",
        text(report["headline"]),
        _table(("Run", report["run"]["run_id"]), tables.run_rows(report)),
        _failures(report["failures"]),
        _steps(report["next_steps"]),
        _titled("Changed elsewhere", words.ELSEWHERE) + _table(*tables.elsewhere_table(report))
        if report["elsewhere"]
        else "",
        _tasks(report),
        _titled("Safety", "What held the run back, and what the limits were held to, seen in this run.")
        + _table(("Safeguard", "Promised", "Seen in this run"), tables.safety_rows(report)),
        _titled("Performance") + _table(("Figure", "Value"), tables.performance_rows(report)),
        _titled("Plan and actual") + _table(*tables.plan_table(report)) if report["plan"] else "",
        _titled("Dog-fooding", tables.dogfooding_words(report)) + _table(*tables.dogfooding_table(report)),
        _titled("Levels found", words.LEVELS) + _table(*tables.levels_table(report))
        if report["levels"]
        else "",
        _titled("What people did") + _table(*tables.people_table(report)) if report["people"] else "",
        _titled("Sessions") + _table(*tables.sessions_table(report)),
        _titled("Proof", tables.proof_words(report)) + f"    {report['journal_digest']}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def text(value: object) -> str:
    """Text of others as text: nothing of it is markup. Spaces around it, which could make it code, are left out."""
    return _AT_START.sub(r"\1\\\2", inside(value))


def inside(value: object) -> str:
    """The same within a line, as in a cell, where `0.5 s` begins no list and needs no mark."""
    escaped = str(value).strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", escaped)


def _titled(title: str, said: str = "") -> str:
    return f"## {title}\n\n" + (f"{text(said)}\n\n" if said else "")


def _table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, ["---"] * len(head), *([inside(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _steps(steps: Sequence[Plain]) -> str:
    return _titled("Next steps") + "\n".join(map(_step, steps)).rstrip()


def _step(step: Plain) -> str:
    return f"- {text(step['what'])}" + (f":\n\n      {step['command']}\n" if step["command"] else "")


def _failures(groups: Sequence[Plain]) -> str:
    if not groups:
        return ""
    parts = [_titled("What failed, and what to do").rstrip()]
    for group in groups[: tables.MOST_GROUPS]:
        names = [
            f"- {text(words.named(task))}{_log(task)}" for task in group["tasks"][: tables.MOST_IN_GROUP]
        ]
        parts += [f"### {text(words.group_title(group))}", text(group["cause"])]
        parts += [f"**What to do:** {text(group['tip'] or 'see the log')}"]
        parts += ["\n".join(names), text(words.left_out(group["count"] - len(names), "task"))]
    parts.append(text(words.left_out(len(groups) - tables.MOST_GROUPS, "cause")))
    return "\n\n".join(part for part in parts if part)


def _log(task: Plain) -> str:
    return f" — log: {inside(task['log'])}" if task["log"] else ""


def _tasks(report: Plain) -> str:
    parts = [_titled("Tasks by phase") + _table(*tables.phases_table(report))]
    rows = [
        (
            row["phase"],
            words.named(row),
            words.state_words(row),
            str(row["attempts"]),
            took(row["took_s"]),
        )
        for row in tables.chosen_tasks(report)
    ]
    parts += [_table(("Phase", "Task", "State", "Attempts", "Last attempt took"), rows)]
    parts += [text(words.left_out(report["summary"]["tasks"]["total"] - len(rows), "task"))]
    return "\n\n".join(part for part in parts if part)
