"""What the limits were held to in a run, and how fast it went: every figure of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from beastmode.events import BREAKER, LIMITS, PAUSED, PROBED
from beastmode.runner import measures
from beastmode.runner.adherence import RateSeen, adherence_of
from beastmode.runner.progress import Progress
from beastmode.runner.summary import Summary
from beastmode.runner.views import AttemptView

Plain = dict[str, Any]


def safety(progress: Progress) -> Plain:
    """Every safety figure of a run, over all its sessions. docs/report.md says what each one means."""
    seen, kept = measures.evidence(progress, progress.rates), adherence_of(progress)
    ends = Counter(attempt.end or "running" for attempt in progress.attempts)
    settings = progress.settings
    return {
        "concurrency_limit": kept.concurrency,
        "most_in_flight": seen.most_in_flight,
        "starts": seen.starts,
        "most_starts_in_window": seen.most_starts_in_window,
        "rates": list(map(_rate, kept.rates)),
        "over_limits": kept.over,
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


def _rate(seen: RateSeen) -> Plain:
    rate, kept_s = seen.rate, round(seen.rate.padded_span_s, 6)
    return {
        "starts": rate.starts,
        "span_s": rate.span_s,
        "kept_span_s": kept_s,
        "most_starts": seen.most_starts,
    }


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
        "throughput_per_s": round(summary.tasks["done"] / makespan_s, 6) if makespan_s else None,
        "runner_cpu_s": round(sum(end.get("cpu_s", 0.0) for end in ends), 3) if ends else None,
        "runner_max_rss_kib": max((end.get("max_rss_kib", 0) for end in ends), default=None),
        "tasks_cpu_s": round(sum(attempt.cpu_s for attempt in progress.attempts), 3),
        "tasks_max_rss_kib": max((attempt.max_rss_kib for attempt in progress.attempts), default=0),
    }
