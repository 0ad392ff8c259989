"""What others wrote stays words, in every field that shows it, all the way from a task or a model to the page."""

from __future__ import annotations

import json
from collections import Counter, deque

import httpx
import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import window
from tests.browser.hostile import CORPUS
from tests.browser.world import World

MOST_OF_A_KIND = 25
BROKEN = "window.broken === undefined && document.querySelectorAll('main').length === 1"


@pytest.fixture(scope="module")
def attacked(place: World) -> World:
    """Every hostile text as title, id, phase, output and category of a task; as model, path, question, error and answer
    of a request."""
    tasks = [
        {
            "id": f"{number} {''.join(filter(str.isprintable, text))}"[:100],
            "title": text,
            "category": text[:60],
            "details": text,
            "command": ["sh", "-c", 'printf "%s\n" "$0"; exit $(($1 % 2))', text, str(number)],
            "retries": 0,
        }
        for number, text in enumerate(CORPUS)
    ]
    phases = [{"title": task["title"], "tasks": [task]} for task in tasks]
    place.ran(json.dumps({"title": CORPUS[1], "phases": phases}))
    for text in CORPUS:
        place.server.script.words = (text,)
        place.ask(text, model=text[:100], user=text)
        place.server.script.answer = (
            400,
            json.dumps({"error": {"message": text, "type": text, "code": text}}),
        )
        place.ask(text, model=text[:100])
        place.server.script.answer = (404, text)
        httpx.post(
            f"{place.url}/v1/files", params={"q": text}, content=text.encode(), headers={"user-agent": "x"}
        )
        place.server.script.answer = None
    return place


@pytest.mark.timeout(600)
def test_nothing_that_is_shown_becomes_code(browser: Browser, attacked: World) -> None:
    with window(browser) as opened:
        opened.page.goto(attacked.link)
        waiting, seen = deque(["/runs"]), Counter[str]()
        known = {"/runs"}
        while waiting:
            path = waiting.popleft()
            opened.show(f"{attacked.pages}{path}")
            assert opened.page.evaluate(BROKEN), path
            for link in _links(opened.page.evaluate("[...document.links].map(a => a.href)"), attacked.pages):
                if link not in known and seen[_kind(link)] < MOST_OF_A_KIND:
                    seen[_kind(link)] += 1
                    known.add(link)
                    waiting.append(link)
        assert opened.complaints == []
        assert opened.asked == {"127.0.0.1"}
        assert {"/runs/", "/runs//tasks/", "/requests", "/requests/"} <= set(seen)


def _links(addresses: list[str], pages: str) -> list[str]:
    """Of ours, without their part behind the #; all others fail."""
    for address in addresses:
        assert address.startswith((f"{pages}/", "#")), address
    shown = (address for address in addresses if "&raw=" not in address)  # that is a file, and no page
    return [address.removeprefix(pages).partition("#")[0] for address in shown]


def _kind(path: str) -> str:
    """Which page it is, whatever it is about."""
    parts = path.partition("?")[0].split("/")
    return "/".join("" if place in (2, 4) else part for place, part in enumerate(parts[:5]))
