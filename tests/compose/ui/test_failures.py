"""Failures of a home: real journals and ledgers, one beside the other, and what had changed before."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from urllib.parse import parse_qsl

from beastmode import Roadmap, Task, run
from beastmode.compose.ui import failures as ui_failures
from beastmode.compose.ui.failures import HomeFailures
from beastmode.compose.ui.requests import LedgerRequests
from beastmode.dashboard.filters import sought_of
from beastmode.dashboard.pages.failures import query_for
from beastmode.dashboard.sources.failures import FailureGroup
from beastmode.runner.home import journal_path
from beastmode.store.ledger.entry import Entry
from beastmode.store.ledger.file import ledger_path
from tests.store.ledgers import end, entry, opened

NOW = time.time()


def record(home: Path, *requests: Entry) -> None:
    """Requests that have ended: those with a class badly."""

    async def play() -> None:
        ledger = opened(ledger_path(home))
        for request in requests:
            ledger.begin(request)
            await ledger.leaves(request)
            end(ledger, request, "failed" if request.class_ else "upstream_ok")
        await ledger.close()

    asyncio.run(play())


def slow(seconds_ago: float, cause: str = "slow down", **known: object) -> Entry:
    told = {"class_": "rate_limit", "cause": cause, "tip": "Ask less.", "upstream": "http://h", "key": "ci"}
    return entry(NOW - seconds_ago, **{**told, **known})


def of_class(home: Path, class_: str, since_unix: float = 0.0) -> FailureGroup:
    (group,) = (one for one in HomeFailures(home).found(since_unix, 50).groups if one.class_ == class_)
    return group


def words_before(group: FailureGroup) -> list[str]:
    return [change.words for change in group.before]


def test_a_home_without_anything_has_no_failures(tmp_path: Path) -> None:
    assert HomeFailures(tmp_path / "none").found(0.0, 50).groups == []
    assert not (tmp_path / "none").exists()


def test_in_the_instant_in_which_both_files_are_made_there_are_none_and_then_what_comes(
    tmp_path: Path,
) -> None:
    for path in (ledger_path(tmp_path), journal_path(tmp_path)):
        path.touch()
    failures = HomeFailures(tmp_path)
    assert failures.found(0.0, 50).groups == []
    record(tmp_path, slow(3600))
    run(Roadmap([Task("a", ["false"])]), home=tmp_path, retries=0)
    assert {group.class_ for group in failures.found(0.0, 50).groups} == {"rate_limit", "exit_code"}


def test_of_a_ledger_that_was_begun_again_nothing_old_is_told(tmp_path: Path) -> None:
    record(tmp_path, slow(3600, cause="the old one"))
    failures = HomeFailures(tmp_path)
    assert [group.cause for group in failures.found(0.0, 50).groups] == ["the old one"]
    ledger_path(tmp_path).rename(tmp_path / "moved-away.db")
    assert failures.found(0.0, 50).groups == []
    record(tmp_path, slow(3500, cause="the new one"))
    assert [group.cause for group in failures.found(0.0, 50).groups] == ["the new one"]


def test_attempts_and_requests_stand_beside_each_other_the_last_first(tmp_path: Path) -> None:
    record(tmp_path, slow(3600, run="r7", task="T1"), slow(3500))
    run(Roadmap([Task("a", ["sh", "-c", "exit 3"]), Task("b", ["true"])]), home=tmp_path, retries=0)
    attempts, requests = HomeFailures(tmp_path).found(0.0, 50).groups
    assert (attempts.of, attempts.class_, attempts.count, attempts.tasks) == (
        "attempts",
        "exit_code",
        1,
        [("r1", "a")],
    )
    assert words_before(attempts) == ["r1 began"]
    assert (requests.of, requests.class_, requests.count) == ("requests", "rate_limit", 2)
    assert list(requests.tasks) == [("r7", "T1")]
    assert (list(requests.keys), list(requests.upstreams)) == (["ci"], ["http://h"])
    assert requests.sample


def test_a_journal_is_read_on_from_where_it_was(tmp_path: Path) -> None:
    roadmap, failures = Roadmap([Task("a", ["false"])], title="t"), HomeFailures(tmp_path)
    run(roadmap, home=tmp_path, retries=0)
    assert [group.count for group in failures.found(0.0, 50).groups] == [1]
    run(roadmap, home=tmp_path, retries=0, failed=True)
    (group,) = failures.found(0.0, 50).groups
    assert (group.count, words_before(group)) == (2, ["r1 began"])


def test_what_was_new_right_before_is_named_and_what_was_there_is_not(tmp_path: Path) -> None:
    fine = {"class_": "", "cause": "", "tip": ""}
    record(tmp_path, slow(7200, **fine, model="m"), slow(300, **fine, model="new"), slow(200, model="new"))
    before = words_before(of_class(tmp_path, "rate_limit"))
    assert before == ["seen for the first time: model new"]


def test_what_began_before_the_time_says_so_and_names_nothing(tmp_path: Path) -> None:
    record(tmp_path, slow(7200, "after 3 s"), slow(60, "after 4 s"))
    group = of_class(tmp_path, "rate_limit", NOW - 3600)
    assert (group.count, group.older, words_before(group)) == (1, True, [])
    group = of_class(tmp_path, "rate_limit", NOW - 86400)
    assert (group.count, group.older) == (2, False)


def test_the_way_to_its_requests_finds_them_and_no_others(tmp_path: Path) -> None:
    mine = [
        slow(60, "limit of 40/min for org-a1, wait 3 s"),
        slow(50, "limit of 40/min for org-b2, wait 4 s"),
    ]
    record(
        tmp_path, *mine, slow(40, "too many tokens"), slow(30, class_="auth", cause="limit of what a key may")
    )
    group = next(one for one in HomeFailures(tmp_path).found(0.0, 50).groups if one.count == 2)
    sought = sought_of(dict(parse_qsl(query_for(group).removeprefix("?"))))
    page = LedgerRequests(tmp_path).page(sought, 50)
    assert {row["id"] for row in page.rows} == {request.id for request in mine}


def test_very_many_are_bounded(tmp_path: Path) -> None:
    roadmap = Roadmap([Task(f"t{number}", ["false"]) for number in range(ui_failures.MOST_TASKS + 2)])
    run(roadmap, home=tmp_path, retries=0)
    (group,) = HomeFailures(tmp_path).found(0.0, 50).groups
    assert (len(group.tasks), group.left_out) == (ui_failures.MOST_TASKS, 2)
    assert HomeFailures(tmp_path).found(0.0, 0).groups == []


def test_a_journal_that_was_begun_anew_is_not_told_with_the_old_one(tmp_path: Path) -> None:
    run(Roadmap([Task("old", ["sh", "-c", "exit 3"])]), home=tmp_path, retries=0)
    failures = HomeFailures(tmp_path)
    assert [group.tasks for group in failures.found(0.0, 9).groups] == [[("r1", "old")]]
    for file in tmp_path.glob("journal.db*"):
        file.unlink()
    run(Roadmap([Task("new", ["sh", "-c", "exit 4"])]), home=tmp_path, retries=0)
    assert [group.tasks for group in failures.found(0.0, 9).groups] == [[("r1", "new")]]
