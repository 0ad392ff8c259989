"""Cookies: a browser keeps them by host, whatever the port. The name says which dashboard of a machine one is of."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response


def kept(request: Request, kind: str) -> str:
    """What a browser keeps of that kind; "" for nothing."""
    return request.cookies.get(_name(request, kind), "")


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


def _name(request: Request, kind: str) -> str:
    """By the port that the browser knows: through a tunnel it may not be the one that is listened at."""
    try:
        port = urlsplit(f"//{request.headers.get('host', '')}").port
    except ValueError:
        port = None
    return f"beast-{kind}-{port or request.url.scheme}"
