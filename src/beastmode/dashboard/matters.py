"""Matters: what needs a person now, the most urgent first, each with what to do and where to look. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from beastmode.dashboard.sources.faults import Fault
from beastmode.dashboard.sources.live import GatewayKilled, GatewayNow, Gauge, UpstreamNow
from beastmode.dashboard.sources.runs import RunLine
from beastmode.dashboard.sources.stats import Figures
from beastmode.dashboard.words import name_of, percent
from beastmode.failures.tips import TIPS, filled
from beastmode.failures.words import one_line

LATELY_S, USUAL_S = 600.0, 86400.0
"""A class of failures is measured in the last ten minutes, against the day before them."""
_AT_LEAST, _TIMES, _SHARE = 5, 2.0, 0.05
"""So many of a class, and twice its usual share; one that was never seen counts from a twentieth of all requests."""
_RUN_S = 86400.0
"""A run that has ended longer ago is history."""
_MOST, _MOST_CHARS = 12, 400
"""Shown at once, and of each; more would hide the rest."""

_NOT_WELL = {"open": "left out", "probing": "on trial", "unhealthy": "left out", "paused": "paused"}
_OF_UPSTREAM = {
    "open": "See what failed there.",
    "probing": "See how the request that is tried ends.",
    "unhealthy": "Look at the server itself, or correct what --health asks.",
    "paused": "Wait, or lower the rate or the concurrency, or raise the quota there.",
}
_KILLER = "Look whether memory was short: journalctl -k, or dmesg, names what the kernel has killed."
_IN_FLIGHT = (
    "Requests that were in flight are among the newest, and are unfinished once a gateway has begun again."
)
_REST = "What else is recorded is shown."
_WAITING = "Nothing is lost: requests wait in line meanwhile."
_OF_RUN = {
    "failed": "Its page says what failed and what to do next.",
    "error": "Its page says what failed and what to do next.",
    "killed": "Give the same command again: it goes on where it was.",
}


@dataclass(frozen=True, slots=True)
class Matter:
    """level: `wrong`, or `person` where somebody is waited for.   what: in a sentence.   until_unix: it passes then.
    route, parts, query: where to look; "" for nowhere.   words: of that link.   times: when what was, in words and as
    an instant.   command: to give, "" for none."""

    level: Literal["wrong", "person"]
    what: str
    tip: str
    route: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    words: str = ""
    until_unix: float | None = None
    times: Sequence[tuple[str, float]] = ()
    command: str = ""


@dataclass(frozen=True, slots=True)
class Lately:
    """Figures of the last ten minutes, and of the day before them."""

    now: Figures
    usual: Figures


def matters_of(
    gateways: Sequence[GatewayNow],
    runs: Sequence[RunLine],
    lately: Lately | None,
    now_unix: float,
    faults: Sequence[Fault] = (),
    killed: Sequence[GatewayKilled] = (),
) -> tuple[list[Matter], int]:
    """They, and how many more there are.   runs: the newest first.   lately: None where that cannot be read.   faults:
    what cannot be.   killed: gateways."""
    every = [
        *map(_of_fault, faults),
        *map(_of_killed, killed),
        *(matter for gateway in gateways for matter in _of_gateway(gateway)),
        *(_of_failures(lately) if lately else ()),
        *(matter for run in runs for matter in _waiting_in(run)),
        *_gone_wrong(runs, now_unix),
    ]
    shown = [_on_a_line(matter) for matter in every[:_MOST]]
    return shown, len(every) - len(shown)


def _on_a_line(matter: Matter) -> Matter:
    """Names of others cannot turn a line around."""
    what, tip, command = (one_line(text, _MOST_CHARS) for text in (matter.what, matter.tip, matter.command))
    return replace(matter, what=what, tip=tip, command=command)


def _of_fault(fault: Fault) -> Matter:
    return Matter("wrong", str(fault), f"{fault.tip} {_REST}".lstrip())


def _of_killed(gateway: GatewayKilled) -> Matter:
    how = "the machine went down" if gateway.machine else "it was killed"
    look = "" if gateway.machine else f"{_KILLER} "
    again = "Start it again with:" if gateway.command else "Start it again."
    return Matter(
        "wrong",
        f"The gateway at {gateway.url} (serve) ended without a word: {how}",
        f"{look}{_IN_FLIGHT} {again}",
        "requests",
        words="The newest requests",
        times=[("at about", gateway.seen_unix), ("it had begun at", gateway.began_unix)],
        command=gateway.command,
    )


def _of_gateway(gateway: GatewayNow) -> Iterator[Matter]:
    for words in gateway.alarms:
        yield Matter(
            "wrong",
            words[:1].upper() + words[1:],
            f"Said by the gateway at {gateway.url}; it goes by itself once that is mended.",
        )
    for upstream in gateway.upstreams:
        if upstream.state != "well":
            yield _of_upstream(upstream)
    for budget in gateway.budgets:
        if budget.most is not None and budget.used >= budget.most:
            yield _of_budget(budget)


def _of_upstream(upstream: UpstreamNow) -> Matter:
    last = f". The last said: {upstream.last}" if upstream.last else ""
    waiting = f", {upstream.waiting} wait in line" if upstream.waiting else ""
    where = upstream.url or upstream.name
    return Matter(
        "wrong",
        f"Upstream {upstream.name} is {_NOT_WELL.get(upstream.state, upstream.state)}{waiting}: {upstream.why}{last}",
        f"{upstream.tip or _OF_UPSTREAM.get(upstream.state, '')} {_WAITING}",
        "requests",
        query={"failed": "on", "upstream": where} if upstream.url else {"failed": "on"},
        words="What failed there",
        until_unix=upstream.paused_until_unix,
    )


def _of_budget(budget: Gauge) -> Matter:
    return Matter(
        "person",
        f"The {budget.name} is used up: {budget.used:g} of {budget.most:g} {budget.unit}".rstrip(),
        "Raise it, with beast keys set NAME --budget … for a key, with a higher --budget for a run.",
        "requests",
        query={"class": "out_of_budget"},
        words="What was refused",
    )


def _of_failures(lately: Lately) -> Iterator[Matter]:
    """Classes that are well above their usual share, the most frequent first."""
    counts = lately.now.classes.items()
    for class_, count in sorted(counts, key=lambda one: -one[1]):
        share = count / max(1, lately.now.received)
        usual = lately.usual.classes.get(class_, 0) / max(1, lately.usual.received)
        if count >= _AT_LEAST and share >= (_TIMES * usual if usual else _SHARE):
            before = f"it is {percent(usual, 1)} else" if usual else "it was not seen the day before"
            yield Matter(
                "wrong",
                f"{name_of(class_)}: {percent(share, 1)} of the requests of the last 10 minutes ({count}); {before}",
                filled(TIPS.get(class_, TIPS["other"]), {}),
                "requests",
                query={"failed": "on", "class": class_},
                words="Which requests",
            )


def _waiting_in(run: RunLine) -> Iterator[Matter]:
    count = run.counts.get("needs_person", 0)
    if count:
        tasks = "1 task needs" if count == 1 else f"{count} tasks need"
        tip = "Its page says which, and what is asked."
        yield Matter(
            "person", f"{tasks} a person in {_named(run)}", tip, "run", {"run": run.name}, words="See which"
        )


def _gone_wrong(runs: Sequence[RunLine], now_unix: float) -> Iterator[Matter]:
    """Of each roadmap its last run counts."""
    seen: set[str] = set()
    for run in runs:
        last = run.roadmap not in seen
        seen.add(run.roadmap)
        at = run.ended_unix or run.began_unix or 0.0
        if last and run.state in _OF_RUN and now_unix - at < _RUN_S:
            failed = run.counts.get("failed", 0)
            more = f" with {failed} failed task{'s' if failed > 1 else ''}" if failed else ""
            what = "was killed" if run.state == "killed" else f"ended {run.state}{more}"
            words = "What to do next"
            yield Matter(
                "wrong", f"{_named(run)} {what}", _OF_RUN[run.state], "run", {"run": run.name}, words=words
            )


def _named(run: RunLine) -> str:
    return f"{run.name} ({run.title or run.roadmap})"
