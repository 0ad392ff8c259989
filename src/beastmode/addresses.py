"""Addresses: one machine has many spellings, and they count as one. Nothing is looked up."""

from __future__ import annotations

import re
import socket
from ipaddress import IPv6Address, ip_address

_NUMERIC = re.compile(r"[0-9a-fx.]+", re.ASCII)
_DIGIT = re.compile(r"[0-9]", re.ASCII)


def plain(host: str) -> str:
    """A host as one writes it: in lower case, without brackets, and of an address the shortest form.

    `[::1]` is `::1`, `::ffff:127.0.0.1` and `127.1` are `127.0.0.1`, `0` is `0.0.0.0`. A name stays a name, and what
    is neither stays what it is.
    """
    name = host.lower()
    if name.startswith("[") and name.endswith("]") and ":" in name:
        name = name[1:-1]
    try:
        address = ip_address(name)
    except ValueError:
        return _written_out(name)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it: `localhost`, or an address of the loopback. Other names may be anyone."""
    name = plain(host)
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def is_every_address(host: str) -> bool:
    """Whether who listens there listens at every address of the machine."""
    try:
        return ip_address(plain(host)).is_unspecified
    except ValueError:
        return False


def in_url(host: str) -> str:
    """As it stands in a URL: an address with colons in brackets."""
    return f"[{host}]" if ":" in host else host


def _written_out(name: str) -> str:
    """`127.1` and its kin mean what the system takes them for."""
    if _NUMERIC.fullmatch(name) and _DIGIT.match(name):
        try:
            return socket.inet_ntoa(socket.inet_aton(name))
        except OSError:
            return name
    return name
