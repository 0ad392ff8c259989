"""Twenty tasks that need each other, conflict, and break each other's check: one green branch in the end."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from tests.coding.project import CHECK, Project

GREEN = f"{CHECK}; ! cat only-* 2>/dev/null | sort | uniq -d | grep ."
"""No file is empty, and no line stands in two files `only-*`."""


def twenty() -> tuple[str, dict[str, list[dict[str, Any]]]]:
    """By fives: two that write the same file (conflict), two that are red together (fine alone), one that needs the
    first of each pair and says so in its verify."""
    lines, steps = [], {}
    for number in range(4):
        a, b, c, d, e = (f"{letter}{number}" for letter in "abcde")
        lines += [f"  - {{id: {name}, verify: test -s {name}.txt}}" for name in (a, b, c, d)]
        lines += [f"  - {{id: {e}, needs: [{a}, {c}], verify: test -s {a}.txt -a -s {c}.txt -a -s {e}.txt}}"]
        for name, after_s in ((a, 0.0), (b, 0.5)):
            files = {f"{name}.txt": name, f"pair{number}.txt": f"from {name}\n"}
            steps[name] = [{"write": files, "sleep": after_s}]
        for name, after_s, word in ((c, 0.0, "same"), (d, 0.5, "other")):
            first = {f"{name}.txt": name, f"only-{name}": f"same {number}\n"}
            again = {f"only-{name}": f"{word} {number}\n"}
            steps[name] = [{"write": first, "sleep": after_s}, {"write": again}]
        steps[e] = [{"write": {f"{e}.txt": e}}]
    return "tasks:\n" + "\n".join(lines), steps


@pytest.mark.slow
def test_the_result_is_green_at_every_commit_and_nothing_is_lost(tmp_path: Path) -> None:
    project = Project(tmp_path)
    text, steps = twenty()
    project.list_(text, **steps)
    with in_thread(ModelServer()) as server:
        ran = project.run(
            "--check", GREEN, "--upstream", server.url, "--max-concurrency", "8", "--rate", "none"
        )
    assert (ran.code, ran.summary["tasks"]["done"]) == (0, 20), ran.said
    assert sorted(project.merged()) == sorted(steps)
    assert {f"{name}.txt" for name in steps} <= set(project.result())
    commits = project.git("rev-list", "--reverse", "main..beast/r1/result").split()
    assert len(commits) == 20
    for number, commit in enumerate(commits):
        folder = tmp_path / "each" / str(number)
        project.git("worktree", "add", "--quiet", "--detach", str(folder), commit)
        assert subprocess.run(["sh", "-c", GREEN], cwd=folder).returncode == 0, commit
    merged = project.merged()
    assert all(merged.index(f"e{n}") > max(merged.index(f"a{n}"), merged.index(f"c{n}")) for n in range(4))
    sent_back = ran.summary["attempts"] - 20
    print(f"20 merged, {sent_back} sent back")
    assert sent_back >= 1, "nothing was in anybody's way, and nothing is shown by this test"
