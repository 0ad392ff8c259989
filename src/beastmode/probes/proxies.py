"""Which proxy the environment names for an address: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, but for NO_PROXY.

This host is never asked for through a proxy: a proxy would look for it on its own.
"""

from __future__ import annotations

import ipaddress
import urllib.request
from urllib.parse import urlsplit


def proxy_for(url: str) -> str | None:
    """The proxy for `url`, as an address; None where it is to be reached directly. Never raises."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # whoever sends the request says what is wrong with it
        return None
    if _is_this_host(host) or urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def _is_this_host(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
