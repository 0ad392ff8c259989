"""`beast run` with tasks of `kind: generate`: written, proven, merged; a rerun asks the model nothing that it knows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from beastmode.runner.generating.edits import Edit, Replace, Write
from beastmode.runner.generating.notation import render
from beastmode.testing.model_server import ModelServer, Script
from beastmode.testing.threads import in_thread
from tests.repositories import git, repository

LIST = """tasks:
  - {id: good, title: Make it two, kind: generate, details: see src/app.py, verify: grep -q 2 src/app.py}
  - {id: list, title: Tick yourself off, kind: generate, verify: "true"}
  - {id: out, title: Reach out, kind: generate, verify: "true"}
"""
EDITS: dict[str, list[Edit]] = {
    "good": [Replace("src/app.py", "x = 1\n", "x = 2\n"), Write("src/more.py", "y = 1\n")],
    "list": [Write("src/more.py", "y = 2\n"), Write("tasks.yaml", "tasks: []\n")],
    "out": [Write("src/more.py", "y = 3\n"), Write("../../out.py", "x\n")],
}


def answer(_dialect: str, asked: Mapping[str, Any]) -> Sequence[str]:
    [task] = [name for name in EDITS if f"This task is `{name}`" in json.dumps(asked)]
    return render(EDITS[task]).splitlines(keepends=True)


def run(top: Path, server: ModelServer, *flags: str) -> dict[str, Any]:
    model = ("--model", "m-small", "--upstream", server.url, "--retries", "1")
    command = [sys.executable, "-m", "beastmode", "run", "tasks.yaml", *model, "--yes", "--json", *flags]
    env = {**os.environ, "XDG_DATA_HOME": str(top / "data")}
    ended = subprocess.run(command, cwd=top / "shop", env=env, capture_output=True, text=True, timeout=100)
    assert ended.returncode == 1, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def test_edits_are_merged_or_refused_and_a_rerun_asks_only_what_led_nowhere(tmp_path: Path) -> None:
    shop = repository(
        tmp_path / "shop", {"src/app.py": "x = 1\n", "tasks.yaml": LIST, ".gitignore": ".beast\n"}
    )
    results = []
    with in_thread(ModelServer(Script(turn=answer))) as server:
        for number, flags in ((1, ()), (2, ("--fresh",))):
            told = run(tmp_path, server, *flags)
            assert (told["tasks"]["done"], told["tasks"]["failed"]) == (1, 2)
            result = f"beast/r{number}/result"
            assert git(shop, "show", f"{result}:src/app.py") == "x = 2"
            assert git(shop, "show", f"{result}:tasks.yaml") == LIST.rstrip("\n")
            asked = sum(b"This task is `good`" in one.body for one in server.asked)
            results.append((git(shop, "rev-parse", result), asked))
    assert results[0] == results[1]  # the same commit; only what led nowhere is asked again
    assert not list(tmp_path.rglob("out.py"))
    assert not list(tmp_path.rglob(".beast-edits*"))
    assert git(shop, "status", "--porcelain") == ""
