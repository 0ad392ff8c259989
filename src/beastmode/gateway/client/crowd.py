"""Crowd: how many clients may be connected before those that ask nothing make room."""

from __future__ import annotations

import resource

_OWN_FILES = 64
"""For the ledger, the cache, logs, and the process itself."""


def most_clients() -> int:
    """Three quarters of the files that this process may open: the rest is for upstreams, as a request that cannot reach
    one is worse than an idle client that has to connect again."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return clients_of(files) if files != resource.RLIM_INFINITY else 1 << 62


def clients_of(files: int) -> int:
    """Of so many files, those for clients; >= 1."""
    return max(1, files * 3 // 4 - _OWN_FILES)
