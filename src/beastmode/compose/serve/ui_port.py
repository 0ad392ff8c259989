"""Where the dashboard listens: a socket that is there at once, whoever answers on it later."""

from __future__ import annotations

import errno
import socket

from beastmode.addresses import in_url, is_every_address
from beastmode.compose.serve.port import places_of
from beastmode.errors import PreconditionError

PORT = 8090
"""Where it is looked for. A second home on this machine gets another one."""
_BACKLOG = 128


def listen(host: str, port: int | None, flag: str, *, but_not: int = 0) -> socket.socket:
    """A socket that listens there.   port: 0 for any that is free; None: PORT, or any where that is taken.   flag: that
    names the port, for what to do.   but_not: a port that somebody else is about to take.

    Raises PreconditionError where nobody can listen there.
    """
    family, address = _place(host)
    if port is None and but_not == PORT:
        port = 0
    try:
        if port and port == but_not:
            raise OSError(errno.EADDRINUSE, "the gateway is to listen there")
        return _bound(family, address, PORT if port is None else port)
    except OSError as error:
        if port is None and error.errno == errno.EADDRINUSE:
            return _bound(family, address, 0)
        tip = f"End what listens there, or name another port with {flag}; 0 is any that is free."
        if error.errno == errno.EADDRNOTAVAIL:
            tip = "Name an address of this machine with --host."
        what = f"the dashboard cannot listen there: {error.strerror}"
        raise PreconditionError(what, where=f"{host} port {port or PORT}", tip=tip) from None


def told_of(listener: socket.socket, host: str, *, tls: bool) -> str:
    """The address of who listens there, as a browser takes it.   host: as it was asked for; one that means every
    address of this machine is told by the machine's name."""
    shown = in_url(socket.gethostname() if is_every_address(host) else host)
    return f"{'https' if tls else 'http'}://{shown}:{listener.getsockname()[1]}"


def _place(host: str) -> tuple[socket.AddressFamily, str]:
    found = places_of(host, 0)
    family, _, _, _, address = next((one for one in found if one[0] == socket.AF_INET), found[0])
    return family, str(address[0])


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    return socket.create_server((address, port), family=family, backlog=_BACKLOG)
