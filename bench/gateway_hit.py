"""The same chat completion again and again: what an answer from the cache takes. The upstream has ended by then."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from bench import gateway_servers as servers
from bench.contest import Contender, Figures, Row, main
from bench.gateway_load import AT_ONCE, load, measured
from bench.gateway_servers import BODY, PATH, Front

ROW = Row(
    module="bench.gateway_hit",
    title=f"gateway: exact hit, recorded, {AT_ONCE} at once",
    unit="requests/s",
    better="higher",
    target="at most 80 µs of CPU a request, at least 0.4 of the bare application",
    sizes={"beastmode": 20_000, "nginx": 40_000, "bare uvicorn": 40_000, "LiteLLM": 400},
    rounds=3,
)


def hit(front: Front, size: int) -> Figures:
    """`size` requests after a few that fill the cache; none of them can be answered by the upstream."""
    with ExitStack() as upstream_lives:
        upstream = upstream_lives.enter_context(servers.json_upstream())
        with front(upstream.url) as served:
            load(served, PATH, BODY, max(1, size // 10))
            upstream_lives.close()
            return measured(served, PATH, BODY, size)


CONTENDERS: dict[str, Contender] = {
    "beastmode": partial(hit, servers.beast_cached),
    "nginx": partial(hit, servers.nginx_cached),
    "bare uvicorn": partial(hit, servers.bare),
    "LiteLLM": partial(hit, servers.litellm_cached),
}

if __name__ == "__main__":
    main(CONTENDERS)
