"""What the pages read and what they may ask for: protocols, and the plain values they give.

Whoever mounts the app knows where these come from; nothing here does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from beastmode.dashboard.sources.cache import CacheControl, CacheReader
from beastmode.dashboard.sources.failures import FailureReader
from beastmode.dashboard.sources.live import LiveReader
from beastmode.dashboard.sources.requests import RequestControl, RequestReader
from beastmode.dashboard.sources.runs import RunControl, RunReader
from beastmode.dashboard.sources.settings import HomeReader, KeyReader
from beastmode.dashboard.sources.stats import StatsReader

CLOCK_S = 15
"""A page that says what is now is made anew so often, though nothing was recorded."""


@dataclass(frozen=True, slots=True)
class Sources:
    """All that the app is given.   unix: the time, for pages that say what is now."""

    runs: RunReader
    run_control: RunControl
    requests: RequestReader
    request_control: RequestControl
    failures: FailureReader
    live: LiveReader
    stats: StatsReader
    cache: CacheReader
    cache_control: CacheControl
    keys: KeyReader
    home: HomeReader
    unix: Callable[[], float] = time.time

    def version(self) -> str:
        """What has changed can be seen in it, by the name of the source: `runs=12 logs=3 requests=7`."""
        versions = {
            "runs": self.runs.version(),
            "logs": self.runs.logs_version(),
            "requests": self.requests.version(),
            "live": self.live.version(),
            "stats": self.stats.version(),
            "cache": self.cache.version(),
            "clock": f"{self.unix() // CLOCK_S:.0f}",
        }
        return " ".join(f"{name}={version}" for name, version in versions.items())
