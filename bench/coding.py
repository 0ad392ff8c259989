"""Tasks that write code, beside their own work: what a worktree, a token, the journal, a verification, a merge cost.

The repository has 10,000 files. Both contenders start the same agent: a shell script that works for 100 ms, writes one
file, and notes when it began and ended.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from shutil import which
from statistics import mean, median

from bench.contest import Contender, Figures, MissingError, Row, main

AT_ONCE, FILES = 2, 10_000
AGENT = """now() { date +%s%N; }
begun=$(now)
sleep 0.1
echo done >"made-$BEAST_ID.txt"
echo "$begun $(now)" >"$STAMPS/$BEAST_ID"
"""
_NO_USER = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

ROW = Row(
    module="bench.coding",
    title=f"an agent that works for 100 ms in a repository of {FILES:,} files, {AT_ONCE} at once",
    unit="ms a task beside its agent",
    better="lower",
    target="a median under 150 ms",
    sizes={"beastmode": 24, "xargs -P": 24},
    rounds=3,
)


def beastmode(size: int) -> Figures:
    """A worktree, a prompt, a way through the gateway, check and verify, a merge for each; from the record of an
    attempt's start to that of its end, less what the agent took."""
    from beastmode.testing.model_server import ModelServer
    from beastmode.testing.threads import in_thread

    with tempfile.TemporaryDirectory() as folder, in_thread(ModelServer()) as server:
        at = Path(folder)
        tasks = [{"id": f"t{number}", "verify": f"test -s made-t{number}.txt"} for number in range(size)]
        given = {"env": {"STAMPS": str(at / "stamps")}, "tasks": tasks}
        _repository(at).joinpath("tasks.yaml").write_text(json.dumps(given), encoding="utf-8")
        flags = ["--agent", f"sh {at}/agent.sh {{prompt_file}}", "--check", "true", "--upstream", server.url]
        command = [sys.executable, "-m", "beastmode", "run", "tasks.yaml", "--yes", "--json", *flags]
        command += ["--max-concurrency", str(AT_ONCE), "--rate", "none"]
        env = {**os.environ, **_NO_USER, "XDG_DATA_HOME": str(at / "data")}
        ended = subprocess.run(command, cwd=at / "checkout", env=env, check=True, stdout=subprocess.PIPE)
        summary, own = json.loads(ended.stdout), _own_ms(at)
        beside = [took - own[task] for task, took in _attempts_ms(at / "checkout/.beast/journal.db").items()]
        whole = summary["makespan_s"] * 1e3 * AT_ONCE / size - mean(own.values())
    return Figures(
        median(beside), summary["tasks"]["done"], {"slowest": max(beside), "mean of the run": whole}
    )


def xargs(size: int) -> Figures:
    """The same agents in one folder: no worktree, no proof, no merge, no record."""
    if not which("xargs"):
        raise MissingError("apt-get install findutils")
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        checkout = _repository(at)
        command = ["xargs", "-P", str(AT_ONCE), "-I{}", "env", "BEAST_ID={}", "sh", str(at / "agent.sh")]
        names = "".join(f"t{number}\n" for number in range(size))
        env = {**os.environ, "STAMPS": str(at / "stamps")}
        began = time.perf_counter()
        subprocess.run(command, input=names, text=True, cwd=checkout, env=env, check=True)
        took_s = time.perf_counter() - began
        own = _own_ms(at)
    whole = took_s * 1e3 * AT_ONCE / size - mean(own.values())
    return Figures(max(whole, 0.001), len(own), {"mean of the run": whole})


def _repository(at: Path) -> Path:
    """A checkout with many files, in one commit; beside it the agent, and a folder for its stamps."""
    checkout = at / "checkout"
    (at / "stamps").mkdir()
    (at / "agent.sh").write_text(AGENT, encoding="ascii")
    for number in range(FILES):
        file = checkout / f"package{number // 100:03}" / f"module{number % 100:02}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"VALUE = {number}\n", encoding="ascii")
    # Without its upkeep in the background, which would outlive the folder.
    quiet = ("gc.auto=0", "maintenance.auto=false", "user.name=beast", "user.email=beast@localhost")
    git = ["git", *(part for setting in quiet for part in ("-c", setting))]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "First"]):
        subprocess.run([*git, *words], cwd=checkout, env={**os.environ, **_NO_USER}, check=True)
    return checkout


def _own_ms(at: Path) -> dict[str, float]:
    """How long each agent says that it took."""
    stamps = {file.name: file.read_text(encoding="ascii").split() for file in (at / "stamps").iterdir()}
    return {task: (int(end) - int(begun)) / 1e6 for task, (begun, end) in stamps.items()}


def _attempts_ms(journal: Path) -> dict[str, float]:
    """How long each attempt took, by the journal."""
    query = "SELECT task, (max(mono_us) - min(mono_us)) / 1e3 FROM events WHERE kind IN (?, ?) GROUP BY task"
    database = sqlite3.connect(journal)
    try:
        return dict(database.execute(query, ("attempt_started", "attempt_ended")))
    finally:
        database.close()


CONTENDERS: dict[str, Contender] = {"beastmode": beastmode, "xargs -P": xargs}

if __name__ == "__main__":
    main(CONTENDERS)
