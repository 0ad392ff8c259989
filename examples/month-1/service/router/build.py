"""Joins the parts of a router: the only file that knows all of them."""

from __future__ import annotations

import time
from collections.abc import Callable

from router.answering import Router
from router.cache import Cache
from router.records import Records
from router.routing import Routing
from router.settings import Settings
from router.stores import Memory
from router.upstream import Ask, over_http


def build(settings: Settings, ask: Ask | None = None, clock: Callable[[], float] = time.time) -> Router:
    """A router as the settings want it.   ask: instead of HTTP, for tests.   clock: Unix time, s."""
    store = Memory(settings.cache_entries)
    routing = Routing(settings.backends)
    cache = Cache(store, settings.cache_ttl_s, clock)
    records = Records(settings.records_kept)
    return Router(routing, ask or over_http(settings.timeout_s), cache, records, clock)
