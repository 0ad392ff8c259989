"""What the pages read and what they may ask for: protocols, and the plain values they give.

Whoever mounts the app knows where these come from; nothing here does.
"""

from __future__ import annotations

from dataclasses import dataclass

from beastmode.dashboard.sources.requests import RequestReader
from beastmode.dashboard.sources.runs import RunControl, RunReader


@dataclass(frozen=True, slots=True)
class Sources:
    """All that the app is given."""

    runs: RunReader
    run_control: RunControl
    requests: RequestReader

    def version(self) -> str:
        """What has changed can be seen in it, by the name of the source: `runs=12 requests=7`."""
        return f"runs={self.runs.version()} requests={self.requests.version()}"
