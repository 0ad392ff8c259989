"""The text of a list back into its file."""

from __future__ import annotations

import codecs
import errno
import os
from pathlib import Path

from beastmode.runner.formats.replacing import replace


def written(path: Path, before: bytes, after: str) -> bool:
    """Make a text of a file that holds `before`, whose byte order mark stays; False as of `replace`. Raises OSError."""
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    mark = codecs.BOM_UTF8 if before.startswith(codecs.BOM_UTF8) else b""
    return replace(path, before, mark + after.encode())
