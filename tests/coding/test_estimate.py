"""A run that writes code is foreseen by what one before has taken: time, requests, its check and its merges.
`beast try` says of one task what the others would take."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from beastmode.compose.opening.history import pasts_in
from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from tests.coding.project import CHECK, Project, writes

THREE = "tasks:\n  - {id: a, title: Make a}\n  - {id: b, title: Make b}\n  - {id: c, title: Make c}\n"


def foreseen(home: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(home / "journal.db")) as db:
        return [
            json.loads(data) for (data,) in db.execute("SELECT data FROM events WHERE kind = 'estimated'")
        ]


def test_the_second_run_is_foreseen_by_the_first(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_(THREE, **{name: writes(f"{name}.txt") for name in "abc"})
    with in_thread(ModelServer()) as server:
        flags = ("--check", CHECK, "--upstream", server.url)
        guessed, known = project.run(*flags), project.run(*flags, "--fresh")
        assert (guessed.code, known.code) == (0, 0), known.said
    assert "(a guess: nothing like it has been run here)" in guessed.said
    assert "(from the same tasks run here before; the cost is a guess)" in known.said
    first, second = foreseen(project.top / ".beast")
    assert first["seconds"]["high"] > 60 > second["seconds"]["high"]
    assert second["requests"]["low"] <= 3 <= second["requests"]["high"] < 10
    assert second["tokens"]["low"] <= 48 <= second["tokens"]["high"]
    assert second["usd"]["low"] <= 1.5 <= second["usd"]["high"]
    pasts = pasts_in(project.top / ".beast")
    assert all(past.check_s > 0 and past.merge_s > 0 and past.asked_s > 0 for past in pasts[:3])


def test_one_task_says_what_the_others_would_take(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.list_(THREE, **{name: writes(f"{name}.txt") for name in "abc"})
    with in_thread(ModelServer()) as server:
        tried = project.run("--check", CHECK, "--upstream", server.url, "--one", command="try")
    assert "a took " in tried.said
    assert "The other 2 would take about " in tried.said
    assert "(from tasks of this kind run here before; the cost is a guess)" in tried.said
