"""Lines of Markdown told apart, and what their texts say once plain."""

from __future__ import annotations

import pytest

from beastmode.runner.formats.finished import says_done
from beastmode.runner.formats.lines import SKIPPED, Kind, Line, box_of, scan
from beastmode.runner.formats.outline import label_of, outline
from beastmode.runner.formats.slugs import Names, safe_id, slug
from beastmode.runner.formats.titles import heading_title, plain


def kinds(text: str) -> list[Kind]:
    return [line.kind for line in scan(text)]


def test_each_kind_of_line_is_told_apart() -> None:
    text = "# A\n\nwords\n- item\n| a | b |\n---\n<!-- x -->\n```\ncode\n```"
    assert kinds(text) == [
        "heading", "blank", "prose", "item", "table", "rule", "comment", "fence", "fence", "fence",
    ]  # fmt: skip


def test_a_fence_closes_only_with_its_own_kind_at_least_as_long() -> None:
    assert kinds("````\n```\n- [ ] a\n~~~~\n````\n- b")[-2:] == ["fence", "item"]
    assert kinds("~~~ yaml\n```\n- a\n~~~\n- b") == ["fence"] * 4 + ["item"]
    assert kinds("```sh\n```sh\n- a\n```\n- b") == ["fence"] * 4 + ["item"]
    assert kinds("use ```inline``` code") == ["prose"]
    assert kinds("```one``` line\n- a") == ["prose", "item"]


def test_an_unclosed_fence_runs_to_the_end_and_says_so() -> None:
    lines = scan("- a\n```\n- b\n- c")
    assert [line.kind for line in lines] == ["item", "fence", "fence", "fence"]
    assert [line.open_fence for line in lines] == [False, True, True, True]


@pytest.mark.parametrize("fence", ["```", "````", "~~~"])
def test_a_markdown_fence_around_the_whole_file_is_taken_off(fence: str) -> None:
    text = f"{fence}markdown\n# A\n- [ ] b\n{fence}\n"
    assert kinds(text) == ["wrapper", "heading", "item", "wrapper", "blank"]


def test_front_matter_is_no_text_but_a_leading_rule_is() -> None:
    assert kinds("---\ntitle: A\n\ntags:\n- b\n---\n# A") == ["front"] * 6 + ["heading"]
    assert kinds("---\n# A\n---\n- b") == ["rule", "heading", "rule", "item"]


def test_comments_may_span_lines() -> None:
    assert kinds("<!--\n- [ ] no\n-->\n- [ ] yes") == ["comment"] * 3 + ["item"]
    assert kinds("- a <!-- from here\nto here --> \n- b") == ["item", "comment", "item"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_a_byte_order_mark_change_nothing(end: str) -> None:
    lines = scan("\ufeff# A" + end + "- [x] b" + end)
    assert [(line.number, line.kind) for line in lines] == [(1, "heading"), (2, "item"), (3, "blank")]
    assert lines[0].body == "A"
    assert lines[1].done


def test_underlined_headings() -> None:
    lines = scan("Title\n=====\n\nPart\n---\n\ntwo lines\nof text\n---\n- a\n---")
    assert [line.level for line in lines if line.kind == "heading"] == [1, 2]
    assert [line.kind for line in lines][1] == "rule"


def test_text_and_number_stay_as_they_are() -> None:
    line = scan("\n\t- [ ]  spaced   out \t")[1]
    assert (line.number, line.text, line.indent, line.body) == (
        2,
        "\t- [ ]  spaced   out \t",
        4,
        "spaced out",
    )


@pytest.mark.parametrize(
    ("text", "box", "body"),
    [
        ("[ ] a", " ", "a"),
        ("[] a", " ", "a"),
        ("[x] a", "x", "a"),
        ("[X] a", "X", "a"),
        ("[✓] a", "✓", "a"),
        ("[~] a", "~", "a"),
        ("[/] a", "/", "a"),
        ("[done] a", "x", "a"),
        ("[in progress] a", "~", "a"),
        ("[in_progress] a", "~", "a"),
        ("[skipped] a", SKIPPED, "a"),
        ("\\[ \\] a", " ", "a"),
        ("[P] a", None, "[P] a"),
        ("[1] a", None, "[1] a"),
        ("[a](b)", None, "[a](b)"),
        ("[x]: http://a", None, "[x]: http://a"),
        ("[US1] a", None, "[US1] a"),
    ],
)
def test_what_is_a_box(text: str, box: str | None, body: str) -> None:
    assert box_of(text) == (box, body)


def test_items_have_markers_boxes_and_indents() -> None:
    items = [line for line in scan("- a\n  * [x] b\n3) [ ] c\n[#] d\n☐ e\n+ f") if line.kind == "item"]
    assert [(line.marker, line.box, line.indent) for line in items] == [
        ("-", None, 0), ("*", "x", 2), ("3)", " ", 0), ("", "#", 0), ("", None, 0), ("+", None, 0),
    ]  # fmt: skip
    assert [line.unknown_box for line in items] == [False, False, False, True, False, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Bold** and *slanted* and __strong__", "Bold and slanted and strong"),
        ("keep `__init__.py` and snake_case_name", "keep `__init__.py` and snake_case_name"),
        ("🚀 Launch ✅", "Launch"),
        ("see [the docs](http://a.b/c) now", "see the docs now"),
        ("task <!-- id: 3 -->", "task"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("~~struck~~", "struck"),
    ],
)
def test_plain_text(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_headings_lose_their_emoji_anywhere() -> None:
    assert heading_title("📅 **MONTH 1: Fix** 📊 HIGH ✅ [x]") == "MONTH 1: Fix HIGH"


@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("Weeks 1-2: Base ✅ COMPLETE", True),
        ("Q2 ✅", True),
        ("v1.0 (shipped)", True),
        ("Phase 1 - Done", True),
        ("T001: Install Next.js [X]", True),
        ("Completed", True),
        ("Phase 1: Complete the API", False),
        ("Phase 1: INCOMPLETE", False),
        ("Phase 2 ✅ (in progress)", False),
        ("Definition of Done", False),
        ("Phase 3: Not done", False),
    ],
)
def test_which_headings_say_done(text: str, done: bool) -> None:
    assert says_done(text) is done


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Fix the Parser!", "fix-the-parser"),
        ("Déjà vu", "deja-vu"),
        ("完成标准", "完成标准"),
        ("...", "task"),
        ("../../etc/passwd", "etc-passwd"),
        ("-rf --help", "rf-help"),
        ("snake_case", "snake-case"),
    ],
)
def test_slugs(title: str, expected: str) -> None:
    assert slug(title) == expected


def test_slugs_are_bounded_at_words() -> None:
    assert slug("word " * 40) == "-".join(["word"] * 9)
    assert len(slug("x" * 500)) == 48
    assert len(slug("語" * 500).encode()) <= 150


@pytest.mark.parametrize(
    ("own", "expected"), [("T001", "T001"), ("Quest 0.1", "quest-0.1"), ("1.2", "1.2"), ("Task #3", "task-3")]
)
def test_own_ids_become_safe(own: str, expected: str) -> None:
    assert safe_id(own) == expected


def test_names_are_given_once() -> None:
    names = Names()
    given = [names.give("a", phase) for phase in ("One", "Two", "Two", "", "")]
    assert given == ["a", "two-a", "two-a-2", "a-2", "a-3"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("**Tasks:**", ("Tasks", "")),
        ("**Tasks**:", ("Tasks", "")),
        ("**Success Criteria** (what must be TRUE):", ("Success Criteria", "")),
        ("**Goal:** ship it", ("Goal", "ship it")),
        ("🎯 **Deliverables:**", ("Deliverables", "")),
        ("Definition of done:", ("Definition of done", "")),
        ("**Bold** starts a sentence", ("", "**Bold** starts a sentence")),
        ("just words", ("", "just words")),
    ],
)
def test_labels(body: str, expected: tuple[str, str]) -> None:
    assert label_of(body) == expected


def test_places_know_their_sections_and_labels() -> None:
    text = "# T\n## P\n**Tasks:**\n- a\n  - **Notes:**\n    - b\n### Q\n- c\n**Week 1: W**\n- d"
    places = {place.line.number: place for place in outline(scan(text)).places}
    titles = {
        number: [section.title for section in place.section.chain()] for number, place in places.items()
    }
    assert titles[4] == ["T", "P"]
    assert places[4].labels == ("Tasks",)
    assert places[6].labels == ("Tasks", "Notes")
    assert (titles[8], places[8].labels) == (["T", "P", "Q"], ())
    assert titles[10] == ["T", "P", "Q", "Week 1: W"]


def test_a_line_is_small() -> None:
    assert not hasattr(Line(1, "a", "prose"), "__dict__")
