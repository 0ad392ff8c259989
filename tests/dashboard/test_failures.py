"""Failures: groups with what to do, over a time that one chooses, and ways to all that was hit."""

from __future__ import annotations

import time
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.testclient import TestClient

from beastmode.dashboard.app import dashboard
from beastmode.dashboard.filters import sought_of
from beastmode.dashboard.pages.failures import MOST_GROUPS, query_for
from beastmode.dashboard.sources.failures import Change
from tests.dashboard.reading import Failures, Keeper, failure_group, nasty_group, sources


def browser(failures: Failures) -> TestClient:
    return TestClient(dashboard(sources(failures=failures), Keeper()), base_url="http://127.0.0.1:8090")


def test_a_group_says_what_it_is_what_to_do_who_was_hit_and_what_came_before() -> None:
    group = failure_group(
        tasks=[("r7", "a/b"), ("r8", "")],
        left_out=4,
        keys=["ci"],
        upstreams=["http://h"],
        models=["m"],
        before=[Change(1e9 - 60, "r7 was asked for: 8/s starts")],
    )
    page = unescape(browser(Failures(group)).get("/failures").text)
    for shown in (
        "rate_limit: slow down",
        "Ask less.",
        "r7 was asked for: 8/s starts",
        "and 4 more",
        ">the last of them<",
    ):
        assert shown in page
    for path in (
        "/runs/r7/tasks/a/b",
        "/runs/r8",
        "/requests/1",
        "/requests?failed=on&class=rate_limit&key=ci",
    ):
        assert f'href="{path}"' in page


def test_attempts_that_asked_no_model_have_no_requests() -> None:
    page = (
        browser(Failures(failure_group(of="attempts", class_="exit_code", count=1, sample="")))
        .get("/failures")
        .text
    )
    assert "1 attempt</strong> ·" in page
    assert "Its requests" not in page


@pytest.mark.parametrize(
    ("asked", "back_s"), [("1h", 3600), ("24h", 86400), ("7d", 604800), ("x", 86400), ("", 86400)]
)
def test_the_time_is_chosen_in_the_address(asked: str, back_s: float) -> None:
    failures = Failures()
    browser(failures).get(f"/failures?since={asked}")
    assert time.time() - failures.since[0] == pytest.approx(back_s, abs=60)


def test_all_is_from_the_beginning() -> None:
    failures = Failures()
    browser(failures).get("/failures?since=all")
    assert failures.since == [0.0]


def test_what_began_before_the_time_says_so_and_not_that_nothing_changed() -> None:
    page = browser(Failures(failure_group(older=True))).get("/failures?since=1h").text
    assert "It began before this time" in page
    assert "Nothing that is recorded changed" not in page


def test_where_nothing_failed_it_says_so_and_very_many_are_bounded() -> None:
    assert "Nothing failed in this time" in browser(Failures()).get("/failures").text
    many = [failure_group(class_=f"c{number}") for number in range(MOST_GROUPS + 1)]
    page = browser(Failures(*many)).get("/failures").text
    assert "There are more" in page
    assert f"c{MOST_GROUPS}:" not in page


def test_the_way_to_its_requests_asks_for_words_that_all_of_them_have() -> None:
    query = query_for(failure_group(cause="limit: 40/min for org-a1b2, retry in 3s (slow down)"))
    sought = sought_of(dict(parse_qsl(urlsplit(query).query)))
    assert (sought.gone_wrong, sought.class_, sought.text) == (
        True,
        "rate_limit",
        "limit for retry slow down",
    )


def test_what_others_wrote_never_becomes_part_of_the_page() -> None:
    page = browser(Failures(nasty_group())).get("/failures").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img" not in page
