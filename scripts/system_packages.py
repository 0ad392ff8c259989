"""Install what the tests (with the argument `bench`, the benchmarks; with `agents`, the tests of agents) need beside
Python, where that is possible; name what could not be had.

As root (or with BEAST_INSTALL=1, through sudo) on Debian the missing packages are installed. Elsewhere they are
named, and the tests that need them are skipped; where CI=true a missing one is an error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NEEDED = {
    "tests": {"git": "git", "openssl": "openssl", "strace": "strace", "chromium": "chromium"},
    "bench": {"parallel": "parallel", "nginx": "nginx-light", "wrk": "wrk"},
    "agents": {"git": "git", "node": "nodejs", "npm": "npm", "bwrap": "bubblewrap"},
}
"""Command -> Debian package. openssl makes the certificates of the tests; strace shows the crash tests every call on
the journal's folder; Chromium looks at the dashboard; GNU parallel is what many would use instead of us, nginx what
they would put in front of a server; wrk asks; the agents come from npm; bubblewrap contains them."""


def main(purpose: str = "tests") -> int:
    needed = NEEDED[purpose]
    missing = {command: package for command, package in needed.items() if not shutil.which(command)}
    if missing and shutil.which("apt-get") and (os.geteuid() == 0 or os.environ.get("BEAST_INSTALL") == "1"):
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        subprocess.run([*sudo, "apt-get", "update", "-qq"], check=False)
        install = [*sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing.values()]
        subprocess.run(install, check=False)
        missing = {command: package for command, package in missing.items() if not shutil.which(command)}
    for command, package in missing.items():
        print(
            f"missing: {command} (Debian package {package}); {purpose} that need it cannot run",
            file=sys.stderr,
        )
    return 1 if missing and os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
