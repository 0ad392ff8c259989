"""What others wrote is here as they published it: name, version, licence and hash."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import beastmode.dashboard

VENDOR = Path(beastmode.dashboard.__file__).parent / "static" / "vendor"
ROW = re.compile(
    r"\| `(?P<file>[^`]+)` \| (?P<name>\S+) (?P<version>\S+) \| (?P<licence>[^|]+) \| `(?P<sha256>\w{64})` \|"
)


def test_each_file_is_the_one_that_was_published() -> None:
    rows = [match.groupdict() for match in ROW.finditer((VENDOR / "README.md").read_text(encoding="utf-8"))]
    scripts = sorted(path.name for path in VENDOR.iterdir() if path.suffix in (".js", ".css"))
    assert sorted(row["file"] for row in rows) == scripts
    for row in rows:
        assert hashlib.sha256((VENDOR / row["file"]).read_bytes()).hexdigest() == row["sha256"]
        assert row["version"] in row["file"]
        assert (VENDOR / f"{row['name'].partition('.')[0]}.LICENSE").exists()
