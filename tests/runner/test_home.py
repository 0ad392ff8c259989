"""What lies where in a home."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beastmode.errors import PreconditionError
from beastmode.runner.home import log_path, logs_of, prepare_home, run_folder

IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=120)
LOGS = Path("/home/r1/logs")


@given(IDS)
@example("測" * 120)
@example("\U0001d538" * 120)
def test_a_log_stays_in_its_folder_whatever_the_id_is(task: str) -> None:
    path = log_path(Path("/home/r1"), task, 3)
    assert path.parent == LOGS
    assert not path.name.startswith(".")
    assert path.name.endswith(".3.log")
    assert len(path.with_suffix(".verify.log").name.encode()) <= 255
    assert "\x00" not in path.name


@given(IDS, IDS)
def test_two_ids_never_share_a_log(one: str, other: str) -> None:
    paths = {log_path(Path("/home/r1"), task, 1) for task in (one, other)}
    assert len(paths) == len({one, other})


def test_usual_ids_are_their_own_names() -> None:
    assert log_path(run_folder(Path(".beast"), 7), "T001", 2) == Path(".beast/runs/r7/logs/T001.2.log")


def test_what_runs_around_an_attempt_has_its_log_beside_it_in_the_order_of_the_attempt() -> None:
    names = [path.name for path in logs_of(LOGS / "T001.2.log")]
    around = ["T001.2.check.log", "T001.2.verify.log", "T001.2.merge.check.log"]
    assert names == ["T001.2.setup.log", "T001.2.log", *around, "T001.2.merge.log"]


def test_a_home_keeps_itself_out_of_git_and_leaves_what_is_there(tmp_path: Path) -> None:
    prepare_home(tmp_path / "a" / "b")
    ignore = tmp_path / "a" / "b" / ".gitignore"
    assert ignore.read_text(encoding="ascii") == "*\n"
    ignore.write_text("mine\n", encoding="ascii")
    prepare_home(tmp_path / "a" / "b")
    assert ignore.read_text(encoding="ascii") == "mine\n"


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PreconditionError, match="--home"):
        prepare_home(tmp_path / "file" / "home")
