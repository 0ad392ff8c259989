"""Issues asked live: through a stand-in for gh that is a real program on PATH."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from beastmode.compose.opening.request import Request
from beastmode.errors import BeastError, PreconditionError, SettingError
from beastmode.runner.formats.github import FIELDS
from beastmode.runner.formats.github_live import arguments_of, read_live, wanted_by
from beastmode.runner.formats.reading import read_roadmap

OLD = "number title body state url"
ISSUES = [
    {"number": 2, "title": "Two", "body": "Depends on #1", "state": "OPEN"},
    {"number": 1, "title": "One", "state": "OPEN"},
]
PROGRAM = """#!{python}
import json, pathlib, sys, time
here = pathlib.Path(__file__).parent
with (here / "calls").open("a") as calls:
    print(json.dumps(sys.argv[1:]), file=calls)
{body}
"""
ANSWERS = "print((here / 'issues').read_text())"
OLDER = """
asked = next(word for word in sys.argv if word.startswith("--json="))[7:].split(",")
strange = [field for field in asked if field not in "{old}".split()]
if strange:
    print(f'Unknown JSON field: "{{strange[0]}}"', "Available fields:", sep="\\n", file=sys.stderr)
    print(*("  " + field for field in "{old}".split()), sep="\\n", file=sys.stderr)
    sys.exit(1)
"""


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.chdir(tmp_path)
    (folder / "issues").write_text(json.dumps(ISSUES))
    return folder


def install(folder: Path, body: str) -> None:
    program = folder / "gh"
    program.write_text(PROGRAM.format(python=sys.executable, body=body))
    program.chmod(0o755)


def calls(folder: Path) -> list[list[str]]:
    return [json.loads(line) for line in (folder / "calls").read_text().splitlines()]


def test_the_issues_of_a_repository_are_a_roadmap(gh: Path) -> None:
    install(gh, ANSWERS)
    roadmap = read_roadmap(Path("gh:owner/name?label=bug&label=-x&milestone=v%201"))
    assert [(one.id, one.needs) for one in roadmap.tasks()] == [("1", ()), ("2", ("1",))]
    [call] = calls(gh)
    assert call == [
        "issue", "list", "--limit=1000", f"--json={','.join(FIELDS)}", "--repo=owner/name", "--state=all",
        "--label=bug", "--label=-x", "--milestone=v 1",
    ]  # fmt: skip


def test_an_older_gh_is_asked_again_for_what_it_knows(gh: Path) -> None:
    install(gh, OLDER.format(old=OLD) + ANSWERS)
    assert len(list(read_roadmap(Path("gh:")).tasks())) == 2
    first, second = calls(gh)
    assert "--json=number,title,body,state,url" in second
    assert not any(word.startswith("--repo") for word in (*first, *second))


def test_as_many_as_were_asked_for_may_not_be_all(gh: Path) -> None:
    install(gh, ANSWERS)
    [remark] = read_live(Path("gh:o/r?limit=2")).ignored
    assert "only 2 issues were asked for" in remark.reason
    assert "--limit=2" in calls(gh)[0]


def test_without_gh_one_is_told_what_to_do(gh: Path) -> None:
    with pytest.raises(
        PreconditionError, match=r"cannot be started[^\n]*\n.*Install.*gh auth login.*issues.json"
    ):
        read_roadmap(Path("gh:o/r"))


@pytest.mark.parametrize(
    ("said", "tip"),
    [
        ("To get started with GitHub CLI, please run:  gh auth login", "Log in with `gh auth login`"),
        ("GraphQL: Could not resolve to a Repository with the name 'o/r'.", "Check the name"),
        ("no git remotes found", "gh:owner/name"),
        ("HTTP 403: API rate limit exceeded", "gh api rate_limit"),
        ("something new", "the same with gh itself"),
    ],
)
def test_what_gh_refuses_is_told_with_what_to_do(gh: Path, said: str, tip: str) -> None:
    install(gh, f"print({said!r}, file=sys.stderr); sys.exit(4)")
    with pytest.raises(PreconditionError) as raised:
        read_roadmap(Path("gh:"))
    assert said in raised.value.what
    assert tip in raised.value.tip


def test_a_gh_that_hangs_floods_or_says_nonsense_is_an_error_and_no_wait(gh: Path) -> None:
    install(gh, "time.sleep(600)")
    with pytest.raises(PreconditionError, match="did not answer within 1 s"):
        read_live(Path("gh:o/r"), timeout_s=1.0)
    install(gh, "while True: sys.stdout.write('x' * 1_000_000)")
    with pytest.raises(PreconditionError, match="more than 64 MiB"):
        read_live(Path("gh:o/r"))
    install(gh, "print('<html>')")
    with pytest.raises(BeastError, match="this is not JSON"):
        read_live(Path("gh:o/r"))
    install(gh, "pass")
    with pytest.raises(BeastError, match="no tasks found"):
        read_roadmap(Path("gh:o/r"))


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("one", "is no repository"),
        ("--repo/x y", "is no repository"),
        ("o/r?labels=bug", "'labels' is no filter"),
        ("o/r?label=", "'label' is no filter"),
        ("o/r?limit=0", "no number from 1"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is(written: str, what: str) -> None:
    with pytest.raises(SettingError, match=what):
        wanted_by(written)


def test_the_filters_go_through_as_single_arguments() -> None:
    wanted = wanted_by("ghe.example/o/r?search=is%3Aopen+sort%3Acreated&state=open")
    assert arguments_of(wanted, ("number",)) == [
        "gh", "issue", "list", "--limit=1000", "--json=number", "--repo=ghe.example/o/r",
        "--search=is:open sort:created", "--state=open",
    ]  # fmt: skip


def test_a_file_of_that_name_is_a_file_and_a_live_list_is_none(gh: Path) -> None:
    assert Request(Path("gh:o/r")).list_file is None
    Path("gh:").write_text("# List\n- [ ] one thing\n")
    assert [one.title for one in read_roadmap(Path("gh:")).tasks()] == ["one thing"]
    assert Request(Path("gh:")).list_file == Path(os.getcwd(), "gh:")
