"""`beast plan` says how long a list may take, before and after the home has seen it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

LIST = "tasks:\n  - {id: a, command: sleep 0.2}\n  - {id: b, command: sleep 0.2}\n  - {id: c, command: sleep 0.2}\n"


def beast(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "beastmode", *arguments]
    kept = {name: value for name, value in os.environ.items() if name != "BEAST_HOME"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=90, env=kept)


def test_a_guess_becomes_knowledge_and_other_limits_stand_beside_it(tmp_path: Path) -> None:
    (tmp_path / "l.yaml").write_text(LIST, encoding="utf-8")
    before = beast(tmp_path, "plan", "l.yaml").stdout
    assert "(a guess: nothing like it has been run here)" in before
    assert beast(tmp_path, "run", "l.yaml", "--max-concurrency", "1").returncode == 0
    flags = ("--fresh", "--max-concurrency", "1")
    after = beast(tmp_path, "plan", "l.yaml", *flags, "--what-if", "max-concurrency=3").stdout
    assert "(from the same tasks run here before)" in after
    assert "held up by tasks at once: 1 -> 2 would save about" in after
    assert "What if" in after
    assert " less" in after.splitlines()[-1]
    plain = json.loads(beast(tmp_path, "plan", "l.yaml", *flags, "--json").stdout)
    assert plain["estimate"]["seconds"]["low"] <= plain["estimate"]["seconds"]["median"] < 10
    assert plain["bottleneck"]["name"] == "tasks at once"
    assert plain["what_if"] == []


def test_a_list_for_agents_has_requests_and_a_cost(tmp_path: Path) -> None:
    (tmp_path / "l.md").write_text("# L\n- [ ] one\n- [ ] two\n", encoding="utf-8")
    told = beast(tmp_path, "plan", "l.md", "--agent", "claude", "--what-if", "upstream-concurrency=6")
    assert " requests, " in told.stdout
    assert " USD" in told.stdout
    as_commands = beast(tmp_path, "plan", "l.md", "--command", "make {id}").stdout
    assert "USD" not in as_commands


def test_a_journal_that_cannot_be_read_leaves_the_plan_without_an_estimate(tmp_path: Path) -> None:
    (tmp_path / "l.yaml").write_text(LIST, encoding="utf-8")
    (tmp_path / ".beast").mkdir()
    (tmp_path / ".beast" / "journal.db").write_bytes(b"nothing of the kind" * 100)
    ended = beast(tmp_path, "plan", "l.yaml")
    assert ended.returncode == 0
    assert "1 wave, at most 3 tasks wide" in ended.stdout
    assert "beast: no estimate: " in ended.stderr


def test_a_wrong_word_is_refused(tmp_path: Path) -> None:
    (tmp_path / "l.yaml").write_text(LIST, encoding="utf-8")
    ended = beast(tmp_path, "plan", "l.yaml", "--what-if", "speed=2")
    assert ended.returncode == 2
    assert "'speed' is no limit" in ended.stderr
