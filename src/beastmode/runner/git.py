"""Git, by its own command: one call, its output or its error. Nothing of the user's configuration is changed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
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
        """Exit code, output, errors. Cancelled, it lets git end first: half a command may leave a lock behind."""
        process = await asyncio.create_subprocess_exec(
            "git",
            *_OURS,
            *arguments,
            cwd=self.folder,
            env=self._env | dict(env or {}),
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        talk = asyncio.ensure_future(process.communicate(stdin or None))
        try:
            out, err = await asyncio.shield(talk)
        except asyncio.CancelledError:
            await asyncio.wait([talk])
            raise
        return process.returncode or 0, out, err
