"""Forms: who may send one, from where, and how its sender hears what has come of it."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from beastmode.dashboard.acting import Form, act
from beastmode.dashboard.app import dashboard
from beastmode.errors import SettingError
from tests.dashboard.reading import NASTY, Keeper, sources

HERE = {"sec-fetch-site": "same-origin"}


class Told:
    """A browser with a form that says what it was told.   fault: what the act ends with."""

    def __init__(self, *, key: bool = True, fault: str = "", closed: bool = False) -> None:
        self.forms: list[Form] = []
        app = dashboard(sources(), Keeper(closed))

        async def tell(request: Request, form: Form) -> tuple[str, str]:
            self.forms.append(form)
            if fault:
                raise SettingError(fault, tip="Do otherwise.")
            return f"told: {form.get('words', '')}", ""

        app.routes.insert(0, act("tell", "/tell", lambda request: "/runs", tell))
        self.browser = TestClient(app, base_url="http://127.0.0.1:8090")
        if key:
            self.browser.get("/enter?key=key")


def test_what_has_come_of_it_is_said_on_the_next_page_and_only_there() -> None:
    told = Told()
    page = told.browser.post("/tell", data={"words": "x y"}, headers=HERE)
    assert (page.status_code, page.url.path) == (200, "/runs")
    assert "told: x y" in page.text
    assert "told:" not in told.browser.get("/runs").text


def test_a_fault_is_told_with_its_tip() -> None:
    page = Told(fault="no such run").browser.post("/tell", headers=HERE).text
    assert "no such run. Do otherwise." in page


def test_words_of_any_language_fit_into_what_a_browser_keeps() -> None:
    browser = Told(fault="\u65e5\u672c\u8a9e" * 400).browser
    answer = browser.post("/tell", headers=HERE, follow_redirects=False)
    assert len(answer.headers["set-cookie"]) < 4096
    assert "\u65e5\u672c\u8a9e" * 100 in browser.get("/").text


def test_what_is_said_never_becomes_part_of_the_page() -> None:
    page = Told().browser.post("/tell", data={"words": NASTY}, headers=HERE).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8090"},
    ],
)
def test_a_form_of_another_site_changes_nothing(headers: dict[str, str]) -> None:
    told = Told()
    assert told.browser.post("/tell", headers=headers).status_code == 403
    assert told.forms == []


def test_an_old_browser_says_by_its_origin_where_a_form_stood() -> None:
    told = Told()
    assert told.browser.post("/tell", headers={"origin": "http://127.0.0.1:8090"}).status_code == 200
    assert len(told.forms) == 1


def test_whoever_has_no_key_changes_nothing_and_hears_why() -> None:
    told = Told(key=False)
    answer = told.browser.post("/tell", headers=HERE)
    assert (answer.status_code, told.forms) == (403, [])
    assert "needs the key" in answer.text


def test_a_wrong_key_does_not_enter() -> None:
    answer = Told(key=False).browser.get("/enter?key=wrong")
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_where_looking_needs_the_key_nothing_is_shown_without_it() -> None:
    told = Told(key=False, closed=True)
    for path in ("/runs", "/requests", "/events", "/nowhere"):
        assert told.browser.get(path).status_code == 401
    told.browser.get("/enter?key=key")
    assert told.browser.get("/runs").status_code == 200


@pytest.mark.parametrize("body", [b"x" * 70_000, b"\xff=1", b"&".join([b"a=1"] * 60)])
def test_a_form_that_is_none_of_ours_is_refused(body: bytes) -> None:
    told = Told()
    assert told.browser.post("/tell", content=body, headers=HERE).status_code in (400, 413)
    assert told.forms == []
