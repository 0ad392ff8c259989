"""The router over HTTP: a thread for each connection."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from router.answering import Router
from router.pages import respond
from router.replies import Reply


class Server(ThreadingHTTPServer):
    """Serves `router` at host and port; port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, router: Router, host: str, port: int) -> None:
        super().__init__((host, port), Handler)
        self.router = router


class Handler(BaseHTTPRequestHandler):
    """One request: what came is handed on, and what is answered is written."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        """A page."""
        self._write(respond(self.server.router, "GET", urlsplit(self.path).path))

    def do_POST(self) -> None:
        """A request with a body."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self._write(respond(self.server.router, "POST", urlsplit(self.path).path, body))

    def _write(self, reply: Reply) -> None:
        self.send_response(reply.status)
        own = {"content-type": reply.content_type, "content-length": str(len(reply.body))}
        for name, value in (own | dict(reply.headers)).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr: `/requests` is the log."""
