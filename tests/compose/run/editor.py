"""An editor as a process of its own: it saves a list again and again, each time with a line more at its end.

`python editor.py FILE HOW TIMES PAUSE_S`   HOW: `over` renames a new file over the old one, as most editors do; `into`
empties the file and writes into it. It loads what is there before each change, as editors do that see a file change.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path


def save_over(path: Path, content: bytes) -> None:
    beside = path.with_name("edited")
    beside.write_bytes(content)
    beside.replace(path)


def save_into(path: Path, content: bytes) -> None:
    with path.open("r+b", buffering=0) as file:
        file.truncate()
        file.write(content[: len(content) // 2])
        file.write(content[len(content) // 2 :])


def main(path: Path, how: str, times: int, pause_s: float) -> None:
    save = {"over": save_over, "into": save_into}[how]
    for number in range(times):
        save(path, path.read_bytes() + b"note %d\n" % number)
        time.sleep(pause_s)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
