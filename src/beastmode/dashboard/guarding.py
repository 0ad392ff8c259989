"""Guarding: what a browser may do with our pages, and who may ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""On every answer. No inline script or style is allowed, so what is shown cannot become one."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_for_loopback(host: str) -> bool:
    """Whether a Host header names this machine itself. A page of another site whose name is pointed at 127.0.0.1 would
    be asked for by its own name (DNS rebinding)."""
    try:
        return urlsplit(f"//{host}").hostname in _LOOPBACK
    except ValueError:
        return False
