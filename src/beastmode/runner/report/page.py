"""The report as one self-contained page: no script, nothing loaded. A view of report.json."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from beastmode.amounts import counted, duration, percent, took
from beastmode.runner.report import tables, words
from beastmode.runner.report.picture import bar, curve, picture

Plain = Mapping[str, Any]

_MOST_OPEN = 60
"""Tasks of a list whose phases are all shown open."""

_STATE_TITLES = {
    "done": "All done",
    "failed": "Some failed",
    "held": "Held back",
    "interrupted": "Interrupted",
    "running": "Still at work",
    "paused": "Paused",
    "cancelled": "Cancelled",
    "killed": "Runner killed",
    "error": "Journal trouble",
}


def page(report: Plain, logs: str) -> str:
    """The whole page.   report: `Report.as_json()`, made printable.   logs: their folder, seen from the page."""
    failures = report["failures"]
    parts = [
        _header(report),
        _section("What failed, and what to do", _failures(failures, logs)) if failures else "",
        _section("Next steps", _steps(report["next_steps"])),
        _section("Changed elsewhere", _elsewhere(report)) if report["elsewhere"] else "",
        _section("Timeline", picture(report)) if report["timeline"]["rows"] else "",
        _section("Tasks by phase", _phases(report)),
        _section("Safety", _safety(report)),
        '<div class="two">',
        _section("Performance", _table(("Figure", "Value"), tables.performance_rows(report))),
        _section("Dog-fooding", _dogfooding(report)),
        "</div>",
        _section("Plan and actual", _table(*tables.plan_table(report))) if report["plan"] else "",
        _section("Levels found", _levels(report)) if report["levels"] else "",
        _section("What people did", _table(*tables.people_table(report))) if report["people"] else "",
        _section("Sessions", _table(*tables.sessions_table(report))),
        _section("Proof", _proof(report)),
    ]
    return _document(report, "\n".join(part for part in parts if part))


def _elsewhere(report: Plain) -> str:
    said = f'<p class="soft">{_text(words.ELSEWHERE)}</p>'
    return said + _table(*tables.elsewhere_table(report))


def _levels(report: Plain) -> str:
    curves = "".join(curve(line, report["timeline"]["length_s"]) for line in report["levels"])
    said = f'<p class="soft">{_text(words.LEVELS)}</p>'
    return f'{said}<ul class="rows">{curves}</ul>{_table(*tables.levels_table(report))}'


def _document(report: Plain, body: str) -> str:
    # The hash lets this one style in and no other: not even a text that got past the escaping could restyle the
    # page, load anything or send anything.
    style = files("beastmode.runner.report").joinpath("style.css").read_text("utf-8")
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    title = f"{report['run']['title'] or report['run']['run_id']}: execution report"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )


def _text(value: object) -> str:
    return escape(str(value), quote=True)


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{_text(title)}</h2>\n{body}\n</section>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    titles = "".join(f'<th scope="col">{_text(title)}</th>' for title in head)
    lines = ["<tr>" + "".join(f"<td><bdi>{_text(cell)}</bdi></td>" for cell in row) + "</tr>" for row in rows]
    return (
        f'<table class="{kind}"><thead><tr>{titles}</tr></thead><tbody>\n'
        + "\n".join(lines)
        + "\n</tbody></table>"
    )


def _more(count: int, noun: str) -> str:
    return f'<p class="soft">{_text(words.left_out(count, noun))}</p>' if count > 0 else ""


# ---- the top -------------------------------------------------------------------------------------


def _header(report: Plain) -> str:
    run, state = report["run"], report["summary"]["state"]
    when = words.period(run["started_utc"], run["ended_utc"])
    return (
        f'<header>\n<span class="badge {_text(state)}">{_text(_STATE_TITLES.get(state, state))}</span>\n'
        f"<h1><bdi>{_text(run['title'] or 'Execution report')}</bdi></h1>\n"
        f'<p class="lead">{_text(report["headline"])}</p>\n'
        f'<p class="soft">Run {_text(run["run_id"])} of <bdi>{_text(run["roadmap"])}</bdi>, {_text(when)}</p>\n'
        f"{_share(report['summary']['tasks'])}\n{_tiles(report)}\n</header>"
    )


def _share(counts: Mapping[str, int]) -> str:
    """One bar of how the tasks stand."""
    bars, at = [], 0.0
    for state in ("done", "failed", "needs_person", "blocked", "cancelled", "waiting", "skipped"):
        width = 100 * counts[state] / counts["total"] if counts["total"] else 0.0
        kind = "wait" if state in ("waiting", "skipped") else state
        if width:
            bars.append(bar(kind, at, width, f"{state.replace('_', ' ')}: {counts[state]:,}"))
        at += width
    names = ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in counts.items() if count)
    return f'<svg class="share" role="img" aria-label="Tasks: {_text(names)}">{"".join(bars)}</svg>'


def _tiles(report: Plain) -> str:
    summary, seen, of = report["summary"], report["safety"], report["performance"]
    limit = "no limit" if seen["concurrency_limit"] is None else f"limit {seen['concurrency_limit']:,}"
    asked = summary["tasks"]["total"] - summary["tasks"]["skipped"]
    tiles = [
        ("Tasks done", f"{summary['tasks']['done']:,}", f"of {asked:,}"),
        (
            "Success rate",
            percent(summary["success_rate"]),
            counted(summary["attempts"], "attempt"),
        ),
        ("Makespan", duration(summary["makespan_s"]), "first start to last end"),
        ("Efficiency", percent(of["efficiency"]), f"bound {duration(of['lower_bound_s'])}"),
        ("Most at once", f"{seen['most_in_flight']:,}", limit),
    ]
    for rate in seen["rates"][:1]:
        span = duration(rate["span_s"])
        tiles.append((f"Most starts in any {span}", f"{rate['most_starts']:,}", f"limit {rate['starts']:,}"))
    cells = (
        f"<div><dt>{_text(name)}</dt><dd><b>{_text(value)}</b><small>{_text(note)}</small></dd></div>"
        for name, value, note in tiles
    )
    return f'<dl class="tiles">{"".join(cells)}</dl>'


def _steps(steps: Iterable[Plain]) -> str:
    lines = []
    for step in steps:
        command = f"<pre><code>{_text(step['command'])}</code></pre>" if step["command"] else ""
        lines.append(f"<li>{_text(step['what'])}{command}</li>")
    return f"<ol>{''.join(lines)}</ol>"


def _failures(groups: Sequence[Plain], logs: str) -> str:
    parts = []
    for group in groups[: tables.MOST_GROUPS]:
        tasks = group["tasks"][: tables.MOST_IN_GROUP]
        names = "".join(f"<li><bdi>{_text(words.named(task))}</bdi>{_log(task, logs)}</li>" for task in tasks)
        parts.append(
            f'<div class="group"><h3>{_text(words.group_title(group))}</h3><p><code>{_text(group["cause"])}</code></p>'
            f"<p><b>What to do:</b> {_text(group['tip'] or 'see the log')}</p><ul>{names}</ul>"
            f"{_more(group['count'] - len(tasks), 'task')}</div>"
        )
    return "\n".join(parts) + _more(len(groups) - tables.MOST_GROUPS, "cause")


def _log(task: Plain, logs: str) -> str:
    if not task["log"]:
        return ""
    name = task["log"].rpartition("/")[2]
    return f' <small>(<a href="{_text(quote(f"{logs}/{name}"))}">{_text(name)}</a>)</small>'


def _safety(report: Plain) -> str:
    return _table(("Safeguard", "Promised", "Seen in this run"), tables.safety_rows(report), "safeguards")


def _proof(report: Plain) -> str:
    digest = f"<pre><code>{_text(report['journal_digest'])}</code></pre>"
    return f"<p>{_text(tables.proof_words(report))}</p>{digest}"


# ---- tasks ---------------------------------------------------------------------------------------


def _phases(report: Plain) -> str:
    """A line for each phase that opens to its tasks."""
    rows: dict[str, list[Plain]] = {}
    for row in tables.chosen_tasks(report):
        rows.setdefault(row["phase"], []).append(row)
    total = report["summary"]["tasks"]["total"]
    phases = report["phases"][: tables.MOST_PHASES]
    parts = [_phase(phase, rows.get(phase["phase"], []), total <= _MOST_OPEN) for phase in phases]
    shown = sum(len(rows.get(phase["phase"], ())) for phase in phases)
    more = len(report["phases"]) - len(phases) + report["phases_left_out"]
    return "\n".join(parts) + _more(total - shown, "task") + _more(more, "phase")


def _phase(phase: Plain, rows: Sequence[Plain], opened: bool) -> str:
    others = [f"{n:,} {s.replace('_', ' ')}" for s, n in phase["states"].items() if s != "done"]
    figures = ", ".join(
        [
            f"{phase['states'].get('done', 0):,} of {phase['total']:,} done",
            *others,
            counted(phase["attempts"], "attempt"),
            f"{took(phase['took_s'])} of work",
        ]
    )
    name = f"<bdi>{_text(phase['phase'] or 'Tasks without a phase')}</bdi>"
    titles = '<th scope="col">Task</th><th scope="col">State</th><th scope="col" class="num">Attempts</th>'
    titles += '<th scope="col" class="num">Last took</th>'
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>{''.join(map(_task, rows))}</tbody></table>"
    return (
        f"<details{' open' if opened else ''}><summary>{name} "
        f'<span class="soft">— {_text(figures)}</span></summary>{table if rows else ""}</details>'
    )


def _task(row: Plain) -> str:
    title = (
        f"<small><bdi>{_text(row['title'])}</bdi></small>" if row["title"] not in ("", row["task"]) else ""
    )
    state, _, why = words.state_words(row).partition(" by ")
    by = f"<small>by <bdi>{_text(why)}</bdi></small>" if why else ""
    return (
        f'<tr><td><bdi>{_text(row["task"])}</bdi>{title}</td><td class="state {_text(row["state"])}">{_text(state)}{by}'
        f'</td><td class="num">{row["attempts"]:,}</td><td class="num">{took(row["took_s"])}</td></tr>\n'
    )


def _dogfooding(report: Plain) -> str:
    return f"<p>{_text(tables.dogfooding_words(report))}</p>" + _table(*tables.dogfooding_table(report))
