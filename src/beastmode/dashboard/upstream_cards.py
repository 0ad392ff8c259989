"""Which upstreams of a gateway have a card on the first page, and which stand behind a fold. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from beastmode.dashboard.sources.live import UpstreamNow

MOST_CARDS = 24
"""Five hundred would hide what stands below them."""


def cards_of(upstreams: Sequence[UpstreamNow]) -> tuple[Sequence[UpstreamNow], Sequence[UpstreamNow]]:
    """Those with a card, and the rest; of many, those come first that are not well, then those that most wait for."""
    if len(upstreams) <= MOST_CARDS:
        return upstreams, ()
    urgent = sorted(upstreams, key=lambda one: (one.state == "well", -one.waiting))
    return urgent[:MOST_CARDS], urgent[MOST_CARDS:]
