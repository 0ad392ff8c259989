"""Entering with a key, by the link and by the page that asks; what a browser keeps of it; leaving."""

from __future__ import annotations

import asyncio

import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from beastmode.dashboard.app import dashboard
from beastmode.dashboard.wrong_keys import MOST
from tests.dashboard.reading import Keeper, Runs, run_line, sources

HERE = {"sec-fetch-site": "same-origin"}


def browser(base: str = "http://box.example:8090", *, follow: bool = True) -> TestClient:
    """Off loopback: nobody may look without a key."""
    app = dashboard(sources(runs=Runs(run_line(7))), Keeper(closed=True), loopback_only=False)
    return TestClient(app, base_url=base, follow_redirects=follow)


def test_whoever_has_no_key_is_asked_for_it_and_comes_where_they_were_going() -> None:
    here = browser()
    asked = here.get("/runs/r7?before=3")
    assert asked.status_code == 401
    assert "A key opens this" in asked.text
    assert ">r7<" not in asked.text
    assert 'name="to" value="/runs/r7?before=3"' in asked.text
    entered = here.post("/login", data={"key": " key ", "to": "/runs/r7?before=3"}, headers=HERE)
    assert entered.url.path == "/runs/r7"
    assert "Log out" in entered.text


def test_a_wrong_key_is_said_and_nothing_is_kept_of_it() -> None:
    answer = browser().post("/login", data={"key": "wrong", "to": "/runs"}, headers=HERE)
    assert answer.status_code == 403
    assert "This key opens nothing here." in answer.text
    assert "wrong" not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("to", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\r\nb"])
def test_a_form_leads_to_no_other_site(to: str) -> None:
    answer = browser(follow=False).post("/login", data={"key": "key", "to": to}, headers=HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_form_of_another_site_logs_nobody_in() -> None:
    headers = {"sec-fetch-site": "cross-site"}
    answer = browser().post("/login", data={"key": "key"}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_many_wrong_keys_make_the_next_one_wait_even_a_right_one() -> None:
    here = browser()
    for number in range(MOST):
        assert here.get(f"/enter?key=wrong{number}").status_code == 403
    answer = here.post("/login", data={"key": "key"}, headers=HERE)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert "Too many wrong keys" in answer.text


@pytest.mark.parametrize(
    ("base", "secure"), [("http://box.example:8090", False), ("https://box.example", True)]
)
def test_what_is_kept_is_no_key_and_no_script_or_other_site_gets_it(base: str, secure: bool) -> None:
    cookie = browser(base, follow=False).get("/enter?key=key").headers["set-cookie"]
    words = [part.strip() for part in cookie.split(";")]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(words)
    assert ("Secure" in words) == secure
    assert words[0] == f'beast-ticket-{"https" if secure else "8090"}="a ticket"'


def test_after_leaving_the_key_is_asked_for_again() -> None:
    here = browser()
    here.get("/enter?key=key")
    assert here.get("/runs").status_code == 200
    assert here.post("/leave", headers=HERE).status_code == 401
    assert here.get("/runs").status_code == 401


def test_the_page_that_asks_has_its_style_and_nothing_else_is_shown() -> None:
    here = browser()
    assert here.get("/static/style.css").status_code == 200
    for path in ("/runs", "/requests", "/events", "/nowhere", "/runs/r7/tasks/a", "/static"):
        assert here.get(path).status_code == 401
    assert here.post("/runs/r7", headers=HERE).status_code == 401


def test_on_loopback_who_has_no_key_may_look_and_may_log_in() -> None:
    app = dashboard(sources(), Keeper())
    here = TestClient(app, base_url="http://127.0.0.1:8090")
    assert "Log in" in here.get("/runs").text
    page = here.post("/login", data={"key": "key", "to": "/runs"}, headers=HERE).text
    assert "Log out" in page


def test_whose_key_is_good_no_more_hears_of_no_change() -> None:
    runs, keeper, heard = Runs(), Keeper(), asyncio.Event()
    app = dashboard(sources(runs=runs), keeper)
    scope = {"type": "http", "method": "GET", "scheme": "http", "path": "/events", "query_string": b""}
    scope |= {"root_path": "", "headers": [(b"host", b"127.0.0.1:8090")], "server": ("127.0.0.1", 8090)}
    said: list[bytes] = []

    async def send(message: Message) -> None:
        said.append(message.get("body", b""))
        if message.get("body"):
            heard.set()

    async def story() -> None:
        following = asyncio.create_task(app(scope, asyncio.Event().wait, send))  # type: ignore[arg-type]
        await heard.wait()
        keeper.closed, runs.now = True, "2"
        await following

    asyncio.run(asyncio.wait_for(story(), 30))
    assert [b"runs=1" in words for words in said if words] == [True]
