"""Proxies: variables that send requests elsewhere. Pure: the environment is passed in."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from beastmode.doctor.findings import Fact, Finding

_LOCAL_NAMES = ("localhost", "localhost.localdomain")


def look_at_proxies(scheme: str, host: str, environment: Mapping[str, str]) -> Finding | Fact | None:
    """What the proxy variables mean for requests to a host.

    curl, the SDKs and coding agents obey them; beast itself connects directly.
    """
    variable = _proxy_for(scheme, environment)
    if not variable or _is_exempt(host, _value("no_proxy", environment)):
        return None
    if is_loopback(host):
        exempt = ",".join(filter(None, (_value("no_proxy", environment), "127.0.0.1,localhost,::1")))
        what = (
            f"{variable} sends requests for {host}, this machine, to a proxy, and NO_PROXY does not except it"
        )
        return Finding("proxy", what, f"export NO_PROXY={exempt} no_proxy={exempt}")
    return Fact("proxy", f"{variable} is set: other clients reach {host} through a proxy, beast does not")


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") in _LOCAL_NAMES


def _proxy_for(scheme: str, environment: Mapping[str, str]) -> str:
    """The variable that holds for a scheme; "" for none. Lower case wins, as in curl."""
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY")
    return next((name for name in names if environment.get(name)), "")


def _value(name: str, environment: Mapping[str, str]) -> str:
    return environment.get(name) or environment.get(name.upper(), "")


def _is_exempt(host: str, exempt: str) -> bool:
    host = host.lower().rstrip(".")
    for part in exempt.lower().replace(" ", ",").split(","):
        name = (
            part.partition("/")[0].strip("[]").removeprefix("*").lstrip(".").split(":")[0]
            if part != "::1"
            else part
        )
        if part == "*" or (name and (host == name or host.endswith(f".{name}"))):
            return True
        if part and _is_in_network(host, part):
            return True
    return False


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
