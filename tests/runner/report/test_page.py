"""The page: self-contained, and its structure is ours whatever its texts are."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from beastmode.runner.report.content import report_of
from beastmode.runner.report.page import page
from beastmode.runner.summary import summarise
from tests.runner.report.hostile import ATTACKS, told
from tests.runner.story import Story


class Skeleton(HTMLParser):
    """The tags of a page with the names of their attributes, and its texts."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.values += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", ()))

    def handle_comment(self, data: str) -> None:
        self.tags.append(("comment", ()))

    def handle_decl(self, decl: str) -> None:
        self.tags.append((decl, ()))

    def unknown_decl(self, data: str) -> None:
        self.tags.append((f"unknown {data}", ()))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_no_text_of_others_becomes_markup(attack: str, empty_journal: Path) -> None:
    harmless = Skeleton(page(told("word", empty_journal), "../logs"))
    attacked = Skeleton(page(told(attack, empty_journal), "../logs"))
    assert attacked.tags == harmless.tags
    assert not [name for name, _ in attacked.values if name.startswith("on")]
    links = [value for name, value in attacked.values if name in ("href", "src")]
    assert links
    assert all(link.startswith("../logs/") and ":" not in link for link in links)


def test_texts_are_there_as_they_were(empty_journal: Path) -> None:
    attack = '<b>"it\'s" & more</b>'
    skeleton = Skeleton(page(told(attack, empty_journal), "logs"))
    assert sum(attack in text for text in skeleton.texts) >= 6


def test_nothing_is_loaded_and_no_script_and_only_its_own_style_would_run(empty_journal: Path) -> None:
    html = page(told("word", empty_journal), "logs")
    assert "<script" not in html
    assert not re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?(?:https?:)?//", html)
    style = re.findall(r"<style>(.*)</style>", html, re.DOTALL)[0]
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{allowed}'" in html
    assert " style=" not in html, "inline styles would be refused"


def test_every_tag_is_closed_where_it_should_be(empty_journal: Path) -> None:
    html, open_ = page(told("word", empty_journal), "logs"), list[str]()
    for tag, _ in Skeleton(re.sub(r"<(\w+)([^>]*)/>", r"<\1\2></\1>", html)).tags:
        if tag.startswith("/"):
            assert open_.pop() == tag[1:]
        elif tag not in ("meta", "doctype html"):
            open_.append(tag)
    assert open_ == []


def test_what_failed_comes_before_what_to_do_next_and_evidence_after_tasks(empty_journal: Path) -> None:
    titles = re.findall(r"<h2>(.*?)</h2>", page(told("word", empty_journal), "logs"))
    assert titles == [
        "What failed, and what to do",
        "Next steps",
        "Timeline",
        "Tasks by phase",
        "Safety",
        "Performance",
        "Dog-fooding",
        "Sessions",
        "Proof",
    ]


def many(count: int, empty_journal: Path) -> str:
    story = Story().session(5)
    story.plan(
        *(f"t{n}" for n in range(count)), **{f"t{n}": {"phases": [f"W{n % 200}"]} for n in range(count)}
    )
    for number in range(count):
        fault = {"class": "exit_code", "cause": f"cause {number}", "tip": "Read."}
        story.attempt(f"t{number}", number, number + 1, end="failed" if number % 2 else "done", failure=fault)
    progress = story.end("failed", 1).told()
    return page(report_of(progress, summarise(progress), empty_journal).as_json(), "logs")


def test_hundreds_of_tasks_are_folded_below_one_curve_and_few_are_open(empty_journal: Path) -> None:
    few, some, hundreds = (many(count, empty_journal) for count in (7, 30, 300))
    assert ("At work" in few, "At work" in some, "At work" in hundreds) == (False, True, True)
    assert "<details open>" in few
    assert "<details open>" not in hundreds
    assert "A row for each of 300 tasks" in hundreds


def test_a_page_of_thousands_is_bounded_and_says_what_it_leaves_out(empty_journal: Path) -> None:
    html = many(20_000, empty_journal)
    assert len(html) < 1_000_000
    assert "more tasks: see report.json" in html
    assert "more phases: see report.json" in html
    assert "more causes: see report.json" in html
