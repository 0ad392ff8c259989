"""Worktree: one on disk. Git is told by us which it is, so what an agent did to its `.git` does not matter."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from beastmode.runner.code.git import Git
from beastmode.runner.worktrees.differing import paths_alone
from beastmode.runner.worktrees.files import delete, move_aside
from beastmode.runner.worktrees.tidying import Tidying

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_STATE = "beast.json"
_LOCKS = ("index.lock", "HEAD.lock", "ORIG_HEAD.lock")
_OPERATIONS = {
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "sequencer": "a cherry-pick or revert",
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisection",
}
"""What git leaves in the folder of a worktree while something is not finished, and what that is."""


@dataclass(frozen=True, slots=True)
class State:
    """Whose worktree it is; written once it is made, with its copies and its setup.

    excluded: paths relative to its top, folders for all below, that no commit may hold.   made: what was ignored in it
    before the first attempt: by its copies and its setup.
    """

    run: str
    task: str
    excluded: tuple[str, ...] = ()
    made: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One path that differs from the commit.

    state: two letters of `git status`: `??` where git knows none, `!!` where it is told to ignore it.   path: ends with
    `/` for a folder.
    """

    state: str
    path: str

    @property
    def unmerged(self) -> bool:
        return "U" in self.state or self.state in ("AA", "DD")

    @property
    def is_ignored(self) -> bool:
        return self.state == "!!"

    @property
    def is_repository(self) -> bool:
        """A git repository of its own, which no commit of this one can hold."""
        return self.state == "??" and self.path.endswith("/")


class Worktree:
    """One worktree.   git: of its repository.   path: of its files.   admin: its folder inside of the repository.
    flags: for each command."""

    def __init__(self, git: Git, path: Path, admin: Path, flags: Sequence[str] = ()) -> None:
        self.path, self.admin, self.flags = path, admin, tuple(flags)
        self.exclude_file = admin / "beast-exclude"
        self._git = git.at(path, {"GIT_DIR": str(admin), "GIT_WORK_TREE": str(path)})
        self._tidying = Tidying()
        self._always = ("-c", f"core.excludesFile={self.exclude_file}", "-c", "core.safecrlf=false", *flags)

    async def git(self, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> str:
        """What a command of git prints here. Raises GitError."""
        return await self._git(*self._always, *arguments, stdin=stdin, env=env)

    @property
    def state(self) -> State | None:
        """Whose it is; None where it was never finished, or is a spare one."""
        try:
            state = State(**json.loads((self.admin / _STATE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return State(state.run, state.task, tuple(state.excluded), tuple(state.made))

    @state.setter
    def state(self, state: State | None) -> None:
        file = self.admin / _STATE
        if state is None:
            file.unlink(missing_ok=True)
            return
        new = file.with_suffix(".new")
        new.write_text(json.dumps(asdict(state)), encoding="utf-8")
        new.replace(file)

    @property
    def excluded(self) -> tuple[str, ...]:
        """Paths that no commit may hold."""
        state = self.state
        return state.excluded if state else ()

    def exclude(self, lines: str) -> None:
        """What git ignores here beside what the project says, as lines of an ignore file."""
        self.exclude_file.write_text(lines, encoding="utf-8", errors="surrogateescape")

    @property
    def is_there(self) -> bool:
        """Whether its files have their folder. A link in its place is none."""
        return self.path.is_dir() and not self.path.is_symlink()

    @property
    def operation(self) -> str:
        """What of git is not finished here, as people call it; "" for nothing."""
        return next((what for name, what in _OPERATIONS.items() if (self.admin / name).exists()), "")

    def end_operations(self) -> None:
        """Forget what is not finished. The files stay as they are."""
        for name in _OPERATIONS:
            delete(self.admin / name)

    def mend(self, aside: Path) -> None:
        """Take away locks of commands that were killed, and make its `.git` point here again.

        aside: where a repository goes that was made in its place.
        """
        for lock in _LOCKS:
            (self.admin / lock).unlink(missing_ok=True)
        link, wanted = self.path / ".git", f"gitdir: {self.admin}\n"
        if link.is_dir() and not link.is_symlink():
            move_aside(link, aside)
        if (
            link.is_symlink()
            or not link.exists()
            or link.read_text(encoding="utf-8", errors="replace") != wanted
        ):
            link.unlink(missing_ok=True)
            link.write_text(wanted, encoding="utf-8")
        if _text_of(self.admin / "gitdir") != str(link):
            (self.admin / "gitdir").write_text(f"{link}\n", encoding="utf-8")

    async def head(self) -> tuple[str, str]:
        """The commit it stands on, "" before a first one, and the ref of its branch, "" where it is detached."""
        head = _text_of(self.admin / "HEAD")
        ref = head.removeprefix("ref: ") if head.startswith("ref: ") else ""
        # Where they are files by themselves, as mostly, git need not be asked.
        commit = _text_of(self.admin.parent.parent / ref) if ref.startswith("refs/heads/") else head
        return commit if _ID.fullmatch(commit) else await self._git.commit_of("HEAD"), ref

    async def rows(self, *, ignored: bool = False) -> list[Row]:
        """What differs from its commit, file by file; with what is ignored, if asked, a folder for all in it."""
        more = ["--ignored=matching"] if ignored else []
        out = await self.git("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", *more)
        return [Row(row[:2], row[3:]) for row in out.split("\0") if row]

    async def stage(self, paths: Iterable[str]) -> None:
        """Put paths as they are, there or gone, into the index. What lies beyond a link that was put in the place of a
        folder is gone."""
        here, beyond, links = list[str](), list[str](), dict[str, bool]()
        for path in paths:
            (beyond if self._is_link(path.rpartition("/")[0], links) else here).append(path)
        for words, some in ((("--force-remove",), beyond), (("--add", "--remove", "--replace"), here)):
            if some:
                stdin = "".join(f"{path}\0" for path in some).encode("utf-8", "surrogateescape")
                await self.git("update-index", *words, "-z", "--stdin", stdin=stdin)

    def _is_link(self, folder: str, known: dict[str, bool]) -> bool:
        """Whether a folder is a link, or lies beyond one, where git refuses to look.   known: folders so far."""
        if not folder:
            return False
        if folder not in known:
            above = self._is_link(folder.rpartition("/")[0], known)
            known[folder] = above or (self.path / folder).is_symlink()
        return known[folder]

    def point(self, head: str) -> None:
        """Change what it stands on, and nothing else.   head: the id of a commit, or `ref: ` and that of a branch."""
        new = self.admin / "HEAD.new"
        new.write_text(f"{head}\n", encoding="utf-8", errors="surrogateescape")
        new.replace(self.admin / "HEAD")

    async def go_to(self, commit: str, ref: str = "") -> None:
        """Make index and files those of a commit, on a branch or detached. Files that git does not know stay."""
        self.end_operations()
        self.point(f"ref: {ref}" if ref else commit)
        await self.git("reset", "--quiet", "--hard", commit)

    async def advance(self, commit: str, ref: str = "") -> None:
        """As `go_to`, for a worktree whose files are those of the commit that it stands on: only what differs is looked
        at."""
        head, _ = await self.head()
        old, new = [(await self._git.commit(one)).tree for one in (head, commit)]
        if old != new:
            paths = paths_alone(await self._git.differing(old, new))
            if paths is None or (self.admin / "info/sparse-checkout").exists():
                await self.git("read-tree", "-m", "-u", head, commit)
            elif paths:
                await self._write(commit, paths)
        self.point(f"ref: {ref}" if ref else commit)

    async def _write(self, commit: str, paths: Sequence[str]) -> None:
        """Give index and files what a commit has at some paths, or has not."""
        # With a preload, twenty threads begin, each to find that nearly none of its files is asked for.
        words = ("-c", "core.preloadIndex=false", "restore", f"--source={commit}", "--staged", "--worktree")
        stdin = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
        named = ("--pathspec-from-file=-", "--pathspec-file-nul")
        await self.git("--literal-pathspecs", *words, *named, stdin=stdin)

    async def sweep(self) -> None:
        """Delete what git does not know, but for what is ignored and what no commit may hold."""
        self._delete(await self.rows())

    def _delete(self, rows: Iterable[Row]) -> None:
        for row in rows:
            if row.state == "??" and not is_below(row.path, self.excluded):
                delete(self.path / row.path.rstrip("/"))

    async def undo(self) -> None:
        """Make the files those of the commit that it stands on, as `go_to` and `sweep` do. One look where they are."""
        rows = await self.rows()
        if any(row.state != "??" and not is_below(row.path, self.excluded) for row in rows):
            await self.git("reset", "--quiet", "--hard")
            rows = await self.rows()
        self._delete(rows)

    async def show(self, commit: str, rows: Sequence[Row], ref: str = "") -> None:
        """As `go_to` and `sweep`, without another look at the files where nothing was done to those that git knows.

        rows: as they are now.
        """
        if self.operation or any(row.state != "??" for row in rows):
            await self.go_to(commit, ref)
            await self.sweep()
        else:
            self._delete(rows)
            await self.advance(commit, ref)

    async def ignored(self) -> list[str]:
        """What is there and ignored, a folder for all in it."""
        return [row.path.rstrip("/") for row in await self.rows(ignored=True) if row.is_ignored]

    async def empty(self) -> None:
        """Delete all that git does not know, ignored or not."""
        await self.git("clean", "-ffdxq")
        await asyncio.to_thread(self.tidy)

    def tidy(self) -> None:
        """Delete what git does not see. Raises OSError."""
        self._tidying(self.path)

    def move(self, path: Path) -> Worktree:
        """The same worktree at another path, which must be free."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path.rename(path)
        moved = Worktree(self._git, path, self.admin, self.flags)
        moved._tidying = self._tidying
        (self.admin / "gitdir").write_text(f"{path / '.git'}\n", encoding="utf-8")
        return moved


def _text_of(file: Path) -> str:
    """What a file of git says; "" where there is none."""
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        return ""


def find(git: Git, common: Path, path: Path, flags: Sequence[str] = ()) -> Worktree | None:
    """The worktree that a repository has at a path, whether its files are there or not.

    git: of the repository.   common: the folder of git that all worktrees share.
    """
    for admin, where in known(common):
        if where == path:
            return Worktree(git, path, admin, flags)
    return None


def known(common: Path) -> Iterable[tuple[Path, Path]]:
    """All worktrees that a repository knows: their folders in it, and their paths."""
    for file in sorted((common / "worktrees").glob("*/gitdir")):
        try:
            link = Path(file.read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n"))
        except OSError:
            continue
        yield file.parent, link.parent


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Whether a path is one of some paths, or in one of them."""
    return any(path.rstrip("/") == folder or path.startswith(f"{folder}/") for folder in folders)
