"""The cache of a server, from its settings."""

from __future__ import annotations

from beastmode.cache.l1_memory import L1Memory
from beastmode.cache.l3_database import L3Database, Limits
from beastmode.cache.stack import PATIENCE_S, Stack
from beastmode.compose.serve_settings import Serving
from beastmode.store.entries_file import cache_path


def stack_for(serving: Serving, patience_s: float = PATIENCE_S) -> Stack | None:
    """Its tiers; None where nothing is to be kept. A database that may keep nothing still hears of a clear.
    patience_s: how long that is waited for."""
    memory, disk = serving.cache_memory_bytes, serving.cache_disk_bytes
    if serving.cache == "off" or not memory + disk:
        return None
    l3 = L3Database(cache_path(serving.home), Limits(disk, serving.cache_ttl_s))
    return Stack(L1Memory(max(1, memory)), l3, patience_s=patience_s)
