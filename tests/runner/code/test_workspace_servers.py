"""Twenty tasks at once, each with a server on a port of its own and a secret that reaches no commit."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from urllib.request import urlopen

from beastmode.runner.code.workspace import Place, Workspaces
from beastmode.runner.work import Coding
from tests.repositories import git, repository
from tests.runner.workplace import entered, in_a_loop, workspaces

SERVER = """
import os, sys, tempfile
from http.server import HTTPServer, BaseHTTPRequestHandler
class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{open('.env').read()} {os.getcwd()} {tempfile.gettempdir()}".encode())
    def log_message(self, *words): pass
server = HTTPServer(("127.0.0.1", int(os.environ["BEAST_PORT_BASE"])), Answer)
print("up", flush=True)
server.serve_forever()
"""


async def served(spaces: Workspaces, task: str) -> tuple[Place, Process]:
    """A task whose server is up."""
    place = await entered(spaces, task, Coding(copy=(".env",)))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, cwd=place.folder, env={**place.env}, stdout=PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"up\n"
    return place, process


def said_at(place: Place) -> str:
    with urlopen(f"http://127.0.0.1:{place.env['BEAST_PORT_BASE']}/", timeout=30) as answer:
        return str(answer.read().decode())


@in_a_loop
async def test_twenty_servers_with_their_secrets(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop", {"app.py": "1\n"})
    (checkout / ".env").write_text("SECRET")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        tasks = [f"task-{number}" for number in range(20)]
        up = await asyncio.gather(*(served(spaces, task) for task in tasks))
        try:
            answers = [await asyncio.to_thread(said_at, place) for place, _ in up]
        finally:
            for _, process in up:
                process.kill()
                await process.wait()
        assert answers == [f"SECRET {place.path} {place.env['BEAST_TMP']}" for place, _ in up]
        for place, _ in up:
            (place.folder / "app.py").write_text(place.task)
            await spaces.save(place, f"{place.task}\n")
    assert len(git(checkout, "for-each-ref", "refs/heads/beast/r1/task").splitlines()) == 20
    assert git(checkout, "log", "--all", "--oneline", "--", ".env") == ""
