"""Upstream: does a model server answer, take the key, and have the model? For nothing where that is possible.

Asked, in this order: its list of models (free), the model by its name (free), and only where neither proves key
and model, one completion of one token.
"""

from __future__ import annotations

from collections.abc import Mapping

from beastmode.doctor.asking import Asker
from beastmode.doctor.findings import Diagnosis, Fact, Finding
from beastmode.doctor.keys import key_in
from beastmode.doctor.limits import limits_in
from beastmode.doctor.locate import locate
from beastmode.doctor.look import Asked, Look
from beastmode.doctor.prove import prove
from beastmode.doctor.proxies import look_at_proxies

MOST_SKEW_S = 60.0
"""Signed requests and token lifetimes bear about this much; the Date header itself is a second coarse."""


async def look_at_upstream(
    asked: Asked, asker: Asker, seen: Diagnosis, environment: Mapping[str, str]
) -> None:
    """Everything, in the order in which one thing depends on the other; noted in `seen`."""
    upstream = asked.upstream
    key, key_trouble = key_in(asked.variable, environment)
    look = Look(asked, asker, seen, environment, key, key_trouble)
    seen.add(look_at_proxies(upstream.scheme, upstream.host, environment), key_trouble)
    if upstream.named:
        what = f"the address ends with {upstream.named}, which clients add by themselves"
        look.finding("endpoint", what, f"Write {upstream.base}", "not_found_endpoint")
    place = await locate(look)
    if place is not None:
        await prove(look, place)
    _see_clock_and_limits(look)


def _see_clock_and_limits(look: Look) -> None:
    answers = look.asker.answers
    skews = [answer.skew_s for answer in answers if answer.skew_s is not None]
    if skews:
        look.seen.add(clock_seen(min(skews, key=abs), look.upstream.host))
    limits = {line.partition(":")[0]: line for answer in answers for line in limits_in(answer.headers)}
    for line in limits.values():
        look.fact("limits", line)


def clock_seen(skew_s: float, host: str) -> Finding | Fact:
    """What the difference to a server's clock means.   skew_s: above 0 where the server's is ahead."""
    if abs(skew_s) <= MOST_SKEW_S:
        return Fact("clock", f"it agrees with {host} to within a minute")
    way = "behind" if skew_s > 0 else "ahead of"
    what = f"this machine's clock is {abs(skew_s):.0f} s {way} that of {host}"
    tip = "Set it by NTP: timedatectl set-ntp true. Signed requests, TLS and stated reset times depend on it."
    return Finding("clock", what, tip)
