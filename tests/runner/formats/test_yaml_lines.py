"""YAML with lines: every key and item knows where it stands, and no text brings the reader down."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from beastmode.errors import Problem
from beastmode.runner.formats import yaml_lines
from beastmode.runner.formats.yaml_lines import MAX_DEPTH, Entries, Items, Scalar, Value, load


def mapping(text: str) -> Entries:
    document = load(text)
    assert document.problems == []
    assert isinstance(document.value, Entries)
    return document.value


def items(value: Value) -> Items:
    assert isinstance(value, Items)
    return value


def problem(text: str) -> Problem:
    document = load(text)
    assert len(document.problems) == 1, document.problems
    return document.problems[0]


def test_every_key_and_item_has_its_line() -> None:
    top = mapping("# comment\na: 1\n\nb:\n  - x\n  -\n    c: |\n      one\n      two\n    d: {e: f}\n")
    assert top.lines == {"a": 2, "b": 4}
    first, second = items(top["b"])
    assert (first.line, second.line) == (5, 7)
    assert isinstance(second, Entries)
    assert second.lines == {"c": 7, "d": 10}


@pytest.mark.parametrize("text", ["yes", "1:30", "010", "2024-01-01", "8/s", "0x1F", "1_000", "=", "1e5"])
def test_a_scalar_stays_the_text_in_the_file(text: str) -> None:
    assert mapping(f"a: {text}")["a"] == Scalar(text, 1, plain=True)


def test_quotes_make_a_text_of_nothing_and_of_numbers() -> None:
    top = mapping("a: 'null'\nb: null\nc:\nd: ''\ne: !!str 3\nf: !!int '3'")
    values = [value for value in top.values() if isinstance(value, Scalar)]
    assert [value.is_null for value in values] == [False, True, True, False, False, False]
    assert [value.plain for value in values] == [False, True, True, False, False, True]


def test_json_is_yaml_with_tabs_and_halves_of_characters() -> None:
    text = '{\n\t"a": "\\ud83d\\ude00 \\\\ud83d",\n\t"b": [1, null]\n}'
    top = mapping(text)
    assert top["a"] == Scalar(json.loads(text)["a"], 2, plain=False)
    assert top.lines == {"a": 2, "b": 3}


def test_escapes_of_halves_stay_as_they_are_in_yaml() -> None:
    assert mapping("a: \\ud83d\\ude00")["a"] == Scalar("\\ud83d\\ude00", 1)


def test_an_alias_shares_what_it_names() -> None:
    top = mapping("a: &x {b: c}\nd: *x\ne: [*x, *x]")
    assert top["d"] is top["a"]
    assert items(top["e"])[1] is top["a"]


def test_a_merge_brings_the_keys_that_are_not_there() -> None:
    top = mapping("x: &x {a: 1, b: 2}\ny: &y {c: 3}\nz:\n  <<: [*x, *y]\n  b: own")
    merged = top["z"]
    assert isinstance(merged, Entries)
    assert {key: value.text for key, value in merged.items() if isinstance(value, Scalar)} == {
        "b": "own",
        "a": "1",
        "c": "3",
    }
    assert merged.lines == {"b": 5, "a": 1, "c": 2}


@pytest.mark.parametrize("source", ["*x", "[*x]", "[[*m]]", "3"])
def test_a_merge_of_something_else_is_a_problem(source: str) -> None:
    assert "no mapping" in problem(f"x: &x [1]\nm: &m {{}}\nz:\n  <<: {source}").what


def bomb(levels: int) -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(rows)


def test_aliases_of_aliases_are_refused_before_they_explode() -> None:
    assert load(bomb(5)).problems == []
    assert "aliases inside aliases" in problem(bomb(40)).what


def test_merges_count_as_what_they_bring() -> None:
    wide = "x: &x {" + ", ".join(f"k{n}: v" for n in range(2_000)) + "}\n"
    assert "aliases inside aliases" in problem(wide + "y:\n" + "  - {<<: *x}\n" * 1_000).what


@pytest.mark.parametrize("text", ["[" * 5_000, "- " * 5_000, "{a: " * 5_000, "? " * 5_000])
def test_deep_nesting_is_a_problem_and_no_recursion(text: str) -> None:
    assert f"more than {MAX_DEPTH}" in problem(text).what


def test_a_hundred_levels_are_read() -> None:
    assert load("[" * MAX_DEPTH + "]" * MAX_DEPTH).problems == []


@pytest.mark.parametrize(
    ("text", "line", "what", "tip"),
    [
        ("a: 1\n\tb: 2\n", 2, "tab", "spaces"),
        ("a:\n\t- b\n", 2, "tab", "spaces"),
        ("a: b: c\n", 1, "not YAML", "quotes"),
        ("a:\n  - [1, 2\nb: 3\n", 3, "begins on line 2", "Close every ["),
        ('a: 1\nb: "x\nc: d\n', 3, "begins on line 2", "Close the quote"),
        ("a: 1\n---\nb: 2\n", 2, "second YAML document", "one document"),
        ("a: 1\nb: *c\n", 2, "*c names nothing", "&c"),
        ("a: &x [*x]\n", 1, "*x names nothing", "not around"),
        ("a: 1\nb: 2\na: 3\n", 3, "'a' stands twice in one mapping (first on line 1)", "one of them"),
        ("a: b\n\0", 2, "U+0000", "Delete it"),
        ('a: b\nc: "x\\0y"\n', 2, "NUL", "\\0"),
        ("a: \ud800\n", 1, "U+D800", "Delete it"),
        ("a: b\nc: {{id}}\n", 2, "a mapping stands where a key is wanted", "quotes"),
        ("a: b\nc: !!python/object:os.system x\n", 2, "the tag", "Remove"),
        ("a: b\nc: !mine {d: e}\n", 2, "the tag !mine", "Remove"),
        ("a: b\nc: @x\n", 2, "cannot start any token", "quotes"),
        ("tasks:\n- id: a\n - id: b\n", 3, "not YAML", "same indentation"),
    ],
)
def test_what_is_no_yaml_is_named_with_its_line(text: str, line: int, what: str, tip: str) -> None:
    found = problem(text)
    assert found.line == line
    assert what in found.what
    assert tip in found.tip


def test_all_keys_that_stand_twice_are_named() -> None:
    assert [problem.line for problem in load("a: 1\na: 2\nb: {c: 1,\n c: 2}\na: 3").problems] == [2, 4, 5]


def test_a_long_key_is_not_repeated_whole() -> None:
    key = "k" * 1_000
    assert len(problem(f"{key}: 1\n{key}: 2").what) < 200


def test_an_empty_text_holds_nothing() -> None:
    assert load("") == yaml_lines.Document()
    assert load("# only a comment\n").value is None


@pytest.fixture(params=["C", "Python"])
def loader(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], yaml_lines.Document]:
    if request.param == "Python":
        monkeypatch.setattr(yaml_lines, "_LOADER", yaml.SafeLoader)
    return load


def test_both_parsers_of_pyyaml_agree(loader: Callable[[str], yaml_lines.Document]) -> None:
    top = loader("a: [1, {b: 'c'}]\nd: |\n  text\ne: &x\nf: *x\n").value
    assert isinstance(top, Entries)
    assert top.lines == {"a": 1, "d": 2, "e": 4, "f": 5}
    assert top["d"] == Scalar("text\n", 2, plain=False)
    for text, line in [("a: b: c", 1), ("a:\n\tb: 1", 2), ('a: "\\UFFFFFFFF"', 1), ("%YAML 3.0\n---\n", 1)]:
        assert loader(text).problems[0].line in (line, 0)


YAML_LIKE = st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"%@`#,? \n\t\\0<~"), max_size=60)


@given(YAML_LIKE | st.text())
def test_no_text_brings_it_down(text: str) -> None:
    for problem in load(text).problems:
        assert 0 <= problem.line <= max(1, len(text.splitlines()))
        assert problem.what


# YAML allows a key of 1,024 characters on one line; json.dumps makes up to twelve of one character.
KEYS = st.text(max_size=80)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def as_texts(value: object) -> object:
    if isinstance(value, dict):
        return {key: as_texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_texts(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value)


def back(value: Value | None) -> object:
    if isinstance(value, Entries):
        return {key: back(item) for key, item in value.items()}
    if isinstance(value, Items):
        return [back(item) for item in value]
    return value.text if value else None


@given(JSON)
def test_any_json_is_read_as_it_is(value: object) -> None:
    document = load(json.dumps({"a": value}, indent=1))
    if not document.problems:
        assert back(document.value) == {"a": as_texts(value)}
    else:
        assert all("NUL" in problem.what or "Unicode" in problem.what for problem in document.problems)
