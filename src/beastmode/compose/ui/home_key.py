"""The key of a home's dashboard: whoever can read its file can change what the pages show."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

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
