"""The report as one self-contained page: no script, nothing loaded. A view of report.json's content."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from beastmode.runner import report_markdown as words

Plain = Mapping[str, Any]

MOST_TICKS = 5
_NICE = (1, 2, 5, 10)

_STATE_TITLES = {
    "done": "All done",
    "failed": "Some failed",
    "held": "Held back",
    "interrupted": "Interrupted",
    "running": "Not ended",
    "error": "Journal trouble",
}
_LEGEND = {
    "wait": "waiting before a start",
    "done": "done",
    "retry": "failed, tried again",
    "failed": "failed",
    "waiting": "throttled",
    "interrupted": "interrupted",
    "cancelled": "cancelled",
    "running": "running",
}

_STYLE = """
:root { color-scheme: light dark; --paper: #f6f7f9; --card: #fff; --ink: #191d24; --soft: #5a6472;
  --line: #e2e6ec; --done: #23875a; --failed: #cf3f3f; --retry: #c98a10; --waiting: #2f74c0;
  --interrupted: #7d5bbe; --cancelled: #7b8593; --running: #178a99; --wait: #d3dae4; --accent: #2f74c0 }
@media (prefers-color-scheme: dark) { :root { --paper: #111419; --card: #191e26; --ink: #e8ecf2;
  --soft: #9ba6b5; --line: #2b323d; --done: #3fb27f; --failed: #ef6a6a; --retry: #e0ab3d; --waiting: #5fa2e6;
  --interrupted: #a78be0; --cancelled: #8f99a8; --running: #45b8c7; --wait: #39424f; --accent: #7db4ee } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5; -webkit-text-size-adjust: 100%;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
main { max-width: 74rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem }
h1 { font-size: 2rem; line-height: 1.2; letter-spacing: -.02em; margin: .35rem 0 .6rem; overflow-wrap: anywhere }
h2 { font-size: 1.15rem; letter-spacing: -.01em; margin: 0 0 .9rem }
h3 { font-size: 1rem; margin: 0 0 .3rem; overflow-wrap: anywhere }
p { margin: 0 0 .75rem; max-width: 70ch; overflow-wrap: anywhere }
a { color: var(--accent); overflow-wrap: anywhere }
.lead { font-size: 1.15rem; color: var(--ink) }
.soft, caption, small { color: var(--soft) }
.badge { display: inline-block; padding: .1rem .7rem; border-radius: 1rem; font-size: .85rem; font-weight: 600;
  color: var(--card); background: var(--cancelled) }
.badge.done { background: var(--done) } .badge.failed, .badge.error { background: var(--failed) }
.badge.held { background: var(--waiting) } .badge.interrupted { background: var(--interrupted) }
section { background: var(--card); border: 1px solid var(--line); border-radius: .8rem; padding: 1.4rem 1.5rem;
  margin-top: 1.25rem }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1.5rem 0 0;
  padding: 0 }
.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: .8rem; padding: .9rem 1rem }
.tiles dt { font-size: .8rem; color: var(--soft) } .tiles dd { margin: 0 }
.tiles b { display: block; font-size: 1.6rem; line-height: 1.25; letter-spacing: -.02em }
.tiles small { font-size: .8rem }
.share { display: block; width: 100%; height: .6rem; margin-top: 1.25rem; border-radius: .3rem }
b, td, .num { font-variant-numeric: tabular-nums }
table { border-collapse: collapse; width: 100%; font-size: .92rem }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .8rem; padding: 0 .8rem .4rem 0 }
td { border-top: 1px solid var(--line); padding: .45rem .8rem .45rem 0; vertical-align: top; overflow-wrap: anywhere }
td:last-child, th:last-child { padding-right: 0 }
.num { text-align: right; white-space: nowrap }
td small { display: block }
.state { white-space: nowrap; font-weight: 600 } .state.done { color: var(--done) }
.state.failed { color: var(--failed) } .state.waiting { color: var(--waiting) }
.state.blocked, .state.skipped, .state.cancelled { color: var(--soft) } .state.needs_person { color: var(--retry) }
ol, ul { margin: 0; padding-left: 1.2rem } li { margin: .35rem 0 }
code { font: .87em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace }
pre { margin: .3rem 0 .8rem; padding: .6rem .8rem; background: var(--paper); border: 1px solid var(--line);
  border-radius: .5rem; white-space: pre-wrap; overflow-wrap: anywhere }
.group { border-left: 3px solid var(--failed); padding-left: 1rem; margin: 0 0 1.3rem }
details { border-top: 1px solid var(--line); padding: .55rem 0 } details[open] { padding-bottom: 1rem }
summary { cursor: pointer; font-weight: 600; overflow-wrap: anywhere } summary span { font-weight: 400 }
details table { margin-top: .7rem; table-layout: fixed }
details th:nth-child(2) { width: 24% } details th:nth-child(3) { width: 5rem } details th:nth-child(4) { width: 6rem }
.legend { list-style: none; padding: 0; margin: 0 0 1rem; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem;
  font-size: .82rem; color: var(--soft) }
.legend svg { width: .8rem; height: .8rem; margin-right: .4rem; vertical-align: -.08rem; border-radius: .2rem }
.rows { list-style: none; padding: 0 }
.rows li { display: grid; grid-template-columns: 15rem 1fr 11rem; gap: 0 1rem; align-items: center; margin: 0;
  font-size: .85rem; min-height: 1.65rem }
.rows li:not(.axis):hover { background: var(--paper) }
.name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap } .name b { font-weight: 600 }
.rows li > .soft { white-space: nowrap }
.rows svg { display: block; width: 100%; height: 1rem; overflow: visible } .axis svg { height: 1.3rem }
.axis text { font-size: .72rem; fill: var(--soft) }
.tick { stroke: var(--line) } .session { stroke: var(--interrupted); stroke-dasharray: 3 2 }
rect { stroke-width: 1 }
.done-bar { fill: var(--done); stroke: var(--done) } .retry-bar { fill: var(--retry); stroke: var(--retry) }
.failed-bar { fill: var(--failed); stroke: var(--failed) }
.waiting-bar { fill: var(--waiting); stroke: var(--waiting) }
.interrupted-bar { fill: var(--interrupted); stroke: var(--interrupted) }
.cancelled-bar, .blocked-bar, .skipped-bar { fill: var(--cancelled); stroke: var(--cancelled) }
.running-bar { fill: var(--running); stroke: var(--running) } .needs_person-bar { fill: var(--retry) }
.wait-bar { fill: var(--wait); stroke: none }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.25rem; align-items: start }
@media (max-width: 46rem) {
  main { padding: 1.25rem .9rem 3rem } h1 { font-size: 1.5rem } .lead { font-size: 1.05rem }
  section { padding: 1.1rem 1rem }
  .tiles { grid-template-columns: 1fr 1fr; gap: .55rem } .tiles b { font-size: 1.35rem }
  .two { display: block }
  .rows li { grid-template-columns: 1fr auto; padding: .35rem 0 } .rows svg { grid-column: 1 / 3;
  grid-row: 2 } .axis span { display: none } table { font-size: .86rem } td, th { padding-right: .6rem }
  details th:nth-child(3) { width: 4.4rem } details th:nth-child(4) { width: 4.4rem } }
@media print { body { background: none } section, .tiles div { break-inside: avoid } }
"""


def page(report: Plain, logs: str) -> str:
    """The whole page.   report: `Report.as_json()`, made printable.   logs: their folder, seen from the page."""
    parts = [
        _header(report),
        _section("Next steps", _steps(report["next_steps"])),
        _section("What failed", _failures(report["failures"], logs)) if report["failures"] else "",
        _section("Timeline", _timeline(report)) if report["timeline"]["rows"] else "",
        _section("Tasks by phase", _phases(report)),
        _section("Safety", _table(("Safeguard", "Promised", "Seen in this run"), words.safety_rows(report))),
        '<div class="two">',
        _section("Performance", _table(("Figure", "Value"), words.performance_rows(report))),
        _section("Dog-fooding", _dogfooding(report)),
        "</div>",
        _section("Sessions", _table(*words.sessions_table(report))),
        _section("Proof", _proof(report)),
    ]
    return _document(report, "\n".join(part for part in parts if part))


def _document(report: Plain, body: str) -> str:
    # The hash lets this one style in and no other: not even a text that got past the escaping could restyle the
    # page, load anything or send anything.
    allowed = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    title = f"{report['run']['title'] or report['run']['run_id']}: execution report"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )


def _text(value: object) -> str:
    return escape(str(value), quote=True)


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{_text(title)}</h2>\n{body}\n</section>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    titles = "".join(f'<th scope="col">{_text(title)}</th>' for title in head)
    lines = ["<tr>" + "".join(f"<td><bdi>{_text(cell)}</bdi></td>" for cell in row) + "</tr>" for row in rows]
    return f"<table><thead><tr>{titles}</tr></thead><tbody>\n" + "\n".join(lines) + "\n</tbody></table>"


# ---- the top -------------------------------------------------------------------------------------


def _header(report: Plain) -> str:
    run, state = report["run"], report["summary"]["state"]
    times = f"{run['started_utc']} to {run['ended_utc'] or 'now'}" if run["started_utc"] else ""
    return (
        f'<header>\n<span class="badge {_text(state)}">{_text(_STATE_TITLES.get(state, state))}</span>\n'
        f"<h1><bdi>{_text(run['title'] or 'Execution report')}</bdi></h1>\n"
        f'<p class="lead">{_text(report["headline"])}</p>\n'
        f'<p class="soft">Run {_text(run["run_id"])} of <bdi>{_text(run["roadmap"])}</bdi>, {_text(times)}</p>\n'
        f"{_share(report['summary']['tasks'])}\n{_tiles(report)}\n</header>"
    )


def _share(counts: Mapping[str, int]) -> str:
    """One bar of how the tasks stand."""
    bars, at = [], 0.0
    for state in ("done", "failed", "needs_person", "blocked", "cancelled", "waiting", "skipped"):
        width = 100 * counts[state] / counts["total"] if counts["total"] else 0.0
        kind = "wait" if state in ("waiting", "skipped") else state
        if width:
            bars.append(_bar(kind, at, width, f"{state.replace('_', ' ')}: {counts[state]:,}"))
        at += width
    names = ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in counts.items() if count)
    return f'<svg class="share" role="img" aria-label="Tasks: {_text(names)}">{"".join(bars)}</svg>'


def _bar(kind: str, at: float, width: float, title: str, height: str = "100%", y: str = "0") -> str:
    return (
        f'<rect class="{_text(kind)}-bar" x="{at:.3f}%" y="{y}" width="{width:.3f}%" height="{height}">'
        f"<title>{_text(title)}</title></rect>"
    )


def _tiles(report: Plain) -> str:
    summary, seen, of = report["summary"], report["safety"], report["performance"]
    limit = "no limit" if seen["concurrency_limit"] is None else f"limit {seen['concurrency_limit']:,}"
    asked = summary["tasks"]["total"] - summary["tasks"]["skipped"]
    tiles = [
        ("Tasks done", f"{summary['tasks']['done']:,}", f"of {asked:,}"),
        ("Success rate", words.percent(summary["success_rate"]), f"{summary['attempts']:,} attempts"),
        ("Makespan", words.duration(summary["makespan_s"]), "first start to last end"),
        ("Efficiency", words.percent(of["efficiency"]), f"bound {words.duration(of['lower_bound_s'])}"),
        ("Most at once", f"{seen['most_in_flight']:,}", limit),
    ]
    for rate in seen["rates"][:1]:
        span = words.duration(rate["span_s"])
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
    for group in groups[: words.MOST_GROUPS]:
        tasks = group["tasks"][: words.MOST_IN_GROUP]
        names = "".join(f"<li><bdi>{_text(words.named(task))}</bdi>{_log(task, logs)}</li>" for task in tasks)
        parts.append(
            f'<div class="group"><h3>{_text(words.group_title(group))}</h3><p><code>{_text(group["cause"])}</code></p>'
            f"<p><b>What to do:</b> {_text(group['tip'] or 'see the log')}</p><ul>{names}</ul>"
            f"{_more(group['count'] - len(tasks), 'tasks')}</div>"
        )
    return "\n".join(parts) + _more(len(groups) - words.MOST_GROUPS, "kinds of failure")


def _log(task: Plain, logs: str) -> str:
    if not task["log"]:
        return ""
    name = task["log"].rpartition("/")[2]
    return f' <small>(<a href="{_text(quote(f"{logs}/{name}"))}">{_text(name)}</a>)</small>'


def _proof(report: Plain) -> str:
    digest = f"<pre><code>{_text(report['journal_digest'])}</code></pre>"
    return f"<p>{_text(words.proof_words(report))}</p>{digest}"


def _more(count: int, what: str) -> str:
    return f'<p class="soft">{_text(words.left_out(count, what))}</p>' if count > 0 else ""


# ---- tasks ---------------------------------------------------------------------------------------


def _phases(report: Plain) -> str:
    """A line for each phase that opens to its tasks."""
    rows: dict[str, list[Plain]] = {}
    chosen = words.chosen_tasks(report)
    for row in chosen:
        rows.setdefault(row["phase"], []).append(row)
    phases = report["phases"][: words.MOST_PHASES]
    parts = [_phase(phase, rows.get(phase["phase"], []), len(phases) <= 12) for phase in phases]
    more = len(report["phases"]) - len(phases) + report["phases_left_out"]
    shown = sum(len(rows.get(phase["phase"], ())) for phase in phases)
    left = _more(report["summary"]["tasks"]["total"] - shown, "tasks") + _more(more, "phases")
    return "\n".join(parts) + left


def _phase(phase: Plain, rows: Sequence[Plain], opened: bool) -> str:
    done = phase["states"].get("done", 0)
    figures = f"{done:,} of {phase['total']:,} done, {phase['attempts']:,} attempts, "
    name = f"<bdi>{_text(phase['phase'] or 'Tasks without a phase')}</bdi>"
    head = f'{name} <span class="soft">— {figures}{words.duration(phase["took_s"])} of work</span>'
    titles = '<th scope="col">Task</th><th scope="col">State</th><th scope="col" class="num">Attempts</th>'
    titles += '<th scope="col" class="num">Time</th>'
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>{''.join(map(_task, rows))}</tbody></table>"
    is_open = " open" if opened or done < phase["total"] else ""
    return f"<details{is_open}><summary>{head}</summary>{table if rows else ''}</details>"


def _task(row: Plain) -> str:
    title = (
        f"<small><bdi>{_text(row['title'])}</bdi></small>" if row["title"] not in ("", row["task"]) else ""
    )
    state, _, why = words.state_words(row).partition(" by ")
    by = f"<small>by <bdi>{_text(why)}</bdi></small>" if why else ""
    return (
        f'<tr><td><bdi>{_text(row["task"])}</bdi>{title}</td><td class="state {_text(row["state"])}">{_text(state)}{by}'
        f'</td><td class="num">{row["attempts"]:,}</td><td class="num">{words.duration(row["took_s"])}</td></tr>\n'
    )


def _dogfooding(report: Plain) -> str:
    return f"<p>{_text(words.dogfooding_words(report))}</p>" + _table(*words.dogfooding_table(report))


# ---- the timeline --------------------------------------------------------------------------------


def _timeline(report: Plain) -> str:
    """A row of bars for each task, below one time axis. Bars are placed in per cent, so that they fit any width
    while the text keeps its size."""
    line, states = report["timeline"], {row["task"]: row for row in report["tasks"]}
    length_s = max(line["length_s"], 0.001)
    ticks = ticks_of(length_s)
    grid = "".join(_mark("tick", tick, length_s) for tick in ticks)
    grid += "".join(_mark("session", begin, length_s) for begin in line["sessions_begin_s"][1:])
    rows = [_row(row, states.get(row["task"]), length_s, grid) for row in line["rows"]]
    said = "Time since the run began."
    if len(report["sessions"]) > 1:
        said += " Dashed: a new session; the time between two sessions is left out."
    if line["rows_left_out"]:
        said += f" Shown are {len(rows)} tasks, those that failed and those that took part last; "
        said += f"{line['rows_left_out']:,} more are not drawn."
    ends = {bar["end"] for row in line["rows"] for bar in row["bars"]}
    axis = _axis(ticks, length_s)
    return f'<p class="soft">{said}</p>{_legend(ends)}<ul class="rows">{axis}\n{"".join(rows)}</ul>'


def ticks_of(length_s: float) -> list[float]:
    """Round instants for a time axis, from 0, at most MOST_TICKS + 1."""
    rough = length_s / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(nice for nice in _NICE if nice * power >= rough * (1 - 1e-9))
    return [count * step for count in range(math.floor(length_s / step + 1e-9) + 1)]


def _mark(kind: str, at_s: float, length_s: float) -> str:
    x = f"{100 * at_s / length_s:.3f}%"
    return f'<line class="{kind}" x1="{x}" x2="{x}" y1="-6" y2="22"/>'


def _axis(ticks: Sequence[float], length_s: float) -> str:
    texts = []
    for tick in ticks:
        at = 100 * tick / length_s
        anchor = "start" if at < 4 else "end" if at > 96 else "middle"
        texts.append(f'<text x="{at:.3f}%" y="12" text-anchor="{anchor}">{words.duration(tick)}</text>')
    return f'<li class="axis" aria-hidden="true"><span></span><svg>{"".join(texts)}</svg><span></span></li>'


def _legend(ends: set[str]) -> str:
    items = (
        f'<li><svg aria-hidden="true"><rect class="{end}-bar" width="100%" height="100%"/></svg>{_text(what)}</li>'
        for end, what in _LEGEND.items()
        if end in ends or end == "wait"
    )
    return f'<ul class="legend">{"".join(items)}</ul>'


def _row(row: Plain, task: Plain | None, length_s: float, grid: str) -> str:
    bars = "".join(_attempt(bar, length_s) for bar in row["bars"])
    last = row["bars"][-1]
    count = len(row["bars"]) + row["bars_left_out"]
    result = f"{last['end']}, {words.duration(last['to_s'] - last['from_s'])}"
    result += f", attempt {last['attempt']}" if count > 1 else ""
    title = f" {row['title']}" if task and row["title"] != row["task"] else ""
    label = f"{row['task']}{title}: {result}, from {words.duration(last['from_s'])} on"
    return (
        f'<li><span class="name" title="{_text(words.named(row))}"><bdi><b>{_text(row["task"])}</b>'
        f'<span class="soft">{_text(title)}</span></bdi></span>'
        f'<svg role="img" aria-label="{_text(label)}">{grid}{bars}</svg>'
        f'<span class="soft">{_text(result)}</span></li>\n'
    )


def _attempt(bar: Plain, length_s: float) -> str:
    scale = 100 / length_s
    wait_s, took_s = bar["from_s"] - bar["wait_from_s"], bar["to_s"] - bar["from_s"]
    waited = f"waited {words.duration(wait_s)}"
    title = f"attempt {bar['attempt']}: {_LEGEND.get(bar['end'], bar['end'])} after {words.duration(took_s)}"
    drawn = _bar(bar["end"], bar["from_s"] * scale, took_s * scale, title, "12", "2")
    if wait_s < 0.001:
        return drawn
    return _bar("wait", bar["wait_from_s"] * scale, wait_s * scale, waited, "4", "6") + drawn
