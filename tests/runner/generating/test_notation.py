"""What is written as an answer is read as the same edits, whatever the texts hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.generating.edits import Delete, Edit, Rename, Replace, Write
from beastmode.runner.generating.notation import SEARCH, render
from beastmode.runner.generating.paths import refused
from beastmode.runner.generating.reading import read

LINES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=20),
    st.sampled_from(
        [
            "",
            "    indented",
            "```",
            "```python",
            "````",
            "~~~",
            "=======",
            "========= ",
            "<<<<<<< SEARCH",
            "<<<<<<<< SEARCH",
            ">>>>>>> REPLACE",
            "  >>>>>>>>> REPLACE",
            "<<<<<<< HEAD",
            "DELETE: a.py",
            "src/a.py",
            "# src/a.py",
            "</think>",
        ]
    ),
)
TEXTS = st.lists(LINES, max_size=8).map(lambda lines: "".join(f"{line}\n" for line in lines))
PATHS = st.one_of(
    st.sampled_from(["src/a.py", "Makefile", "docs/a b.md", "a.b", "é/ö.txt", "x", ".env", "src/[id].tsx"]),
    st.text("ab_-/. é()#'>", min_size=1, max_size=8).filter(lambda path: not refused(path)),
)
WHOLE = TEXTS.filter(
    lambda text: not SEARCH.match(next((line for line in text.split("\n") if line.strip()), ""))
)
EDITS = st.one_of(
    st.builds(Replace, PATHS, TEXTS, TEXTS),
    st.builds(Write, PATHS, WHOLE),
    st.builds(Delete, PATHS),
    st.builds(Rename, PATHS, PATHS),
)


@given(st.lists(EDITS, min_size=1, max_size=5))
def test_what_is_written_is_read_again(edits: list[Edit]) -> None:
    found = read(render(edits))
    assert (found.problems, found.edits) == ([], edits)


@given(st.lists(EDITS, min_size=1, max_size=3))
def test_an_answer_may_have_any_line_ends_and_words_around_it(edits: list[Edit]) -> None:
    answer = f"Here is what I did.\n\n{render(edits)}\nThat is all.\n"
    assert read(answer.replace("\n", "\r\n")).edits == read(answer).edits == edits


def test_a_whole_file_that_begins_with_a_marker_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="begins with a SEARCH marker"):
        render([Write("a.py", "\n<<<<<<< SEARCH\n")])


@given(
    st.lists(EDITS.filter(lambda edit: isinstance(edit, (Replace, Write))), min_size=1, max_size=3), st.data()
)
def test_of_an_answer_that_stops_no_edit_is_taken_by_half(edits: list[Edit], data: st.DataObject) -> None:
    answer = render(edits)
    cut = data.draw(st.integers(0, len(answer)))
    found = read(answer[:cut])
    assert found.edits == edits[: len(found.edits)]


@given(st.text(max_size=300), st.lists(EDITS, max_size=2))
def test_no_answer_breaks_the_reader(words: str, edits: list[Edit]) -> None:
    read(words)
    read(words + render(edits) + words)
