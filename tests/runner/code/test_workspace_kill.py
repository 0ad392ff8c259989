"""A runner that is killed with SIGKILL, at any moment: the next one loses no work, and begins as the first did."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repositories import everything_of, git, repository
from tests.runner.workplace import entered, in_a_loop, workspaces

RUNNER = """
import asyncio, sys
from pathlib import Path
from tests.runner.workplace import entered, workspaces

async def work(spaces, task):
    place = await entered(spaces, task)
    (place.path / "first").write_text(task)
    print(task, "writes", flush=True)
    saved = await spaces.save(place, task + "\\n")
    print(task, "saved", saved.commit, flush=True)
    (place.path / "half").write_text(task)
    print(task, "half", flush=True)
    await spaces.save(await entered(spaces, task, number=2), task + " again\\n")

async def main():
    async with workspaces(Path(sys.argv[1]), Path(sys.argv[2])) as spaces:
        await asyncio.gather(*(work(spaces, f"t{number}") for number in range(4)))
        print("end", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""
ROOT = Path(__file__).parents[3]


def killed_after(lines: int, checkout: Path, root: Path) -> list[str]:
    """What a runner printed before it was killed, right after its n-th line."""
    command = [sys.executable, "-c", RUNNER, str(checkout), str(root)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as runner:
        assert runner.stdout is not None
        said = [runner.stdout.readline().strip() for _ in range(lines)]
        runner.send_signal(signal.SIGKILL)
        runner.wait()
        return said


@pytest.mark.parametrize("lines", [1, 2, 4, 5, 7, 9, 12, 13])
@in_a_loop
async def test_a_kill_loses_nothing_that_was_saved(tmp_path: Path, lines: int) -> None:
    checkout = repository(tmp_path / "shop", {f"f{number}": "x" for number in range(200)})
    before = everything_of(checkout)
    said = killed_after(lines, checkout, tmp_path / "trees")
    saved = {line.split()[0]: line.split()[2] for line in said if " saved " in line}
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        places = await asyncio.gather(*(entered(spaces, f"t{number}", number=3) for number in range(4)))
        for place in places:
            assert git(place.path, "status", "--porcelain") == ""
            if place.task in saved:
                assert git(place.path, "rev-parse", "HEAD") == saved[place.task]
                assert (place.path / "first").read_text() == place.task
    assert everything_of(checkout) == before
    git(checkout, "fsck", "--strict", "--no-dangling")


@in_a_loop
async def test_what_was_half_done_at_a_kill_is_kept(tmp_path: Path) -> None:
    checkout = repository(tmp_path / "shop")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        place = await entered(spaces, "one")
        (place.path / "half").write_text("half")
    async with workspaces(checkout, tmp_path / "trees") as spaces:
        for number in (2, 3):
            await entered(spaces, "one", number=number)
    kept = git(checkout, "for-each-ref", "--format=%(refname)", "refs/heads/beast/r1/kept").splitlines()
    assert [git(checkout, "show", f"{ref}:half") for ref in kept] == ["half"]
