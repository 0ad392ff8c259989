"""Port: can a server listen where it is told to? What is wrong in words, before anything else is begun."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import Any

from beastmode.errors import PreconditionError

Place = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""As `getaddrinfo` gives it."""
_TIPS = {
    errno.EADDRINUSE: "End what listens there, or name another port with --port.",
    errno.EACCES: "Ports below 1024 need rights: name a higher one with --port.",
    errno.EADDRNOTAVAIL: "Name an address of this machine with --host.",
}


def see_port(host: str, port: int) -> None:
    """Raise PreconditionError where nobody can listen there now. Leaves nothing behind."""
    where = f"{host} port {port}"
    for family, kind, protocol, _, address in places_of(host, port):
        try:
            listener = socket.socket(family, kind, protocol)
        except OSError:
            continue  # the family is not built in: the server leaves it out, too
        with listener:
            _try(listener, address, where)


def places_of(host: str, port: int) -> Sequence[Place]:
    """What an address means here. Raises PreconditionError where there is none of that name."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        tip = "Name an address of this machine with --host, like 127.0.0.1."
        raise PreconditionError(f"there is no such address: {why}", where=host, tip=tip) from None


def _try(listener: socket.socket, address: object, where: str) -> None:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
    try:
        listener.bind(address)  # type: ignore[arg-type]
        listener.listen(1)  # with that option, a port that is taken may show only here
    except OSError as error:
        tip = _TIPS.get(error.errno or 0, "Name another address with --host and --port.")
        what = f"nobody can listen there: {error.strerror}"
        raise PreconditionError(what, where=where, tip=tip) from None
