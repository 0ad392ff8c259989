"""The issues of a repository, asked of GitHub through its own command: `beast run gh:` or `gh:owner/name?label=bug`.

Only read: an issue is never closed or changed from here.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

from beastmode.errors import PreconditionError, SettingError
from beastmode.runner.formats import github
from beastmode.runner.formats.addresses import without_scheme
from beastmode.runner.roadmap import Ignored, Roadmap

MOST_ISSUES = 1000
TIMEOUT_S = 180.0
"""A thousand issues with all that blocks them took GitHub a minute or so."""
_MOST_BYTES = 64 * 1024 * 1024
_REPOSITORY = re.compile(r"(?:[\w.-]+/)?[\w.-]+/[\w.-]+")
_FILTERS = ("assignee", "author", "label", "limit", "mention", "milestone", "search", "state")
_UNKNOWN_FIELD = "Unknown JSON field"
_SAVED = "Or save them where gh works: gh issue list --state all --json number,title,body,state > issues.json"
_QUIET = {
    "GH_PROMPT_DISABLED": "1",
    "GH_NO_UPDATE_NOTIFIER": "1",
    "GH_PAGER": "cat",
    "NO_COLOR": "1",
    "CLICOLOR": "0",
}
_TIPS = (
    (r"gh auth login|not logged in|authentication|HTTP 401", "Log in with `gh auth login`, or set GH_TOKEN."),
    (r"not a git repository|no git remotes|none of the git remotes", "Name the repository: gh:owner/name."),
    (
        r"Could not resolve to a Repository|HTTP 404",
        "Check the name, and that your login may see the repository.",
    ),
    (r"rate limit", "Wait until GitHub answers again: `gh api rate_limit` says when."),
    (r"has disabled issues", "Name a repository that has issues."),
    (r"error connecting|dial tcp|no such host|timeout", "Check the connection to GitHub."),
)


class Wanted(NamedTuple):
    """Which issues.   repository: "" for that of the current folder.   filters: flags of `gh issue list`, as they are
    passed on."""

    repository: str
    filters: tuple[tuple[str, str], ...]
    limit: int


def read_live(path: Path, timeout_s: float = TIMEOUT_S) -> Roadmap:
    """The issues that a name like `gh:owner/name?label=bug` means. Raises BeastError with what to do."""
    wanted = wanted_by(without_scheme(path))
    text = _ask(wanted, github.FIELDS, timeout_s)
    roadmap = github.read(text or "[]", path)
    count = sum(1 for _ in roadmap.tasks())
    if count >= wanted.limit:
        reason = f"need not followed: only {wanted.limit} issues were asked for, there may be more (?limit=…)"
        roadmap.ignored.append(Ignored(0, str(path), reason, look=True))
    return roadmap


def wanted_by(written: str) -> Wanted:
    """What `owner/name?label=bug&milestone=v1` asks for. Raises SettingError for what it cannot."""
    repository, _, query = written.partition("?")
    if repository and not _REPOSITORY.fullmatch(repository):
        raise SettingError(
            f"{repository!r} is no repository", where="gh:", tip="Write gh:owner/name, or gh: alone."
        )
    pairs = parse_qsl(query, keep_blank_values=True)
    for key, value in pairs:
        if key not in _FILTERS or not value:
            tip = f"Known ones: {', '.join(_FILTERS)}; write ?label=bug&milestone=v1."
            raise SettingError(f"{key!r} is no filter with a value", where=f"gh:{written}", tip=tip)
    limit = next((value for key, value in pairs if key == "limit"), str(MOST_ISSUES))
    if not (limit.isascii() and limit.isdecimal() and 0 < int(limit[:9]) <= 100_000):
        raise SettingError(
            f"the limit {limit!r} is no number from 1", where=f"gh:{written}", tip="Write limit=200."
        )
    filters = tuple((key, value) for key, value in pairs if key != "limit")
    return Wanted(repository, filters, int(limit[:9]))


def arguments_of(wanted: Wanted, fields: tuple[str, ...]) -> list[str]:
    """The command that lists them."""
    command = ["gh", "issue", "list", f"--limit={wanted.limit}", f"--json={','.join(fields)}"]
    if wanted.repository:
        command.append(f"--repo={wanted.repository}")
    if not any(key == "state" for key, _ in wanted.filters):
        command.append("--state=all")
    return [*command, *(f"--{key}={value}" for key, value in wanted.filters)]


def _ask(wanted: Wanted, fields: tuple[str, ...], timeout_s: float) -> str:
    """What gh prints; asked again without the fields that an older one does not know."""
    code, out, said = _run(arguments_of(wanted, fields), timeout_s)
    if code and _UNKNOWN_FIELD in said:
        _, _, known = said.partition("Available fields:")
        older = tuple(field for field in fields if field in known.split())
        if older and older != fields:
            code, out, said = _run(arguments_of(wanted, older), timeout_s)
    if code:
        raise _refused(wanted, code, said)
    return out


def _run(command: list[str], timeout_s: float) -> tuple[int, str, str]:
    """Exit code, output, errors; both bounded. Killed where it takes too long or says too much."""
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=os.environ | _QUIET,
            )
        except OSError as error:
            what = f"the gh command cannot be started: {error.strerror}"
            tip = f"Install GitHub's command line (cli.github.com) and log in with `gh auth login`. {_SAVED}"
            raise PreconditionError(what, where="gh:", tip=tip) from None
        out, in_time = _output_of(process, timeout_s)
        errors.seek(0)
        said = errors.read(64 * 1024).decode("utf-8", "replace")
    if not in_time:
        raise PreconditionError(
            f"gh did not answer within {timeout_s:.0f} s", where="gh:", tip=f"Try again. {_SAVED}"
        )
    if len(out) > _MOST_BYTES:
        what = f"gh printed more than {_MOST_BYTES >> 20} MiB"
        raise PreconditionError(what, where="gh:", tip="Ask for fewer issues: ?limit=200 or ?label=….")
    return process.returncode, out.decode("utf-8", "replace"), said


def _output_of(process: subprocess.Popen[bytes], timeout_s: float) -> tuple[bytes, bool]:
    """What a process prints, up to the limit and one byte; and whether it ended in time."""
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(timeout_s, end)
    timer.start()
    try:
        assert process.stdout is not None
        with process.stdout:
            out = process.stdout.read(_MOST_BYTES + 1)
        if len(out) > _MOST_BYTES:
            process.kill()
        process.wait()
    finally:
        timer.cancel()
    return out, not late.is_set()


def _refused(wanted: Wanted, code: int, said: str) -> PreconditionError:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    what = lines[0][:300] if lines else f"it ended with exit code {code} and said nothing"
    tip = next(
        (tip for pattern, tip in _TIPS if re.search(pattern, said, re.IGNORECASE)),
        "Try the same with gh itself.",
    )
    place = f"gh:{wanted.repository}" if wanted.repository else "gh:"
    return PreconditionError(f"gh could not list the issues: {what}", where=place, tip=tip)
