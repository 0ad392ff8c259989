"""Cookies: a browser keeps them by host, whatever the port. The name says which dashboard of a machine one is of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.requests import Request, cookie_parser
from starlette.responses import Response


def kept(request: Request, kind: str) -> str:
    """What a browser keeps of that kind; "" for nothing."""
    return _read("; ".join(request.headers.getlist("cookie"))).get(_name(request, kind), "")


def keep(request: Request, answer: Response, kind: str, value: str, most_s: int) -> None:
    """Have it kept for so long. No script reads it, no other site has it sent, and what came over TLS goes nowhere
    else."""
    secure = request.url.scheme == "https"
    name = _name(request, kind)
    answer.set_cookie(name, value, most_s, httponly=True, samesite="strict", secure=secure, path="/")


def forget(request: Request, answer: Response, kind: str) -> None:
    """Have it kept no longer."""
    secure = request.url.scheme == "https"
    answer.delete_cookie(_name(request, kind), httponly=True, samesite="strict", secure=secure, path="/")


@lru_cache(maxsize=256)
def _read(header: str) -> Mapping[str, str]:
    """Each viewer sends the same with every request."""
    return cookie_parser(header)


def _name(request: Request, kind: str) -> str:
    """By the port that the browser knows: through a tunnel it may not be the one that is listened at."""
    return f"beast-{kind}-{_port(request.headers.get('host', '')) or request.scope['scheme']}"


@lru_cache(maxsize=64)
def _port(host: str) -> int | None:
    try:
        return urlsplit(f"//{host}").port
    except ValueError:
        return None
