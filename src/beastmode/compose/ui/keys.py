"""The keys of a home for the dashboard: what each may do, never what opens them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from beastmode.clock import SYSTEM_CLOCK
from beastmode.compose.ui.files.watch import PATIENCE_S
from beastmode.dashboard.sources.settings import KeyLine
from beastmode.store.keys.file import keys_fault, keys_path
from beastmode.store.keys.key import ALL_MODELS, Key
from beastmode.store.keys.store import KeyStore
from beastmode.store.sqlite.file import file_id


class HomeKeys:
    """A `KeyReader` of the keys in `home`, where there may be none. Thread-safe."""

    def __init__(self, home: Path) -> None:
        self._path = keys_path(home)
        self._lock = threading.Lock()

    def keys(self) -> Sequence[KeyLine]:
        try:
            if file_id(self._path) is None:
                return []
        except OSError as error:
            raise keys_fault(error, self._path) from error
        with self._lock, closing(KeyStore(self._path, durable=False, busy_s=PATIENCE_S)) as store:
            keys = store.all()
        now = SYSTEM_CLOCK.unix()
        lines = [_line(key, now) for key in keys]
        return sorted(lines, key=lambda line: (line.state != "valid", line.name))


def _line(key: Key, now_unix: float) -> KeyLine:
    return KeyLine(
        key.name,
        key.id,
        key.state(now_unix),
        _limits(key),
        sorted(key.limits.rights),
        key.used_unix,
        key.created_unix,
    )


def _limits(key: Key) -> str:
    limits = key.limits
    parts = ["any model"] if limits.models == ALL_MODELS else [f"models {', '.join(limits.models)}"]
    parts += [str(rate) for rate in limits.rates]
    parts += [str(allowance) for allowance in limits.allowances]
    if limits.expires_unix is not None:
        parts.append(f"until {datetime.fromtimestamp(limits.expires_unix, UTC):%Y-%m-%d %H:%M} UTC")
    return ", ".join(parts)
