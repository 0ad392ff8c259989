"""`beast` in this process: for what it refuses before anything begins, where a process for each mistake would show
nothing more. That such an answer is the exit code of a process is seen where one is started."""

from __future__ import annotations

import subprocess
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from beastmode.cli.app import answer


def beast_inside(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As if `beast` had been run in the folder, and by the same code but for the start of Python."""
    out, err = StringIO(), StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        code = answer(list(arguments))
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
