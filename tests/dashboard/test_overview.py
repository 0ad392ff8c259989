"""The first page: how everything stands, at a glance, with and without a gateway, and on a home where nothing was."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from beastmode.dashboard.app import dashboard
from beastmode.dashboard.sources.live import GatewayKilled, UpstreamNow
from beastmode.dashboard.sources.stats import Figures
from beastmode.dashboard.upstream_cards import MOST_CARDS, cards_of
from tests.dashboard.reading import NASTY, Keeper, Live, Runs, Stats, gateway_now, run_line, sources

BUSY = Figures(
    received=120,
    outcomes={"upstream_ok": 60, "hit": 48, "failed": 12},
    classes={"rate_limit": 12},
    hits={"l1": 40, "l3": 8},
    repeats=60,
    p50_s=0.25,
    p95_s=1.5,
    p99_s=9.0,
    tokens_in=2_000_000,
    tokens_out=300,
    cost_usd=1.25,
    saved_usd=0.5,
    unpriced=3,
)


def page(path: str = "/", **given: Any) -> str:
    browser = TestClient(dashboard(sources(**given), Keeper()), base_url="http://127.0.0.1:8090")
    answer = browser.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text)


def tile(shown: str, title: str) -> str:
    """What stands in a tile."""
    found = re.search(f"<dt>{re.escape(title)}</dt><dd>(.*?)</dd>", shown)
    assert found, title
    return re.sub("<[^>]*>", "", found[1]).strip()


def test_where_nothing_has_happened_it_says_how_to_begin() -> None:
    shown = page()
    assert "beast run tasks.md" in shown
    assert "beast serve --upstream URL" in shown
    assert "requests a second" not in shown


def test_the_figures_of_now_and_of_the_span() -> None:
    shown = page(stats=Stats(BUSY), live=Live(gateway_now()))
    assert tile(shown, "requests a second").startswith("2.00")
    assert tile(shown, "in flight").startswith("2")
    assert tile(shown, "waiting in line").startswith("5")
    assert tile(shown, "99 % within (p99)") == "9 s"
    assert tile(shown, "went wrong") == "12 10.0 %"
    assert tile(shown, "from the cache") == "40.0 % 50.0 % could have been"
    assert (tile(shown, "cost"), tile(shown, "saved by the cache")) == ("$1.25 3 without a price", "$0.50")
    assert tile(shown, "tokens").startswith("2.00 million")
    assert '/requests?failed=on&amp;class=rate_limit">rate limit</a>' in shown


def test_of_a_cache_that_is_off_it_is_not_told_what_it_could_have_done() -> None:
    shown = page(live=Live(gateway_now(tiers=[])), stats=Stats(replace(BUSY, hits={}, repeats=0)))
    assert tile(shown, "from the cache") == "0 % the cache is off"
    assert 'could have been <span class="number">the cache is off</span>' in shown


def test_of_very_many_upstreams_those_in_need_have_a_card_and_the_rest_a_line() -> None:
    well = [UpstreamNow(f"u{number}", "well", "", None, 0, []) for number in range(499)]
    cards, rest = cards_of([*well, UpstreamNow("sick", "open", "most failed", None, 5, [])])
    assert (cards[0].name, cards[1].name, len(cards) + len(rest)) == ("sick", "u0", 500)
    shown = page(live=Live(gateway_now(upstreams=[*cards, *rest])))
    assert shown.count('<article class="card well">') == MOST_CARDS - 1
    assert f"{500 - MOST_CARDS} more upstreams" in shown
    assert "u498</span>" in shown


def test_an_upstream_shows_its_limits_and_its_state_in_words_and_shape() -> None:
    shown = page(live=Live(gateway_now()))
    assert 'class="sign open" aria-hidden="true"></span>breaker open' in shown
    assert '<meter min="0" max="8" value="8" aria-label="requests per 1 s">' in shown
    assert "50,000, no limit" in shown
    assert "The budget of key ci per day is used up: 5 of 5 usd" in shown


def test_without_a_gateway_it_says_so_and_shows_the_rest() -> None:
    shown = page(stats=Stats(BUSY))
    assert "No gateway is at work" in shown
    assert tile(shown, "in flight").endswith("no gateway at work")
    assert tile(shown, "requests") == "120"


def test_it_is_made_anew_as_time_goes_by_though_nothing_is_recorded() -> None:
    told = [sources(unix=lambda now=now: now).version() for now in (1e9, 1e9 + 1, 1e9 + 60)]
    assert told[0] == told[1] != told[2]
    assert re.search('data-about="[^"]*clock', page(live=Live(gateway_now())))


def test_runs_at_work_are_shown_with_their_progress_and_others_are_not() -> None:
    at_work = run_line(7, counts={"total": 9, "done": 3, "skipped": 1})
    shown = page(runs=Runs(run_line(6, state="done"), at_work))
    assert '<progress max="9" value="4" aria-label="r7">' in shown
    assert 'aria-label="r6"' not in shown


@pytest.mark.parametrize(("span", "steps"), [("1h", 60), ("24h", 96), ("7d", 84), ("nonsense", 60)])
def test_a_span_can_be_chosen_and_each_step_stands_in_the_table(span: str, steps: int) -> None:
    shown = page(f"/?span={span}", stats=Stats(BUSY, step=BUSY))
    assert shown.count('<tr><th scope="row">') == steps
    assert shown.count("data-series=") == 3


def test_what_others_wrote_is_shown_and_never_becomes_part_of_the_page() -> None:
    figures = Figures(10, {"failed": 9}, {NASTY: 9})
    run = run_line(title=NASTY, roadmap=NASTY, counts={"total": 1, "needs_person": 1})
    shown = page(live=Live(gateway_now(NASTY)), stats=Stats(figures), runs=Runs(run))
    assert shown.count("&lt;script&gt;alert(1)") > 10
    assert "<script>alert" not in shown
    assert "<img" not in shown


def test_a_gateway_that_was_killed_is_no_empty_home() -> None:
    killed = GatewayKilled("http://h:1", 1e9, 1e9 + 60, NASTY)
    shown = page(live=Live(killed=[killed]))
    assert "The gateway at http://h:1 (serve) ended without a word: it was killed" in shown
    assert "Nothing has happened here yet" not in shown
    assert "<script>alert" not in shown
