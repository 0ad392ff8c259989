"""Start the fragile server, run the roadmap of Month 1 in front of it, and print what the server counted.

Ends with 0 only if all 7 tasks are done and the server refused nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

FOLDER = Path(__file__).parent
PORT = 9000


def main() -> int:
    server = subprocess.Popen(
        [sys.executable, str(FOLDER / "fragile_server.py"), str(PORT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin
    assert server.stdout
    try:
        address = server.stdout.readline().strip()
        if not address:
            print(f"The example's server could not start; is port {PORT} in use?", file=sys.stderr)
            return 2
        ended = run_roadmap()
        with urllib.request.urlopen(f"{address}/counts") as answer:
            counts = json.load(answer)
        print(f"The server counted: {json.dumps(counts)}")
        return ended or (1 if counts["refused"] else 0)
    finally:
        server.stdin.close()
        server.wait(timeout=10)
        server.stdout.close()


def run_roadmap() -> int:
    """`beast run` as a person would type it, in a home of its own: each time a new run."""
    home = tempfile.mkdtemp(prefix="beast-month-1-")
    command = [sys.executable, "-m", "beastmode", "run", str(FOLDER / "roadmap.yaml"), "--home", home]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
