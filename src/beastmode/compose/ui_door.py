"""The key of a home's dashboard: whoever can read its file can change what the pages show."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from beastmode.dashboard.visitor import Visitor
from beastmode.runner.home import prepare_home

_NAME = "dashboard.key"


def home_key(home: Path) -> str:
    """The key, made when it is first asked for; only its owner can read the file. Raises BeastError."""
    prepare_home(home)
    path = home / _NAME
    made = path.with_name(f"{_NAME}.{os.getpid()}")
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        with os.fdopen(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
    try:
        os.link(made, path)  # whoever comes first decides, and nobody sees half of it
    except FileExistsError:
        pass
    finally:
        made.unlink()
    return path.read_text().strip()


class HomeDoor:
    """A `Doorkeeper` on this machine: all may look, and who has the key may read and change everything."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def visitor(self, key: str) -> Visitor | None:
        mine = hmac.compare_digest(key.encode(), self._key)
        return Visitor(may_change=mine, may_read=mine)
