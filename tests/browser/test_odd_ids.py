"""Tasks may be called as they like: each has a page, a log and forms, in a browser that normalises addresses."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import Window
from tests.browser.world import World

ODD = [
    ".",
    "..",
    "%2e%2e",
    "a/../b",
    "/b",
    "=..",
    "-x",
    "it's",
    "\\..\\b",
    "q?x=1#y",
    "b/",
    "\N{OX}",
    "x" * 200,
]


def roadmap() -> str:
    """Each prints its own id, and fails."""
    tasks = [
        {"id": task, "command": ["sh", "-c", 'printf "I am %s" "$1"; exit 3', "sh", task], "retries": 0}
        for task in ODD
    ]
    return json.dumps({"title": "Odd", "tasks": tasks}, ensure_ascii=False)


@pytest.fixture(scope="module")
def odd(place: World) -> World:
    place.ran(roadmap(), name="odd")
    return place


@pytest.mark.parametrize("task", ODD)
def test_a_task_of_any_name_has_a_page_a_log_and_forms(task: str, odd: World, looks: Window) -> None:
    looks.show(f"{odd.pages}/runs/r1")
    looks.page.locator("#tasks tbody th a").nth(ODD.index(task)).click()
    looks.page.wait_for_selector(f"#facts dd:has-text({json.dumps(task, ensure_ascii=False)})")
    expect(looks.page.locator("pre.log")).to_have_text(f"I am {task}")
    file = looks.page.locator("a[download]").get_attribute("href")
    assert looks.page.request.get(f"{odd.pages}{file}").text() == f"I am {task}"
    page = looks.page.url
    looks.page.click("button:text-is('Retry')")
    looks.page.wait_for_selector("#said:has-text('stands in line again')")
    assert looks.page.url == page
