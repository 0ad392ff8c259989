"""The driver: every row, its contenders in interleaved rounds, as Markdown on stdout.

python -m bench [row ...] [--rounds N] [--shrink N]
"""

from __future__ import annotations

import argparse
import sys
import time

from bench import (
    coding,
    commands,
    dashboard,
    gateway,
    gateway_hit,
    gateway_memory,
    gateway_stream,
    noop,
    paced,
    queued,
    start,
    worktrees,
)
from bench.contest import contest, table

ROWS = {
    "paced": paced.ROW,
    "noop": noop.ROW,
    "commands": commands.ROW,
    "queued": queued.ROW,
    "start": start.ROW,
    "coding": coding.ROW,
    "worktrees": worktrees.ROW,
    "gateway": gateway.ROW,
    "gateway-stream": gateway_stream.ROW,
    "gateway-hit": gateway_hit.ROW,
    "gateway-memory": gateway_memory.ROW,
    "dashboard": dashboard.ROW,
}


def run(arguments: list[str]) -> None:
    """Play the rows that are asked for, and print each as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "rows", nargs="*", metavar="row", help=f"of {', '.join(ROWS)}; default: all but those that take long"
    )
    parser.add_argument("--rounds", type=int, default=0, help="instead of each row's own number")
    parser.add_argument("--shrink", type=int, default=1, help="divide all sizes, for a quick look")
    asked = parser.parse_args(arguments)
    for name in asked.rows:
        if name not in ROWS:
            parser.error(f"there is no row {name!r}; choose of {', '.join(ROWS)}")
    for name in asked.rows or [name for name, row in ROWS.items() if not row.seldom]:
        row, began = ROWS[name], time.monotonic()
        rounds = asked.rounds or row.rounds
        results = contest(row, rounds, asked.shrink)
        print(
            f"### {row.title}\n\nTarget: {row.target}. {rounds} rounds, {time.monotonic() - began:.0f} s.\n"
        )
        print(f"{table(row, results)}\n", flush=True)


if __name__ == "__main__":
    run(sys.argv[1:])
