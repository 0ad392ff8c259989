"""One request: what all may see of it, what only whoever has the key, and what can be done with it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from beastmode.dashboard.app import dashboard
from beastmode.dashboard.sources.requests import Repeatable
from tests.dashboard.reading import (
    NASTY,
    NASTY_REPEATABLE,
    Keeper,
    Replays,
    Requests,
    nasty_row,
    request_row,
    sources,
)

HERE = {"sec-fetch-site": "same-origin"}
SENT = {"query": "beta=true", "headers": (("user-agent", "an-agent"),), "flaw": ""}


def browser(row: dict[str, Any], replays: Replays | None = None, *, key: bool = True) -> TestClient:
    given = sources(requests=Requests(row), request_control=replays or Replays())
    here = TestClient(dashboard(given, Keeper()), base_url="http://127.0.0.1:8090")
    if key:
        here.get("/enter?key=key")
    return here


def test_bodies_headers_and_curl_are_for_whoever_has_the_key() -> None:
    row = request_row(request_body='{"secret":1}', answer_body="an answer", sent=SENT)
    replays = Replays(Repeatable(to="http://h", curl="curl 'http://h'"))
    page = browser(row, replays).get("/requests/1").text
    for shown in ("&#34;secret&#34;: 1", "an answer", "an-agent", "beta=true", "curl &#39;http://h&#39;"):
        assert shown in page
    page = browser(row, replays, key=False).get("/requests/1").text
    for hidden in ("secret", "an answer", "an-agent", "beta=true", "curl"):
        assert hidden not in page.replace("copying.js", "")
    assert "shown to whoever has opened the link with the key" in page


def test_of_a_good_answer_that_was_not_read_it_is_said_why() -> None:
    cause = "the answer is packed with br"
    assert f"Nothing is known of it: {cause}." in browser(request_row(cause=cause)).get("/requests/1").text
    failed = browser(request_row(cause=cause, class_="other", outcome="failed")).get("/requests/1").text
    assert cause in failed
    assert "Nothing is known" not in failed


def test_where_nothing_was_kept_nothing_is_promised() -> None:
    assert "What was asked and answered" not in browser(request_row(), key=False).get("/requests/1").text


def test_its_time_is_a_picture_and_a_table_that_say_the_same() -> None:
    page = browser(request_row(queue_s=0.5, first_byte_s=1.5, total_s=2.0)).get("/requests/1").text
    assert (
        'aria-label="0.5 s waited in line, then 1 s until the first byte, then 0.5 s the answer came"' in page
    )
    assert '<rect class="piece upstream" x="250.00" y="0" width="500.00"' in page
    assert "25.0 %" in page


def test_what_has_ended_does_not_change_any_more_so_its_page_is_not_made_again() -> None:
    assert 'data-about=""' in browser(request_row()).get("/requests/1").text
    assert 'data-about="requests"' in browser(request_row(outcome=None)).get("/requests/1").text


def test_why_it_was_a_hit_or_a_miss_stands_in_words() -> None:
    page = browser(request_row(cache="miss", cache_why="not deterministic")).get("/requests/1").text
    assert "Why it was not from the cache" in page
    assert "--cache all" in page
    assert (
        "memory of the gateway" in browser(request_row(cache="hit", cache_why="l1")).get("/requests/1").text
    )


def test_a_failure_stands_first_with_its_tip_and_the_way_to_all_of_its_class() -> None:
    row = request_row(outcome="failed", class_="auth", cause="no key", tip="Set a key.", run="r7", task="a/b")
    page = browser(row).get("/requests/1").text
    assert page.index("Set a key.") < page.index("Where its time went")
    assert 'href="/requests?class=auth"' in page
    assert "The key is missing, wrong or expired." in page
    assert 'href="/runs/r7/tasks/a/b"' in page


def test_it_is_sent_again_with_what_the_form_says_and_the_new_one_is_shown() -> None:
    replays = Replays(Repeatable(changed="was cut", to="http://h", key_envs=["X_KEY"]), new="1")
    here = browser(request_row(), replays)
    assert "it was cut" in here.get("/requests/1").text
    page = here.post("/requests/1/replay", data={"key_env": " X_KEY ", "anyway": "on"}, headers=HERE)
    assert replays.asked == [("1", "X_KEY", True)]
    assert page.url.path == "/requests/1"
    assert "It went well." in page.text


def test_what_cannot_be_sent_again_says_why_and_has_no_form() -> None:
    page = (
        browser(request_row(), Replays(Repeatable(why_not="its body was not kept."))).get("/requests/1").text
    )
    assert "It cannot be sent again: its body was not kept." in page
    assert "/replay" not in page


def test_a_refusal_is_told_where_the_form_stood() -> None:
    page = browser(request_row(), Replays(refuses="no gateway answers")).post(
        "/requests/1/replay", headers=HERE
    )
    assert page.url.path == "/requests/1"
    assert "no gateway answers. Try something else." in page.text


def test_without_the_key_nothing_is_sent() -> None:
    replays = Replays(Repeatable(to="http://h"))
    here = browser(request_row(), replays, key=False)
    assert "<form" not in here.get("/requests/1").text
    assert here.post("/requests/1/replay", headers=HERE).status_code == 403
    assert replays.asked == []


@pytest.mark.parametrize(
    "outcome", [None, "hit", "shared", "upstream_ok", "failed", "rejected", "cancelled", "unfinished"]
)
def test_a_request_that_nothing_is_known_of_has_a_page(outcome: str | None) -> None:
    bare = request_row(outcome=outcome, status=None, tries=0, model="", received_unix=0.0)
    bare |= dict.fromkeys(("queue_s", "first_byte_s", "total_s"))
    answer = browser(bare).get("/requests/1")
    assert answer.status_code == 200
    assert "None" not in answer.text


def test_what_others_wrote_never_becomes_part_of_the_page() -> None:
    page = browser(nasty_row(), Replays(NASTY_REPEATABLE)).get("/requests/1").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img" not in page
    why_not = Replays(Repeatable(why_not=NASTY))
    assert "<script>alert" not in browser(nasty_row(), why_not).get("/requests/1").text
