"""A folder instead of a file: the only list in it, the one that a person picks, or words and exit code 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from beastmode.cli.app import answer
from beastmode.cli.choosing import chosen
from beastmode.errors import PreconditionError
from beastmode.runner.formats import finding

KIRO = "- [x] 1. a\n- [ ] 2. b\n- [ ]* 3. c\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BEAST_HOME", raising=False)
    write(".kiro/specs/login/tasks.md", KIRO)
    return tmp_path


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def test_a_file_and_what_is_not_there_stay_what_they_are() -> None:
    for path in (Path(".kiro/specs/login/tasks.md"), Path("none"), Path("/dev/stdin")):
        assert chosen(path, "run") == path


def test_the_only_list_is_taken_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert chosen(Path(), "run") == Path(".kiro/specs/login/tasks.md")
    assert capsys.readouterr().err == "The list is .kiro/specs/login/tasks.md: 2 to run, 1 done.\n"


def test_of_several_nobody_guesses(capsys: pytest.CaptureFixture[str]) -> None:
    write("TODO.md", "- [ ] a\n")
    write("openspec/changes/x/tasks.md", "words\n")
    assert answer(["plan", "."]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "beast: .: 2 lists of tasks are here:",
        "    1  .kiro/specs/login/tasks.md  (kiro: 2 to run, 1 done)",
        "    2  TODO.md  (markdown: 1 to run, 0 done)",
        "       openspec/changes/x/tasks.md  cannot be read: no tasks found. What stands in it: prose (line 1)",
        "  Name one of them, like: beast plan .kiro/specs/login/tasks.md",
    ]


def test_on_a_terminal_a_person_picks_one_by_its_number(capsys: pytest.CaptureFixture[str]) -> None:
    write("TODO.md", "- [ ] a\n")
    typed = iter(["", "x", "3", "2"])
    picked = chosen(Path(), "run", ask=lambda: next(typed), on_terminal=lambda: True)
    assert picked == Path("TODO.md")
    said = capsys.readouterr()
    assert (said.out, said.err.count("Which one (1-2)? ")) == ("", 4)


def test_the_end_of_input_is_no_answer() -> None:
    write("TODO.md", "- [ ] a\n")

    def closed() -> str:
        raise EOFError

    with pytest.raises(typer.Abort):
        chosen(Path(), "run", ask=closed, on_terminal=lambda: True)


def test_a_search_that_ended_early_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_LISTS", 1)
    write("TODO.md", "- [ ] a\n")
    chosen(Path(), "run")
    assert capsys.readouterr().err == (
        "The list is TODO.md: 1 to run, 0 done. The search ended after 1 lists: there may be more.\n"
    )
    monkeypatch.setattr(finding, "MOST_ENTRIES", 0)
    with pytest.raises(PreconditionError, match="in this folder; the search ended after 0 entries"):
        chosen(Path(), "run")


def test_where_there_is_none_it_says_what_was_looked_for() -> None:
    Path("empty").mkdir()
    with pytest.raises(PreconditionError) as caught:
        chosen(Path("empty"), "run")
    assert caught.value.what == "no list of tasks was found in this folder"
    assert ".kiro/specs/*/tasks.md" in caught.value.tip


def test_the_only_one_may_be_broken(capsys: pytest.CaptureFixture[str]) -> None:
    write(".kiro/specs/login/tasks.md", "words\n")
    assert answer(["run", "."]) == 2
    assert ".kiro/specs/login/tasks.md: no tasks found" in capsys.readouterr().err


def test_a_folder_is_run_and_taken_up_again(capsys: pytest.CaptureFixture[str]) -> None:
    write(".kiro/specs/login/tasks.md", "- [x] 1. a\n- [ ] 2. b\n- [ ]* 3. c\n")
    assert answer(["run", ".", "--command", "true", "--skip-optional", "--json"]) == 0
    tasks = json.loads(capsys.readouterr().out)["tasks"]
    assert (tasks["done"], tasks["skipped"]) == (1, 2)
    assert answer(["run", ".kiro/specs/login/tasks.md", "--command", "true", "--json"]) == 0
    tasks = json.loads(capsys.readouterr().out)["tasks"]
    assert (tasks["done"], tasks["skipped"]) == (2, 1), (
        "what was left out as optional is done when it is asked for"
    )


def test_plan_try_and_doctor_take_a_folder_and_the_same_flags(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["plan", ".", "--skip-optional", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["runnable"] == 1
    assert answer(["doctor", ".", "--skip-optional"]) == 0
    assert "tasks.md (kiro): 3 tasks" in capsys.readouterr().out
    assert answer(["try", ".", "--command", "true", "--skip-optional"]) == 0


@pytest.mark.parametrize("command", ["run", "plan", "try", "doctor"])
def test_a_tag_where_there_are_none(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer([command, ".kiro/specs/login/tasks.md", "--tag", "next"]) == 2
    said = capsys.readouterr()
    assert "there is no tag 'next': a list of the format kiro has no tags" in said.err + said.out


def test_a_tag_that_says_nothing() -> None:
    assert answer(["plan", ".", "--tag", ""]) == 2
