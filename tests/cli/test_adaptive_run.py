"""`--max-concurrency auto` in real time: a real run of HTTP tasks at a server of hidden capacity, halved half-way.

`-s` shows how long it took beside the best fixed numbers in the same run; the machine has other work too, so only half
of that is asserted. What is asserted in full: hardly any attempt is refused, no task fails, the report is right.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from beastmode.testing.model_server import ModelServer, Script
from beastmode.testing.threads import in_thread
from tests.processes import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).parent.parent.parent
TASK = "{id: %s, method: POST, url: %s/v1/chat/completions, body: {model: m-small, messages: []}}"


def listed(folder: Path, url: str, tasks: int) -> None:
    lines = [f"  - {TASK % (f't{number}', url)}" for number in range(tasks)]
    text = "limits: {rate: none}\ntasks:\n" + "\n".join(lines) + "\n"
    (folder / "list.yaml").write_text(text, encoding="utf-8")


def run(
    folder: Path, server: ModelServer, tasks: int, at_once: str, halve: int | None = None
) -> dict[str, Any]:
    """The summary of a run.   halve: the server bears so many from half of the tasks on."""
    folder.mkdir()
    listed(folder, server.url, tasks)
    command = [sys.executable, "-m", "beastmode", "run", "list.yaml", "--max-concurrency", at_once, "--json"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    if halve is not None:
        eventually(lambda: server.paid - server.refused >= tasks // 2, long_s=120)
        server.script.refuses_above = halve
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said[:1000]
    summary: dict[str, Any] = json.loads(said)
    return summary


@pytest.mark.parametrize(("capacity", "tasks", "work_s"), [(12, 600, 0.4), (3, 480, 0.1)])
def test_tasks_find_the_capacity_of_their_server(
    capacity: int, tasks: int, work_s: float, tmp_path: Path
) -> None:
    half = capacity // 2
    with in_thread(ModelServer(Script(work_s=lambda asked: work_s))) as server:
        fixed = [run(tmp_path / f"{many}", server, tasks // 4, str(many)) for many in (capacity, half)]
        best_s = 2 * sum(one["makespan_s"] for one in fixed)
        server.asked.clear()
        server.script.refuses_above = capacity
        own = run(tmp_path / "auto", server, tasks, "auto", half)
        share, came = server.refused / server.paid, server.paid
    print(
        f"\ncapacity {capacity}: {own['makespan_s']:.1f} s, the best fixed numbers {best_s:.1f} s: "
        f"{best_s / own['makespan_s']:.0%}; {server.refused} of {came} refused ({share:.2%})"
    )
    assert share <= 0.01
    assert best_s >= 0.5 * own["makespan_s"]
    assert own["tasks"]["done"] == tasks
    check(tmp_path / "auto", capacity)


def check(folder: Path, capacity: int) -> None:
    """The check that trusts none of our code finds that the limits held that were in force, and finds them again."""
    place = folder / ".beast/runs/r1/report/report.json"
    report = json.loads(place.read_text(encoding="utf-8"))
    parts = ROOT / "scripts/check_report.py", folder / ".beast/journal.db", place
    command = [sys.executable, *map(str, parts)]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout[-2000:] + checked.stderr[-1000:]
    assert report["safety"]["over_limits"] == 0
    assert report["safety"]["most_in_flight"] <= capacity + 3
