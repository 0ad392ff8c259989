"""The benchmarks run, at tiny sizes, and count right. Nothing here looks at how fast."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

from bench import (
    coding,
    commands,
    dashboard,
    gateway,
    gateway_hit,
    gateway_load,
    gateway_memory,
    gateway_servers,
    gateway_stream,
    noop,
    paced,
    queued,
    start,
    viewers,
    worktrees,
)
from bench.__main__ import ROWS
from bench.contest import (
    Contender,
    Figures,
    MissingError,
    Round,
    Row,
    contest,
    most_in_window,
    number,
    play,
    table,
)

ROOT = Path(__file__).parents[2]
CONTENDERS: dict[str, dict[str, Contender]] = {
    "bench.paced": paced.CONTENDERS,
    "bench.noop": noop.CONTENDERS,
    "bench.commands": commands.CONTENDERS,
    "bench.queued": queued.CONTENDERS,
    "bench.start": start.CONTENDERS,
    "bench.coding": coding.CONTENDERS,
    "bench.worktrees": worktrees.CONTENDERS,
    "bench.gateway": gateway.CONTENDERS,
    "bench.gateway_stream": gateway_stream.CONTENDERS,
    "bench.gateway_hit": gateway_hit.CONTENDERS,
    "bench.gateway_memory": gateway_memory.CONTENDERS,
    "bench.dashboard": dashboard.CONTENDERS,
    "bench.viewers": viewers.CONTENDERS,
}
SIZES = {
    "bench.paced": 9,
    "bench.noop": 60,
    "bench.commands": 4,
    "bench.queued": 40,
    "bench.start": 1,
    "bench.coding": 3,
    "bench.worktrees": 2,
    "bench.gateway": 50,
    "bench.gateway_stream": 2,
    "bench.gateway_hit": 50,
    "bench.gateway_memory": 200,
    "bench.dashboard": 2000,
    "bench.viewers": 3,
}
GATEWAYS = ("beastmode", "nginx", "bare uvicorn")
"""Portkey and LiteLLM take half a minute to start, and are installed by nobody who only tests."""
ALL = [
    (row, name)
    for row in ROWS.values()
    for name in row.sizes
    if name in GATEWAYS or not row.module.startswith("bench.gateway")
]
NEEDS = {
    "GNU parallel": ("parallel",),
    "beastmode": ("nginx", "wrk"),
    "nginx": ("nginx", "wrk"),
    "bare uvicorn": ("nginx", "wrk"),
    "one viewer": ("nginx",),
    "nobody": ("nginx",),
}


@pytest.mark.parametrize(("row", "name"), ALL, ids=[f"{row.module}-{name}" for row, name in ALL])
def test_every_contender_does_all_of_its_tasks(row: Row, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    size = SIZES[row.module]
    played = play(row.module, name, size)
    if isinstance(played, str):
        assert "no cache yet" in played or not all(map(which, NEEDS[name])), (
            "it says it is missing, and it is not"
        )
        pytest.skip(played)
    if row.module.startswith("bench.gateway"):
        assert (
            played.figures.tasks >= size - size // gateway_memory.FIRST
        )  # wrk hears of an end a little late
    else:
        assert played.figures.tasks == size
        if row.module != "bench.viewers":  # a server that hardly has anything to do
            assert played.figures.value > 0
            assert played.cpu_s > 0


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_names_the_contenders_that_its_module_has_ours_first(row: Row) -> None:
    assert list(row.sizes) == list(CONTENDERS[row.module])


def test_a_peer_that_is_not_installed_is_told_from_one_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_servers, "PEERS", tmp_path)
    for front in (gateway_servers.litellm, gateway_servers.portkey):
        with pytest.raises(MissingError, match="make bench-peers"), front("http://127.0.0.1:1"):
            pytest.fail("it was started")


def test_cpu_and_memory_are_those_of_a_server_and_all_below_it() -> None:
    spin = "import time; [None for _ in iter(time.process_time, None) if _ > 0.3 and exit()]"
    command = f"{sys.executable} -c '{spin}'; read end"
    with subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE) as process:
        while gateway_load.cpu_s(process.pid) < 0.2:
            assert process.poll() is None
        assert gateway_load.memory_mb(process.pid) > 0.1
        process.communicate(b"end\n")
        assert process.returncode == 0


def test_our_starts_are_counted_by_the_tasks_and_the_bound_is_that_of_the_summary() -> None:
    figures = paced.beastmode(9)
    assert figures.also["most starts in 1 s"] <= paced.STARTS
    assert figures.also["bound s"] == pytest.approx(1.05 + paced.WORK_S, abs=0.01)


def test_the_window_of_a_peer_is_counted_wherever_it_begins() -> None:
    bucket = [0.0] * 8 + [1.0 / 8 * i for i in range(1, 9)]
    assert most_in_window(bucket) == 15
    assert most_in_window([0.0, 1.0, 2.0]) == 1


def test_rounds_are_interleaved_and_a_missing_peer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def played(module: str, name: str, size: int) -> Round | str:
        order.append(f"{name} {size}")
        return "install it" if name == "peer" else Round(Figures(size, size), 0.1, 20.0)

    monkeypatch.setattr("bench.contest.play", played)
    row = Row("bench.x", "x", "tasks/s", "higher", "any", {"ours": 10, "peer": 4, "other": 6}, 2)
    results = contest(row, 2, shrink=2)
    assert order == ["ours 5", "peer 2", "other 3", "ours 5", "other 3"]
    assert "| peer | missing: install it |" in table(row, results)


def test_a_table_has_medians_and_ratios() -> None:
    row = Row("bench.x", "x", "tasks/s", "higher", "any", {"ours": 10, "peer": 10}, 3)
    rounds = {
        name: [Round(Figures(value, 10, {"most": value}), 0.001, 20.0) for value in values]
        for name, values in {"ours": (100.0, 400.0, 200.0), "peer": (50.0, 1.0, 60.0)}.items()
    }
    lines = table(row, rounds).splitlines()
    assert lines[0] == "|  | tasks/s | ours / peer | CPU a task | peak MB | most |"
    assert lines[2] == "| ours | 200 |  | 100 µs | 20 | 200 |"
    assert lines[3] == "| peer | 50 | 4.00 | 100 µs | 20 | 50 |"


@pytest.mark.parametrize(
    ("value", "text"), [(20123.4, "20,123"), (8.514, "8.51"), (0.0931, "0.093"), (0, "0"), (8, "8")]
)
def test_numbers_have_the_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text


def test_the_driver_refuses_a_row_that_does_not_exist() -> None:
    asked = subprocess.run([sys.executable, "-m", "bench", "nope"], cwd=ROOT, capture_output=True, text=True)
    assert asked.returncode == 2
    assert "there is no row 'nope'" in asked.stderr


def test_the_driver_prints_a_row_as_markdown() -> None:
    command = [sys.executable, "-m", "bench", "noop", "--rounds", "1", "--shrink", "500"]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert asked.stdout.startswith("### no-op tasks")
    assert "| beastmode |" in asked.stdout
