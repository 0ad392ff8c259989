"""Month 1: beastmode's own code generation does the seven tasks of roadmap.yaml on the router in service/.

In a git repository of its own, made from service/, every task is written, proven by check and acceptance test, and
merged; then again with --fresh. The answers are played back from answers/, so that it runs offline and costs nothing.
One of them is wrong at first: it fails its verification, is mended, and is not kept for others; so the second run asks
for it anew, and the third is answered from the cache alone. Against a real model instead, which does it twice:

    BEAST_UPSTREAM=https://api.example.com/v1 BEAST_MODEL=m OPENAI_API_KEY=... python examples/month-1/run.py

Ends with 0 only if 7 of 7 are verified and merged each time, the result is green, and the model server refused nothing;
in playback only if, beside that, the last run asked it nothing and its limits held.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playback import MODEL, playback_server

from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread

FOLDER = Path(__file__).parent
KEYS = ("BEAST_UPSTREAM_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY")
"""Variables that may hold the key of a real model server; the first that is set does."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """The model server of all runs.   flags: that name it.   played: where it is the one that plays back."""

    flags: tuple[str, ...]
    played: ModelServer | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """How one run ended.   reached: requests that the model server had to answer.   good: all is done and merged, and
    nothing was refused."""

    name: str
    reached: int
    good: bool


def main() -> int:
    place = Path(tempfile.mkdtemp(prefix="beast-month-1-"))
    repository = repository_in(place)
    with upstream() as server:
        runs = [run(place, server, again=number > 0) for number in range(3 if server.played else 2)]
        good = [one.good for one in runs]
        if server.played:
            good += [runs[-1].reached == 0, limits_held(server.played)]
    good.append(is_green(repository, f"beast/{runs[-1].name}/result", place))
    return 0 if all(good) else 1


@contextmanager
def upstream() -> Iterator[Upstream]:
    """The real model server that the environment names, or the one that plays back."""
    url, model = os.environ.get("BEAST_UPSTREAM"), os.environ.get("BEAST_MODEL")
    if not url:
        print("Playback: the answers were recorded beforehand; no model is asked.", flush=True)
        with in_thread(playback_server()) as server:
            yield Upstream(("--upstream", server.url, "--model", MODEL, "--budget", "none"), server)
        return
    if not model:
        sys.exit(f"Say which model {url} is to be asked for: BEAST_MODEL=...")
    print(f"{model} at {url} is asked; the budget of `beast run` limits what that may cost.", flush=True)
    key = next((name for name in KEYS if os.environ.get(name)), "")
    yield Upstream(("--upstream", url, "--model", model, *(("--upstream-key-env", key) if key else ())))


def repository_in(place: Path) -> Path:
    """A fresh git repository of the service as it is before Month 1."""
    repository = place / "router"
    shutil.copytree(FOLDER / "service", repository, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    git(repository, "init", "--quiet", "--initial-branch=main")
    git(repository, "add", "--all")
    git(repository, "config", "user.name", "Month 1")
    git(repository, "config", "user.email", "month-1@example.com")
    git(repository, "-c", "commit.gpgsign=false", "commit", "--quiet", "--message=The router before Month 1")
    return repository


def run(place: Path, server: Upstream, *, again: bool) -> Run:
    """Do the roadmap.   again: with --fresh, and heard only where it fails."""
    before = server.played.paid if server.played else 0
    ended = beast_run(place, (*server.flags, *(["--fresh"] if again else [])), quiet=again)
    if ended.returncode and ended.stderr:
        print(ended.stderr, file=sys.stderr)
    if not ended.stdout:
        sys.exit(ended.returncode or 1)
    summary = json.loads(ended.stdout)
    asked = summary["upstream"] or {"requests": 0, "hits": 0, "refused": 0}
    reached = server.played.paid - before if server.played else asked["requests"] - asked["hits"]
    name, total, merged = summary["run_id"], summary["tasks"]["total"], merged_in(summary)
    print(
        f"{name}: {'again with --fresh: ' if again else ''}{merged} of {total} verified and merged in "
        f"{summary['makespan_s']:.0f} s; {asked['requests']} requests: {asked['hits']} answered from the cache, "
        f"{reached} by the model server, {asked['refused']} refused",
        flush=True,
    )
    return Run(name, reached, ended.returncode == 0 and not asked["refused"] and merged == total)


def beast_run(place: Path, flags: tuple[str, ...], *, quiet: bool) -> subprocess.CompletedProcess[str]:
    """`beast run`, as a person would type it."""
    roadmap, home = str(FOLDER / "roadmap.yaml"), str(place / "home")
    command = [sys.executable, "-m", "beastmode", "run", roadmap, "--agent", "generate", "--home", home]
    return subprocess.run(
        [*command, "--check", "python -m pytest", "--yes", "--json", *flags],
        cwd=place / "router",
        env=environment(place),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if quiet else None,
        text=True,
        check=False,
    )


def merged_in(summary: dict[str, Any]) -> int:
    """How many tasks were verified and merged."""
    return sum(task["state"] == "done" and task["merged"] for task in summary["by_task"] or ())


def limits_held(played: ModelServer) -> bool:
    """Whether the server was never hit harder than `beast run` promises where nothing else is said: 3 at once, 8/s."""
    at_once, a_second = played.most_in_flight, played.most_in_window(1.0)
    print(f"The model server saw at most {at_once} at once (it bears 3) and {a_second} in any second (8)")
    return at_once <= 3 and a_second <= 8


def is_green(repository: Path, result: str, place: Path) -> bool:
    """Whether a result branch has seven commits and passes all tests, the acceptance tests among them."""
    checkout = place / "result"
    git(repository, "worktree", "add", "--quiet", "--detach", str(checkout), result)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "tests", "acceptance"],
        cwd=checkout,
        env=environment(place),
        capture_output=True,
        text=True,
        check=False,
    )
    commits = git(repository, "rev-list", "--count", f"main..{result}").strip()
    colour = "red" if ended.returncode else "green"
    print(f"{result}: {commits} commits; its tests and the acceptance tests of all tasks are {colour}")
    print(ended.stdout if ended.returncode else f"Look at them: git -C {repository} log --stat {result}")
    return ended.returncode == 0 and commits == "7"


def environment(place: Path) -> dict[str, str]:
    """Of what is started: this Python comes first, worktrees lie in `place`, pytest takes no plugins that happen to be
    installed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return os.environ | {
        "PATH": path,
        "XDG_DATA_HOME": str(place / "data"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }


def git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
