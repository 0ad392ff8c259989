"""A chat completion passed through: what a gateway takes for it, and how many it carries on this machine."""

from __future__ import annotations

from functools import partial

from bench import gateway_servers as servers
from bench.contest import Contender, Figures, Row, main
from bench.gateway_load import AT_ONCE, load, measured
from bench.gateway_servers import BODY, PATH, Front

ROW = Row(
    module="bench.gateway",
    title=f"gateway: pass-through, paced and recorded, {AT_ONCE} at once",
    unit="requests/s",
    better="higher",
    target="at most 300 µs of CPU a request, at least 3 times Portkey",
    sizes={"beastmode": 30_000, "nginx": 40_000, "bare uvicorn": 40_000, "Portkey": 3_000, "LiteLLM": 400},
    rounds=3,
)


def carry(front: Front, size: int) -> Figures:
    """`size` requests, after a tenth as many that warm it up."""
    with servers.json_upstream() as upstream, front(upstream.url) as served:
        load(served, PATH, BODY, max(1, size // 10))
        return measured(served, PATH, BODY, size)


CONTENDERS: dict[str, Contender] = {
    "beastmode": partial(carry, servers.beast),
    "nginx": partial(carry, servers.nginx),
    "bare uvicorn": partial(carry, servers.bare),
    "Portkey": partial(carry, servers.portkey),
    "LiteLLM": partial(carry, servers.litellm),
}

if __name__ == "__main__":
    main(CONTENDERS)
