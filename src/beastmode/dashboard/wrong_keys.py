"""Wrong keys: whoever shows one after the other waits. Pure: time is passed in."""

from __future__ import annotations

from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address

MOST, SPAN_S = 10, 60.0
"""A key has 192 random bits or more, so nobody can try them all; this keeps who tries from being in the way."""
_MOST_ADDRESSES = 10_000


class WrongKeys:
    """At most MOST wrong keys from one address in any SPAN_S seconds; of IPv6, from one network of 64 bits.

    Of very many addresses those are forgotten that were heard of longest ago.
    """

    def __init__(self) -> None:
        self._shown: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str, now_s: float) -> float:
        """How long this address waits until it may show a key again; 0.0 where it may."""
        shown = self._shown.get(_network(address))
        if shown is None or len(shown) < MOST:
            return 0.0
        return max(0.0, shown[0] + SPAN_S - now_s)

    def note(self, address: str, now_s: float) -> None:
        """It has shown a wrong one."""
        network = _network(address)
        shown = self._shown.setdefault(network, deque(maxlen=MOST))
        shown.append(now_s)
        self._shown.move_to_end(network)
        if len(self._shown) > _MOST_ADDRESSES:
            self._shown.popitem(last=False)


def _network(address: str) -> str:
    try:
        known = ip_address(address)
    except ValueError:
        return ""
    return known.exploded[:19] if isinstance(known, IPv6Address) else address
