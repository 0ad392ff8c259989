"""Keys of upstreams: read from the environment or a file, and never shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from beastmode.compose.serve.settings.serving import UpstreamSettings
from beastmode.doctor.keys import key_in
from beastmode.errors import PreconditionError

_MOST_BYTES = 16 * 1024


def key_of(upstream: UpstreamSettings, environment: Mapping[str, str] = os.environ) -> str:
    """The key of an upstream; "" where the clients bring their own. Raises PreconditionError."""
    if upstream.key_file is not None:
        return _in_file(upstream.key_file)
    key, trouble = key_in(upstream.key_env, environment)
    if key or not upstream.key_env:
        return key
    assert trouble is not None
    raise PreconditionError(trouble.what, tip=trouble.tip)


def _in_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        tip = "Name a file that can be read, with the key and nothing else in it."
        raise PreconditionError(
            f"the key cannot be read: {error.strerror}", where=str(path), tip=tip
        ) from None
    key = data.decode("latin-1").strip()
    if not key or len(data) > _MOST_BYTES or not key.isascii() or any(map(str.isspace, key)):
        tip = "Write the key alone into it, on one line."
        raise PreconditionError("this file holds no key", where=str(path), tip=tip)
    return key
