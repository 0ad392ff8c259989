"""The ways a notice can take: a command, a webhook, the desktop. Each ends within `PATIENCE_S`."""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from beastmode.compose.run.notifying import PATIENCE_S, Way
from beastmode.errors import PreconditionError, SettingError
from beastmode.runner.notices import Notice
from beastmode.runner.printable import printable

_TITLE = "BEAST MODE"
_MOST_SHOWN = 200


def way_of(text: str) -> Way:
    """What `--notify` names: `desktop`, an http(s) address, or a command. Raises SettingError, and PreconditionError
    where this machine lacks what it takes."""
    if text.strip() == "desktop":
        return _desktop()
    if "://" in text.split(" ", 1)[0]:
        return _webhook(text.strip())
    try:
        arguments = shlex.split(text)
    except ValueError as error:
        raise SettingError(f"{text!r} cannot be split: {error}", tip="Check its quotes.") from None
    if not arguments or not arguments[0]:
        raise SettingError("nothing was given", tip="Write a command, an http(s) address, or desktop.")
    if shutil.which(arguments[0]) is None:
        tip = "Install it, or write the path of one that is there."
        raise PreconditionError(f"there is no program {arguments[0]!r}", where="--notify", tip=tip)
    return lambda notice: _command(arguments, notice)


def _command(arguments: list[str], notice: Notice) -> str:
    """The notice as JSON on its stdin, and in words in `$BEAST_*`."""
    said = notice.as_json()
    env = {
        "BEAST_EVENT": notice.event,
        "BEAST_RUN": notice.run,
        "BEAST_TASK": notice.task,
        "BEAST_TEXT": said["text"],
    }
    return _run(arguments, json.dumps(said), env)


def _run(arguments: list[str], stdin: str, env: dict[str, str]) -> str:
    name = arguments[0]
    try:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **env},
            start_new_session=True,
            text=True,
            errors="replace",
        )
    except (OSError, ValueError) as error:
        return f"{name} could not be started: {error}"
    try:
        _, said = process.communicate(stdin, PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # ours: it was started in a session of its own
        for pipe in filter(
            None, (process.stdin, process.stderr)
        ):  # its children may hold the other ends for ever
            pipe.close()
        process.wait()
        return f"{name} took longer than {PATIENCE_S:.0f} s"
    why = f": {printable(said.strip()[:_MOST_SHOWN])}" if said.strip() else ""
    return f"{name} ended with {process.returncode}{why}" if process.returncode else ""


def _webhook(url: str) -> Way:
    try:
        parts = urlsplit(url)
        well = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        well = False
    if not well:
        raise SettingError(
            f"{url.split('://', maxsplit=1)[0]}://… is no address",
            tip="Write one like https://example.com/hook.",
        )
    where = f"{parts.scheme}://{parts.hostname}"  # what follows is often a secret
    return lambda notice: _post(url, where, notice)


def _post(url: str, where: str, notice: Notice) -> str:
    headers = {"content-type": "application/json", "user-agent": "beastmode"}
    body = json.dumps(notice.as_json()).encode()
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310  (http or https, looked at above)
    try:
        with _OPENER.open(request, timeout=PATIENCE_S):
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return f"{where} answered {error.code}"
    except (OSError, ValueError) as error:
        return f"{where} could not be reached: {getattr(error, 'reason', None) or type(error).__name__}"


class _Staying(urllib.request.HTTPRedirectHandler):
    """Followed, a redirect would ask the other place without the notice, and that would look like success."""

    def redirect_request(self, *asked: Any) -> None:
        del asked


_OPENER = urllib.request.build_opener(_Staying)


def _desktop() -> Way:
    if platform.system() == "Darwin":
        script = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"
        return lambda notice: _run(["osascript", "-e", script, _TITLE, notice.as_json()["text"]], "", {})
    if shutil.which("notify-send") is None:
        tip = "Install notify-send (Debian: libnotify-bin), or name a command or a webhook instead."
        raise PreconditionError("this machine cannot show notices", where="--notify desktop", tip=tip)
    return lambda notice: _run(
        ["notify-send", "--app-name", _TITLE, _TITLE, notice.as_json()["text"]], "", {}
    )
