"""`beastmode.run` does what `beast run` does, mistakes included."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from beastmode import Roadmap, Task, run
from beastmode.errors import BeastError, SettingError
from beastmode.runner.home import journal_path


def test_a_command_as_text_is_split_and_filled_like_the_flag(tmp_path: Path) -> None:
    out = tmp_path / "out"
    roadmap = Roadmap([Task("a b"), Task("c")])
    summary = run(roadmap, command=f"sh -c 'echo \"$1\" >> {out}' sh {{id}}", home=tmp_path / "home")
    assert summary.tasks["done"] == 2
    assert sorted(out.read_text(encoding="ascii").splitlines()) == ["a b", "c"]


@pytest.mark.parametrize("command", ["echo {nothing}", ["echo", "{nothing}"], "echo 'open"])
def test_a_command_that_cannot_be_filled_is_refused(tmp_path: Path, command: str | list[str]) -> None:
    with pytest.raises(BeastError):
        run(Roadmap([Task("a")]), command=command, home=tmp_path / "home")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("setting", [{"health": "nonsense"}, {"server": "http://"}])
def test_what_names_no_server_is_refused_before_anything_is_written(
    tmp_path: Path, setting: dict[str, Any]
) -> None:
    with pytest.raises(SettingError):
        run(Roadmap([Task("a")]), command="true", home=tmp_path / "home", **setting)
    assert not journal_path(tmp_path / "home").exists()


def test_a_roadmap_without_work_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(BeastError) as caught:
        run(Roadmap([Task("a")], title="Mine"), home=tmp_path / "home")
    said = str(caught.value).splitlines()[0]
    assert said == "Mine: 1 task says what is to be done, but not how (the first is 'a')"


def test_inside_an_event_loop_it_is_refused_before_a_run_is_begun(tmp_path: Path) -> None:
    async def inside() -> None:
        with pytest.raises(RuntimeError, match=r"asyncio\.to_thread"):
            run(Roadmap([Task("a")]), command="true", home=tmp_path / "home")

    asyncio.run(inside())
    assert not (tmp_path / "home").exists()


def test_another_program_with_the_same_words_is_not_taken_for_done(tmp_path: Path) -> None:
    for name in ("one", "other", "one"):
        program = tmp_path / f"{name}.py"
        lines = [
            "from beastmode import Roadmap, Task, run",
            f"def hello(): open({str(tmp_path / name) + '.ran'!r}, 'a').write('x')",
            "assert run(Roadmap([Task('greet', hello)]), rates=()).tasks['done'] == 1",
        ]
        program.write_text("\n".join(lines), encoding="utf-8")
        subprocess.run([sys.executable, str(program)], cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "other.ran").read_text(encoding="utf-8") == "x"
    assert (tmp_path / "one.ran").read_text(encoding="utf-8") == "x", "the same program goes on"
