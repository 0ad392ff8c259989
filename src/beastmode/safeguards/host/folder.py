"""Host folder: where the limits of one user on one host are kept, and which server a name means."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path
from urllib.parse import urlsplit

from beastmode.errors import PreconditionError, SettingError

FOLDER_SETTING = "BEAST_LIMITS_DIR"
_PORTS = {"http": 80, "https": 443}
_SAME_HOST = {"localhost": "127.0.0.1", "::1": "127.0.0.1"}
_HOST = re.compile(r"[^\s/?#@\\]+")


def origin(server: str) -> str:
    """`scheme://host:port` of a server, so that all spellings of one server count together.

    `HTTPS://Example.com/v1` is `https://example.com:443`; `localhost:8000` is `http://127.0.0.1:8000`.
    Raises SettingError where no host can be read.
    """
    text = server.strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        host, port = "", None
    if not host or not _HOST.fullmatch(host):
        raise SettingError(
            f"{server!r} names no server", tip="Write an address like http://localhost:8000 or gpu-box:8000."
        )
    host = _SAME_HOST.get(host, f"[{host}]" if ":" in host else host)
    return f"{parts.scheme}://{host}:{port or _PORTS.get(parts.scheme, 80)}"


def file_stem(server_origin: str, scope: str = "") -> str:
    """A file name that a person can read and that no other origin shares, nor another scope, which it hides."""
    readable = re.sub(r"[^a-z0-9.]+", "-", server_origin)[:60].strip("-")
    whole = f"{server_origin} {scope}" if scope else server_origin
    return f"{readable}-{hashlib.blake2b(whole.encode(), digest_size=6).hexdigest()}"


def limits_folder(folder: Path | None = None) -> Path:
    """The folder of this user's limits, made where it is missing.

    A literal /tmp: TMPDIR, HOME and XDG_RUNTIME_DIR differ between a shell and cron, and every difference
    would split the limits in two. Raises PreconditionError where someone else could write: that one could
    lift the limits, or hold them for ever.
    """
    place = folder or Path(os.environ.get(FOLDER_SETTING) or f"/tmp/beastmode-{os.geteuid()}")  # noqa: S108  see above
    tip = f"Remove it, or name a folder of your own in {FOLDER_SETTING}."
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = place.lstat()
    except OSError as error:
        raise PreconditionError(f"the limits cannot be kept: {error}", where=str(place), tip=tip) from None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise PreconditionError("the folder of limits is not ours", where=str(place), tip=tip)
    if status.st_mode & 0o022:
        tip = f"Run `chmod 700 {place}`, or name a folder of your own in {FOLDER_SETTING}."
        raise PreconditionError("others can write in the folder of limits", where=str(place), tip=tip)
    return place
