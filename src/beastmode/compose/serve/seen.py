"""Seen: how dashboards see a gateway of their home: the page that it answers them with, and the sign that it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from beastmode.cache.stack import Stack
from beastmode.clock import SYSTEM_CLOCK
from beastmode.compose.serve.caching import tiers_of
from beastmode.compose.serve.settings.choice import Chosen
from beastmode.compose.serve.settings.serving import Serving
from beastmode.compose.serve.settings.told import settings_of
from beastmode.compose.serve.signs import Sign, new_token, url_of
from beastmode.failures.words import masked
from beastmode.gateway.app import Page
from beastmode.gateway.backend import Backend, trouble_of
from beastmode.gateway.door import Door
from beastmode.gateway.now import PATH, Now
from beastmode.store.ledger.writing.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Seen:
    """By whom a gateway may be asked about itself.   of: `serve`, or the run that it belongs to.   chosen: its
    settings.   command: that began it, "" where nobody said.   token: opens its page, and nothing else."""

    of: str
    chosen: Sequence[Chosen] = ()
    command: str = ""
    token: str = field(default_factory=new_token)
    began_unix: float = field(default_factory=SYSTEM_CLOCK.unix)

    @property
    def locked(self) -> Mapping[str, str]:
        """Its page, and what opens it."""
        return {PATH: self.token}

    def page(
        self,
        serving: Serving,
        hide: Callable[[str], str],
        backends: Sequence[Backend],
        door: Door,
        ledger: Ledger,
        stack: Stack | None,
    ) -> Mapping[str, Page]:
        """What is shown there.   hide: takes known secrets out of the settings."""

        def alarms() -> list[str]:
            of_cache = stack.warning if stack else ""
            return [words for words in (trouble_of(backends), ledger.alarm, door.alarm, of_cache) if words]

        now = Now(
            self.of,
            self.began_unix,
            backends,
            door,
            lambda: tiers_of(stack, serving),
            alarms,
            settings_of(self.chosen, hide),
            hide,
            SYSTEM_CLOCK,
        )
        return {PATH: now.page()}

    def sign(self, serving: Serving, port: int) -> Sign:
        """Where it is found, once it listens."""
        url = url_of(serving.host, port, tls=serving.tls_cert is not None)
        return Sign(url, self.token, self.of, self.began_unix, masked(self.command))
