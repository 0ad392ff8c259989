"""Makes a home that is there already: `python -m tests.crash.origin FOLDER DURABILITY`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

from beastmode.settings import Durability
from tests.crash import story

if __name__ == "__main__":
    story.prepare(Path(sys.argv[1]), cast(Durability, sys.argv[2]))
