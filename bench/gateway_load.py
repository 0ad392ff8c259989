"""The load on a gateway, and what its processes used meanwhile: the same generator and the same scales for each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from bench.contest import Figures, MissingError
from bench.gateway_servers import Served

AT_ONCE = 16
LONGEST_S = 3600
_TICKS_S = os.sysconf("SC_CLK_TCK")

_SCRIPT = """
wrk.method, wrk.path, wrk.body = "POST", %s, %s
local left, text = %d, nil
function request()
  text, left = text or wrk.format(), left - 1
  if left == 0 then
    io.stdout:write("enough\\n")
    io.stdout:flush()
  end
  return text
end
function done(summary, latency)
  local wrong = summary.errors
  io.write(string.format(
    '{"requests": %%d, "wrong": %%d, "took_s": %%f, "p50_ms": %%f, "p99_ms": %%f}\\n',
    summary.requests, wrong.connect + wrong.read + wrong.write + wrong.status + wrong.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the generator saw.   requests: answered.   wrong: not, or not well.   took_s: from first to last."""

    requests: int
    wrong: int
    took_s: float
    p50_ms: float
    p99_ms: float


def load(served: Served, path: str, body: bytes, size: int) -> Loaded:
    """`size` requests and a few more, `AT_ONCE` at a time, by wrk: one thread in C.

    Raises MissingError without wrk, and AssertionError where an answer was not a good one.
    """
    if not which("wrk"):
        raise MissingError("apt-get install wrk")
    named = [part for name, value in served.headers.items() for part in ("-H", f"{name}: {value}")]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "load.lua"
        filled = _SCRIPT % (json.dumps(path), json.dumps(body.decode("ascii")), size + 2 * AT_ONCE)
        script.write_text(filled, encoding="ascii")
        command = ["wrk", "-t1", f"-c{AT_ONCE}", f"-d{LONGEST_S}s", "--timeout=60s", "-s", str(script)]
        found = Loaded(**json.loads(_said([*command, *named, served.url])))
    assert found.wrong == 0, f"{found.wrong} of {found.requests} requests to {served.url} went wrong"
    assert found.requests >= size, f"{found.requests} of {size} requests in {LONGEST_S} s"
    return found


def measured(served: Served, path: str, body: bytes, size: int) -> Figures:
    """The load's requests a second, with the CPU and the memory of the server and all below it."""
    before_s = cpu_s(served.pid)
    loaded = load(served, path, body, size)
    used_s = cpu_s(served.pid) - before_s
    also = {"p50 ms": loaded.p50_ms, "p99 ms": loaded.p99_ms}
    return Figures(loaded.requests / loaded.took_s, loaded.requests, also, used_s, memory_mb(served.pid))


def _said(command: list[str]) -> str:
    """Its last line. wrk knows an end by time only: it is told when it has asked often enough, and told again, as it
    does not listen yet when a few requests are all, nor may be ended then."""
    deaf = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]
    with subprocess.Popen([*deaf, *command], stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        while process.stdout.readline() not in (b"enough\n", b""):
            pass
        while True:
            process.send_signal(signal.SIGINT)
            try:
                said, _ = process.communicate(timeout=0.2)
            except subprocess.TimeoutExpired:
                continue
            return said.decode().splitlines()[-1]


def cpu_s(pid: int) -> float:
    """CPU seconds that a process and all below it have used, in steps of 0.01."""
    return sum(sum(map(int, _stat(each)[11:15])) for each in _tree(pid)) / _TICKS_S


def memory_mb(pid: int) -> float:
    """Memory of a process and all below it; what several share is counted once (PSS)."""
    return sum(_pss_kb(each) for each in _tree(pid)) * 1024 / 1e6


def _tree(pid: int) -> list[int]:
    """It, and those that it started and that still live."""
    parents = {int(name): int(_stat(int(name))[1]) for name in os.listdir("/proc") if name.isdecimal()}
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def _stat(pid: int) -> list[str]:
    """The fields of its `stat` from the third on; of one that has ended, zeros."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["0"] * 50


def _pss_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
