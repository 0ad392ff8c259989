"""Requests: filters reach the reader, stay on the way to older ones, and can be taken away."""

from __future__ import annotations

from html import unescape

from starlette.testclient import TestClient

from beastmode.dashboard.app import dashboard
from beastmode.dashboard.sources.requests import Choices, RequestPage
from beastmode.store.ledger.sought import Sought
from tests.dashboard.reading import NASTY, Keeper, Requests, nasty_row, request_row, sources

ALL = (
    "failed=on&class=rate_limit&upstream=http%3A%2F%2Fh&model=m&key=ci&run=r7&task=T1&cache=miss"
    "&slower=2.5&words=slow+down"
)


def browser(requests: Requests) -> TestClient:
    return TestClient(dashboard(sources(requests=requests), Keeper()), base_url="http://127.0.0.1:8090")


def test_every_filter_reaches_the_reader() -> None:
    requests = Requests()
    browser(requests).get(f"/requests?{ALL}&before=7")
    assert requests.sought == [
        Sought(True, "rate_limit", "http://h", "m", "ci", "r7", "T1", "miss", 2.5, "slow down", "7")
    ]


def test_the_address_says_only_what_is_asked_for() -> None:
    page = browser(Requests()).get("/requests?failed=on&class=auth&model=&words=&slower=")
    assert str(page.url).endswith("/requests?failed=on&class=auth")


def test_filters_stay_in_the_form_and_on_the_way_to_older_ones() -> None:
    requests = Requests(page=RequestPage([request_row()], "9"))
    page = unescape(browser(requests).get(f"/requests?{ALL}").text)
    for shown in ('name="failed" checked', 'value="slow down"', 'value="miss" selected', 'value="2.5"'):
        assert shown in page
    older = next(part.split('"')[0] for part in page.split('href="') if "before=9" in part)
    browser(requests).get(older)
    before, after = requests.sought
    assert (after.before, before.before) == ("9", "")
    assert after.slower_than_s == before.slower_than_s == 2.5
    assert after.text == before.text


def test_each_filter_is_a_chip_that_goes_where_it_is_not_set() -> None:
    page = unescape(browser(Requests(request_row())).get("/requests?class=auth&model=m&before=7").text)
    assert 'href="/requests?model=m"' in page
    assert 'href="/requests?class=auth"' in page
    assert "Back to the newest" in page


def test_names_that_are_known_are_offered() -> None:
    choices = Choices(["auth"], ["http://h"], ["m-large"], [NASTY])
    page = browser(Requests(choices=choices)).get("/requests").text
    assert '<option value="m-large"></option>' in page
    assert "<script>alert" not in page


def test_a_short_page_that_is_not_the_last_says_how_far_it_has_looked() -> None:
    page = browser(Requests(page=RequestPage([], "9", 1e9))).get("/requests?task=T1").text
    assert "No request fits" in page
    assert "Looked back to" in page
    assert "task=T1&amp;before=9" in page


def test_a_last_page_says_that_it_is_all_and_an_empty_ledger_how_to_begin() -> None:
    assert "That is all there is" in browser(Requests(request_row())).get("/requests?class=auth").text
    assert "beast serve --upstream URL" in browser(Requests()).get("/requests").text


def test_what_others_wrote_never_becomes_part_of_the_table() -> None:
    page = browser(Requests(nasty_row())).get("/requests", params={"words": NASTY, "model": NASTY}).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img" not in page
