"""The token of a path: what is said comes back, and no text is too odd."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.gateway.client.head import split_token
from beastmode.gateway.path_token import PathToken, read_token, token_of

words = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=40)
said = st.builds(
    PathToken, words, words, words, st.one_of(st.none(), st.integers(0, 9999)), st.integers(0, 999)
)


@given(said)
def test_what_is_said_is_read_and_stays_one_part_of_the_path(token: PathToken) -> None:
    written = token_of(token)
    assert read_token(written) == token
    assert split_token(f"/t/{written}/v1/models") == (written, "/v1/models")


@pytest.mark.parametrize(
    ("token", "means"),
    [
        ("", PathToken()),
        ("beast_x", PathToken("beast_x")),
        ("k~r1~T1.2~3~1", PathToken("k", "r1", "T1.2", 3, 1)),
        ("~r1~T1.2", PathToken("", "r1", "T1.2")),
        ("k%7Er1%7ET1", PathToken("k", "r1", "T1")),
        ("k~r%2F1~a%7Eb~x~-1", PathToken("k", "r/1", "a~b")),
        ("k~r~t~1~2~3~4", PathToken("k", "r", "t", 1, 2)),
        ("k~r~t~9999999~٣", PathToken("k", "r", "t")),
        ("k~r%00%0a%1b[31m~t", PathToken("k", "r[31m", "t")),
        ("k~%ff%zz%", PathToken("k", "\ufffd%zz%")),
    ],
)
def test_tokens_as_clients_send_them(token: str, means: PathToken) -> None:
    assert read_token(token) == means


@given(st.text())
def test_no_text_is_too_odd_and_every_part_is_bounded(token: str) -> None:
    read = read_token(token * 50)
    assert max(len(read.key), len(read.run), len(read.task)) <= 200
    assert read.attempt is None or 0 <= read.attempt < 10**6
    assert 0 <= read.round < 10**6
