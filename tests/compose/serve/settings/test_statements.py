"""A settings file as TOML: every value with its line, every mistake in one go, bounded."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.compose.serve.settings.statements import MOST_BYTES, read_file, read_text
from beastmode.errors import PreconditionError, SettingError


def values(text: str) -> dict[str, tuple[object, int]]:
    document = read_text(text, "f")
    assert not document.faults
    return {".".join(one.path): (one.value, one.line) for one in document.values}


def faults(text: str) -> list[str]:
    return [f"{fault.where}: {fault.what}" for fault in read_text(text, "f").faults]


def test_every_value_has_the_line_that_it_begins_in() -> None:
    text = 'a = 1\r\n# b = 2\n\n[t]\nc = [\n  1,\n  2,\n]\nd.e = """\n[x]\nf = 1\n"""\n[u."v.w"]\ng = {h = 3, i = {}}\n'
    assert values(text) == {
        "a": (1, 1),
        "t.c": ([1, 2], 5),
        "t.d.e": ("[x]\nf = 1\n", 9),
        "u.v.w.g.h": (3, 14),
    }
    assert read_text(text, "f").tables == {("t",): 4, ("u", "v.w"): 13, ("u", "v.w", "g", "i"): 14}


def test_several_mistakes_are_told_at_once_each_with_its_line() -> None:
    text = "a = 1\nb = \nc = nothing\na = 2\n[t\nd = 1\n[u]\n[u]\n[[v]]\ne 3\n"
    assert faults(text) == [
        "f:2: this is no TOML: invalid value",
        "f:3: this is no TOML: invalid value",
        "f:4: a is written twice, first in line 1",
        "f:5: this is no TOML: expected ']' at the end of a table declaration",
        "f:8: [u] is written twice, first in line 7",
        "f:9: [[v]] is a list of tables",
        "f:10: this is no TOML: expected '=' after a key in a key/value pair",
    ]


def test_a_value_without_an_end_is_a_mistake_of_its_own_line() -> None:
    assert faults("a = [1,\nb = 2\nc = 3\n") == ["f:1: this is no TOML: invalid value"]
    assert len(faults("a = [\n" * 2000)) == 2000


def test_what_only_the_whole_shows_is_told_too() -> None:
    (fault,) = faults("a.b = 1\na.c = 2\n[a]\nd = 3\n")
    assert fault.startswith("f:3: this is no TOML")


@given(st.text(alphabet='ab=[]{}"\'\n.#1, \\\t\r"', max_size=60))
def test_it_takes_what_pythons_own_reader_takes_and_nothing_else(text: str) -> None:
    try:
        tomllib.loads(text)
        good = "[[" not in text
    except tomllib.TOMLDecodeError:
        good = False
    if "[[" not in text:
        assert (not read_text(text, "f").faults) == good


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a = 1\nb = '\xff'\n", "f.toml:2: byte 0xff is no UTF-8"),
        ('a = "ü"'.encode("utf-16"), "f.toml: it is UTF-16"),
        (b"#" * (MOST_BYTES + 1), "f.toml: it is larger than 256 KB"),
    ],
)
def test_what_is_no_text_or_too_large_is_said(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "f.toml"
    path.write_bytes(data)
    with pytest.raises(SettingError) as caught:
        read_file(path)
    assert words in str(caught.value)
    assert caught.value.tip


def test_a_mark_of_utf_8_at_the_beginning_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert [one.value for one in read_file(path).values] == [1]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(PreconditionError, match=words) as caught:
            read_file(path)
        assert caught.value.where == str(path)
