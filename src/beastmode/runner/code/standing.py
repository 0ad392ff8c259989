"""Standing: three commands of git that stay while a run lasts. One says what refs and commits hold, one how trees
differ, one moves refs: to start a command takes longer than nearly all that these are asked."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

from beastmode.runner.code.bound import Running, in_thread
from beastmode.runner.code.git import HELD, Commit, Git, command_of, commit_in

_FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MOST_COMMITS = 1000
"""Of which it is remembered what they say."""
_OVER = b"over\n"
"""What is said after a question: `diff-tree` says it again, with all that it had not yet said."""
T = TypeVar("T")


class EndedError(Exception):
    """A standing command has ended, or cannot be started: it gives no answer."""


class Standing:
    """A command of git that answers one question after the other, from whichever thread.

    It is started when it is first asked, and anew where it has ended: an agent may kill what it likes. It ends with
    this process, however that ends, for then its input does.
    """

    def __init__(self, git: Git, *arguments: str) -> None:
        self._git, self._arguments = git, arguments
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    async def ask(self, question: bytes, answer: Callable[[IO[bytes]], T]) -> T:
        """What it answers.   answer: reads all of it, and raises EndedError where it comes to the end of the output.

        Raises EndedError, also where it has not answered in its time; then it may have done what it was asked, or not.
        """
        running = Running()
        return await in_thread(partial(self._ask, question, answer, running), running, self._git.most_s)

    def _ask(self, question: bytes, answer: Callable[[IO[bytes]], T], running: Running) -> T:
        with self._turn:
            try:
                process = self._process = self._process or self._start()
                running.begins(process)
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(question)
                process.stdin.flush()
                return answer(process.stdout)
            except (OSError, ValueError, EndedError) as error:
                self._end()
                raise EndedError(str(error)) from error
            finally:
                running.ends()

    def _start(self) -> subprocess.Popen[bytes]:
        """In a group of its own: a Ctrl-C is for us to obey. It holds what every command holds."""
        return subprocess.Popen(
            command_of(*self._arguments),
            cwd=self._git.folder,
            env=self._git.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=tuple(HELD),
            process_group=0,
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait()

    async def close(self) -> None:
        """End it, and wait until it has ended. Asked again, it is started again."""
        running = Running()
        await in_thread(partial(self._close, running), running, self._git.most_s)

    def _close(self, running: Running) -> None:
        with self._turn:
            if self._process is not None:
                running.begins(self._process)
            self._end()
            running.ends()


class StandingGit(Git):
    """Git in a repository, for as long as a run lasts: what is asked often is asked of commands that stay.

    Where one of these gives no answer, a command of its own is asked, and says why. What cannot change is asked once:
    what a commit says, and the user's name. `at` shares all of it: refs and objects are the same in every worktree.
    """

    def __init__(
        self, folder: Path, env: Mapping[str, str] | None = None, root: StandingGit | None = None
    ) -> None:
        super().__init__(folder, env)
        self._root = root or self
        self._identity: list[tuple[str, str] | None] = []
        self._commits: dict[str, Commit] = {}
        if root is None:
            self._facts = Standing(self, "cat-file", "--batch-command")
            self._differences = Standing(self, "diff-tree", "--stdin", "-r", "-z", "--no-renames")
            self._moves = Standing(self, "update-ref", "--no-deref", "--stdin")

    @classmethod
    def like(cls, git: Git) -> StandingGit:
        """The same git, in the same folder."""
        return cls(git.folder, git.env)

    def at(self, folder: Path, env: Mapping[str, str] | None = None) -> StandingGit:
        return StandingGit(folder, env, self._root)

    async def close(self) -> None:
        """End the commands that stay."""
        for standing in (self._root._moves, self._root._differences, self._root._facts):
            await standing.close()

    async def refs(self, *names: str) -> dict[str, str]:
        question = "".join(f"info {name}\n" for name in names).encode("utf-8", "surrogateescape")
        with suppress(EndedError):
            held = await self._root._facts.ask(question, partial(_ids, len(names)))
            return {name: id_ for name, id_ in zip(names, held, strict=True) if id_}
        return await super().refs(*names)

    async def commit(self, commit: str) -> Commit:
        known = self._root._commits
        if commit not in known:
            if len(known) >= _MOST_COMMITS:
                known.clear()
            known[commit] = await self._commit(commit)
        return known[commit]

    async def _commit(self, commit: str) -> Commit:
        if _FULL_ID.fullmatch(commit):
            with suppress(EndedError):
                kind, text = await self._root._facts.ask(f"contents {commit}\n".encode(), _contents)
                if kind == b"commit":
                    return commit_in(commit, text)
        return await super().commit(commit)

    async def differing(self, tree: str, other: str) -> str:
        if _FULL_ID.fullmatch(tree) and _FULL_ID.fullmatch(other):
            asked = f"{tree} {other}\n".encode()
            with suppress(EndedError):
                return await self._root._differences.ask(asked + _OVER, partial(_difference, asked))
        return await super().differing(tree, other)

    async def move(self, *lines: str) -> None:
        question = "".join(f"{line}\n" for line in ("start", *lines, "commit")).encode()
        try:
            await self._root._moves.ask(question, _committed)
        except EndedError:
            await super().move(*lines)

    async def identity(self) -> tuple[str, str] | None:
        known = self._root._identity
        if not known:
            known.append(await super().identity())
        return known[0]


def _line(output: IO[bytes]) -> bytes:
    line = output.readline()
    if not line.endswith(b"\n"):
        raise EndedError("it ended in the middle of an answer")
    return line[:-1]


def _ids(count: int, output: IO[bytes]) -> list[str]:
    """Of so many questions for a name; "" for one that nothing has."""
    lines = [_line(output) for _ in range(count)]
    return ["" if line.endswith(b" missing") else line.split(b" ")[0].decode("ascii") for line in lines]


def _contents(output: IO[bytes]) -> tuple[bytes, bytes]:
    """Kind of an object, and what it holds; nothing where it is not there."""
    line = _line(output)
    if line.endswith(b" missing"):
        return b"", b""
    _, kind, size = line.split(b" ")
    text = output.read(int(size) + 1)
    if len(text) <= int(size):
        raise EndedError("it ended in the middle of an answer")
    return kind, text[:-1]


def _difference(asked: bytes, output: IO[bytes]) -> str:
    """What follows the two trees that were asked for, up to what ends it. Names and the rest stand in turn, each with a
    NUL behind it, so that a name that begins with those letters is none."""
    if _line(output) + b"\n" != asked:
        raise EndedError("it knows no such trees")
    said = b""
    while not (said == _OVER or (said.endswith(b"\0" + _OVER) and said.count(b"\0") % 2 == 0)):
        said += _line(output) + b"\n"
    return said.removesuffix(_OVER).decode("utf-8", "surrogateescape")


def _committed(output: IO[bytes]) -> None:
    """That a transaction of refs has taken place."""
    if (_line(output), _line(output)) != (b"start: ok", b"commit: ok"):
        raise EndedError("it did not do it")
