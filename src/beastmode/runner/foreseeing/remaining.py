"""Remaining: how long a run at work will still take, by what was foreseen and by how fast it goes. Pure."""

from __future__ import annotations

from beastmode.runner.foreseeing.estimate import MOSTLY, Spread
from beastmode.runner.views import SessionView


def left_of(session: SessionView, ended: int, now_unix: float) -> Spread | None:
    """Seconds until the list of a session at work will have come to its end; None where nothing says: nothing was
    foreseen when it began, or most of that was a guess.

    ended: tasks that this session has brought to their end.
    """
    told = session.estimate
    if session.ended is not None or not told or told["guessed"] > MOSTLY:
        return None
    elapsed_s = max(now_unix - session.started.unix_us / 1e6, 0.0)
    return remaining(Spread(**told["seconds"]), min(ended, told["tasks"]), told["tasks"], elapsed_s)


def remaining(told: Spread | None, ended: int, tasks: int, elapsed_s: float) -> Spread | None:
    """Seconds that are left; None where nothing says.

    told: what all of it was to take; None: unknown.   ended: of `tasks`, since the session began `elapsed_s` ago.
    At first it is the share of what was foreseen that is left; the more has ended, the more its pace counts.
    """
    share = ended / tasks if tasks else 1.0
    pace_s = elapsed_s * (1 - share) / share if share else None
    if told is None:
        return None if pace_s is None else Spread(pace_s, pace_s, pace_s)
    # Before anything has ended, what has passed is what is known: a run that is late is not nearly over.
    foreseen = [
        max(of * (1 - share) - (0 if share else elapsed_s), 0.0) for of in (told.low, told.median, told.high)
    ]
    if pace_s is None:
        return Spread(*foreseen)
    return Spread(*(of * (1 - share) + pace_s * share for of in foreseen))
