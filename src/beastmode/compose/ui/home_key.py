"""The key of a home's dashboard: whoever can read its file can change what the pages show."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from beastmode.errors import PreconditionError
from beastmode.runner.home import prepare_home

_NAME = "dashboard.key"
_TIP = "Look as the user whom the home belongs to, or make the folder and its files readable and writable for you."


def home_key(home: Path) -> str:
    """The key, made when it is first asked for; only its owner can read the file. Raises BeastError."""
    prepare_home(home)
    path = home / _NAME
    try:
        key = _known(path) or _made(path)
    except OSError as error:
        what = f"the key of the dashboard cannot be read or made: {error.strerror}"
        raise PreconditionError(what, where=str(path), tip=_TIP) from None
    if not key:  # a disk that was cut off may leave that; it would let everybody in
        raise PreconditionError("the key of the dashboard is empty", where=str(path), tip="Delete that file.")
    return key


def _known(path: Path) -> str:
    """The key; "" where there is none yet."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""


def _made(path: Path) -> str:
    made = path.with_name(f"{_NAME}.{os.getpid()}")
    with os.fdopen(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(24))
    try:
        os.link(made, path)  # whoever comes first decides, and nobody sees half of it
    except FileExistsError:
        pass
    finally:
        made.unlink()
    return path.read_text().strip()
