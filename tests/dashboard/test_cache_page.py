"""The page of the cache: tiers, reasons, what may be forgotten; what it says where there is nothing, or trouble."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from beastmode.dashboard.app import dashboard
from beastmode.dashboard.sources.cache import CacheView
from beastmode.dashboard.sources.live import TierNow
from beastmode.dashboard.sources.stats import Figures
from tests.dashboard.reading import NASTY, Cache, Keeper, Live, Stats, cache_view, gateway_now, sources
from tests.dashboard.test_acting import HERE


def browser(
    cache: Cache, *, live: Live | None = None, stats: Stats | None = None, key: bool = True
) -> TestClient:
    given = sources(cache=cache, cache_control=cache, live=live or Live(), stats=stats or Stats())
    here = TestClient(dashboard(given, Keeper()), base_url="http://127.0.0.1:8090")
    if key:
        here.get("/enter?key=key")
    return here


def page_of(cache: Cache, *, live: Live | None = None, stats: Stats | None = None, key: bool = True) -> str:
    return browser(cache, live=live, stats=stats, key=key).get("/cache").text


def test_where_its_file_cannot_be_read_what_gateways_say_of_their_tiers_is_shown() -> None:
    tiers = [TierNow("l1", 812, 9_400_000, 256_000_000, 30, 10, 4e-7, 6e-7, "on")]
    page = page_of(Cache(fault="the cache is damaged"), live=Live(gateway_now(tiers=tiers)))
    for words in (
        "The cache cannot be read",
        "l1, of beast serve at",
        "9.4 MB",
        "75.0 %",
        "nothing fails for that",
    ):
        assert words in page
    assert "Forget" not in page


def test_where_nothing_is_kept_it_says_how_to_begin() -> None:
    page = page_of(Cache())
    assert "No answer is kept here yet" in page
    assert "beast serve --upstream URL" in page
    assert 'action="/cache' not in page


def test_the_file_tells_what_is_kept_where_no_gateway_is_at_work() -> None:
    page = page_of(Cache(cache_view()))
    assert "1,930 answers on disk, 8.1 MB" in page
    assert page.count("no gateway is at work") == 2
    assert "70.7 %" in page
    assert "<meter" not in page  # nobody knows the limits


def test_the_hit_rate_of_the_last_day_stands_beside_what_was_achievable_where_that_is_known() -> None:
    figures = Figures(received=1000, hits={"l1": 300, "shared": 20}, saved_usd=4.5)
    page = page_of(Cache(cache_view()), stats=Stats(figures))
    for words in ("32.0 %", "of 1,000 requests", "From memory", ">300<", ">20<", "$4.50"):
        assert words in page
    assert "Could have been" not in page
    page = page_of(Cache(cache_view()), stats=Stats(replace(figures, repeats=410)))
    assert page.index("32.0 %") < page.index("Could have been") < page.index("41.0 %")


def test_gateways_at_work_tell_their_limits_times_and_states() -> None:
    tiers = [
        TierNow("l1", 812, 9_400_000, 256_000_000, 30, 10, 4e-7, 6e-7, "on"),
        TierNow("l3", None, None, 10**9, 5, 5, 61e-6, 3.1e-3, "the disk is full"),
    ]
    other = [
        TierNow("l1", 1, 10, None, 0, 0, None, None, "on"),
        TierNow("l3", None, None, 10**9, 0, 0, None, None, "on"),
    ]
    live = Live(gateway_now(tiers=tiers), gateway_now(of="r7", tiers=other))
    page = page_of(Cache(cache_view()), live=live)
    assert "l1, of beast serve at http://127.0.0.1:8080" in page
    assert "l1, of run r7" in page
    for words in ("9.4 MB", "of 256 MB", "75.0 %", "0.4 µs", "61 µs", "99 %: 3.1 ms", "the disk is full"):
        assert words in page
    assert 'max="256000000" value="9400000"' in page


def test_a_gateway_without_a_cache_is_named() -> None:
    page = page_of(Cache(), live=Live(gateway_now(tiers=[])))
    assert "The cache is off at beast serve at http://127.0.0.1:8080" in page


@pytest.mark.parametrize(
    "view", [None, cache_view(misses=[{"reason": "off", "count": 100}])], ids=["empty", "kept"]
)
def test_while_the_cache_is_off_nothing_is_said_of_what_it_could_have_done(view: CacheView | None) -> None:
    page = page_of(
        Cache(view), live=Live(gateway_now(tiers=[])), stats=Stats(Figures(received=100, repeats=0))
    )
    assert "No answer is kept here yet" not in page
    assert "--cache deterministic" in page
    assert "nothing was asked a second time" not in page
    assert ("not known</span>" in page) == (view is not None)


def test_where_nothing_was_asked_twice_that_is_said() -> None:
    page = page_of(
        Cache(cache_view()), live=Live(gateway_now()), stats=Stats(Figures(received=100, repeats=0))
    )
    assert "nothing was asked a second time" in page


def test_reasons_are_told_in_words_the_most_first() -> None:
    page = page_of(Cache(cache_view()))
    assert page.index("not deterministic") < page.index("not kept yet")
    assert "35.0 %" in page  # new, kept or not
    assert "Only those with status 200 are." in page
    assert "there were more" not in page
    assert "there were more" in page_of(Cache(cache_view(asked_all=False)))


def test_a_tag_is_forgotten_alone() -> None:
    here = browser(cache := Cache(cache_view()))
    assert '<input type="hidden" name="tag" value="run:r7">' in here.get("/cache").text
    page = here.post("/cache/clear", data={"tag": "run:r7"}, headers=HERE)
    assert (page.url.path, cache.cleared) == ("/cache", ["run:r7"])
    assert "forgotten: run:r7" in page.text


def test_a_row_keeps_its_name_when_the_order_changes() -> None:
    tags = [{"name": name, "tag": name, "entries": 1, "bytes": 1} for name in ("x", "<y>")]
    before, after = (page_of(Cache(cache_view(tags=order))) for order in (tags, tags[::-1]))
    rows = [re.findall(r'<tr id="(tags-\w+)">', page) for page in (before, after)]
    assert len(set(rows[0])) == 2
    assert rows[0] == rows[1][::-1]


def test_all_is_forgotten_only_where_that_is_said() -> None:
    here = browser(cache := Cache(cache_view()))
    for odd in ({}, {"tag": ""}, {"tag": "x", "all": "yes"}):
        assert "names no tag" in here.post("/cache/clear", data=odd, headers=HERE).text
    assert cache.cleared == []
    here.post("/cache/clear", data={"all": "yes"}, headers=HERE)
    assert cache.cleared == [""]


def test_whoever_has_no_key_sees_no_form_and_clears_nothing() -> None:
    here = browser(cache := Cache(cache_view()), key=False)
    page = here.get("/cache").text
    assert "m-large" in page
    assert "<form" not in page
    assert here.post("/cache/clear", data={"all": "yes"}, headers=HERE).status_code == 403
    assert cache.cleared == []


def test_a_cache_that_cannot_be_read_says_why_and_what_to_do() -> None:
    answer = browser(Cache(fault="the cache is damaged")).get("/cache")
    assert answer.status_code == 200
    assert "the cache is damaged" in answer.text
    assert "Delete the file." in answer.text


def test_a_clear_that_fails_is_told() -> None:
    here = browser(Cache(fault="the disk is gone"))
    assert "the disk is gone" in here.post("/cache/clear", data={"tag": "x"}, headers=HERE).text


@pytest.mark.parametrize("key", [True, False])
def test_what_others_wrote_never_becomes_part_of_the_page(key: bool) -> None:
    page = page_of(Cache(cache_view(NASTY)), live=Live(gateway_now(NASTY)), key=key)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img" not in page
