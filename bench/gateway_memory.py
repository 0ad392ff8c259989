"""A million chat completions passed through: does the memory grow?"""

from __future__ import annotations

from functools import partial

from bench import gateway_servers as servers
from bench.contest import Contender, Figures, Row, main
from bench.gateway_load import AT_ONCE, cpu_s, load, memory_mb
from bench.gateway_servers import BODY, PATH, Front

FIRST = 100
"""Memory is looked at first after one in so many requests."""

ROW = Row(
    module="bench.gateway_memory",
    title=f"gateway: memory after 1,000,000 requests beside that after 10,000, {AT_ONCE} at once",
    unit="MB",
    better="lower",
    target="within 20 % of what it was after 10,000 requests",
    sizes={"beastmode": 1_000_000, "nginx": 1_000_000, "Portkey": 100_000, "LiteLLM": 10_000},
    rounds=1,
    seldom=True,
)


def grow(front: Front, size: int) -> Figures:
    """Memory after a hundredth of the requests, and after all."""
    first = max(1, size // FIRST)
    with servers.json_upstream() as upstream, front(upstream.url) as served:
        load(served, PATH, BODY, first)
        first_mb, before_s = memory_mb(served.pid), cpu_s(served.pid)
        done = load(served, PATH, BODY, max(1, size - first)).requests
        last_mb = memory_mb(served.pid)
        also = {f"MB after 1 in {FIRST}": first_mb, "growth, %": 100 * (last_mb / first_mb - 1)}
        return Figures(last_mb, done, also, cpu_s(served.pid) - before_s, last_mb)


CONTENDERS: dict[str, Contender] = {
    "beastmode": partial(grow, servers.beast),
    "nginx": partial(grow, servers.nginx),
    "Portkey": partial(grow, servers.portkey),
    "LiteLLM": partial(grow, servers.litellm),
}

if __name__ == "__main__":
    main(CONTENDERS)
