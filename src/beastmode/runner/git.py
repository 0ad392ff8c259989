"""Git, by its own command: one call, its output or its error. Nothing of the user's configuration is changed."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ADVICE": "0",
    "GIT_EDITOR": "true",
    "GIT_SEQUENCE_EDITOR": "true",
    "LC_ALL": "C.UTF-8",
}
_OURS = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "gc.auto=0",
    "-c",
    "commit.gpgSign=false",
    "-c",
    "core.fsmonitor=false",
)
"""For what we do with git ourselves: a user's hooks, signatures and watchers are for what the user does."""
_FOREIGN = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
)
"""Set where we run inside a hook of git; they would send every command to another repository."""

HELD: set[int] = set()
"""Open files with a lock on them that every command keeps until it has ended. The next runner then waits for the
commands of one that was killed: they would write what it writes."""
_THREADS = ThreadPoolExecutor(max_workers=32, thread_name_prefix="git")


class GitError(Exception):
    """A command of git that ended with an error.   code: its exit code.   said: what it printed, one text."""

    def __init__(self, arguments: tuple[str, ...], code: int, said: str) -> None:
        super().__init__(f"git {' '.join(arguments)} ended with exit code {code}: {said}")
        self.arguments, self.code, self.said = arguments, code, said


class Git:
    """Runs git in one folder.   env: added to the environment of this process."""

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._env = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        self._env |= _QUIET | dict(env or {})

    def at(self, folder: Path, env: Mapping[str, str] | None = None) -> Git:
        """The same in another folder."""
        return Git(folder, env)

    async def __call__(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> str:
        """What it prints, without the last line break. Raises GitError."""
        code, out, err = await self.run(*arguments, stdin=stdin, env=env)
        if code:
            raise GitError(arguments, code, (err or out).decode("utf-8", "replace").strip())
        return out.decode("utf-8", "surrogateescape").rstrip("\n")

    async def succeeds(self, *arguments: str) -> bool:
        """Whether it ends with 0."""
        return (await self.run(*arguments))[0] == 0

    async def run(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, bytes]:
        """Exit code, output, errors. Cancelled, it lets git end first: half a command may leave a lock behind.

        In a thread: a subprocess of asyncio whose start is cancelled is waited for without end (Python 3.11).
        """
        call = partial(self._call, arguments, stdin, self._env | dict(env or {}))
        ended = asyncio.get_running_loop().run_in_executor(_THREADS, call)
        try:
            return await asyncio.shield(ended)
        except asyncio.CancelledError:
            await asyncio.wait([ended])
            raise

    def _call(
        self, arguments: tuple[str, ...], stdin: bytes, env: dict[str, str]
    ) -> tuple[int, bytes, bytes]:
        command = ["git", *_OURS, *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=env,
            input=stdin,
            capture_output=True,
            check=False,
            pass_fds=tuple(HELD),
        )
        return done.returncode, done.stdout, done.stderr
