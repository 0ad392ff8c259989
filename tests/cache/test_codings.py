"""In which packings an upstream is asked to answer: those of the client's that can be read here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.cache.codings import ASKED_FOR, HEADER, narrowed, taken, takes
from beastmode.gateway.client.packing import readable


def asked(*said: str) -> list[str]:
    """What goes upstream of these lines of a client."""
    headers = [(b"accept", b"*/*"), *((HEADER, line.encode()) for line in said), (b"x-a", b"1")]
    left = narrowed(headers)
    assert [pair for pair in left if pair[0] != HEADER] == [(b"accept", b"*/*"), (b"x-a", b"1")]
    return [value.decode() for name, value in left if name == HEADER]


@pytest.mark.parametrize(
    "said",
    [
        "gzip, deflate",
        "gzip",
        "GZIP;q=1.0,identity; q=0.5 , *;q=0",
        "identity",
        "",
        "gzip, br;q=0",
        "x-gzip",
        "identity;q=0, gzip",
        "*;q=0",
    ],
)
def test_what_is_read_here_goes_on_as_it_came(said: str) -> None:
    assert asked(said) == [said]
    same = [(HEADER, said.encode()), (b"a", b"b")]
    assert narrowed(same) is same


@pytest.mark.parametrize(
    ("said", "goes_on"),
    [
        ("gzip, deflate, br, zstd", "gzip, deflate"),
        ("br;q=1.0, GZip; q=0.8, *;q=0.1", "gzip;q=0.8, deflate;q=0.1"),
        ("zstd, deflate;q=0.5, x-gzip;q=0.7", "deflate;q=0.5, x-gzip;q=0.7"),
        ("*", "gzip, deflate"),
        ("identity;q=0, *;q=0.5", "identity;q=0, gzip;q=0.5, deflate;q=0.5"),
        ("gzip;q=0, *", "gzip;q=0, deflate"),
        ("x-gzip;q=0, *, deflate;q=0", "identity, x-gzip;q=0, deflate;q=0"),
        ("br", "identity"),
        ("br, identity;q=0.5, *;q=0", "identity;q=0.5, *;q=0"),
        ("gzip, br;q=0, zstd", "gzip, br;q=0"),
        ("dcb, compress, gzip br", "identity"),
    ],
)
def test_what_is_not_read_here_is_not_asked_for(said: str, goes_on: str) -> None:
    assert asked(said) == [goes_on]


@pytest.mark.parametrize("said", ["br, identity;q=0", "zstd, *;q=0.0", "br, identity;q=0, gzip;q=0, *;q=0"])
def test_a_client_that_takes_nothing_else_is_left_alone(said: str) -> None:
    assert asked(said) == [said]


def test_several_lines_say_one_thing() -> None:
    assert asked("gzip", "br") == ["gzip"]
    assert asked("br", "gzip;q=0.5", "deflate") == ["gzip;q=0.5, deflate"]
    assert asked("gzip", "deflate") == ["gzip", "deflate"]  # as they came
    assert asked() == []


def test_what_no_client_says_is_left_alone() -> None:
    said = ", ".join(f"c{n}" for n in range(500))
    assert asked(said) == [said]
    assert taken(said.encode()) == (said.encode(),)


@pytest.mark.parametrize(
    ("said", "packings", "plain"),
    [
        ("gzip, deflate", "deflate gzip", True),
        ("br, gzip", "gzip", True),
        ("", "", True),
        ("br", "", True),
        ("gzip;q=0.2, identity;q=0", "gzip", False),
        ("gzip, *;q=0", "gzip", False),
        ("*", "deflate gzip", True),
        ("br, *;q=0", "br", False),
    ],
)
def test_what_a_client_takes_is_what_it_is_asked_for_as(said: str, packings: str, plain: bool) -> None:
    assert [one for one in ("br", "deflate", "gzip") if takes(said.encode(), one)] == packings.split()
    assert takes(said.encode(), "") == takes(said.encode(), "identity") == plain
    assert takes(None, "br")
    assert takes(None, "")


def test_both_names_of_gzip_are_the_same() -> None:
    assert takes(b"gzip", "x-gzip")
    assert takes(b"x-gzip", "gzip")
    assert not takes(b"deflate", "x-gzip")


NAMES = st.sampled_from(["gzip", "x-gzip", "deflate", "br", "zstd", "identity", "*", "GZIP", "odd"])
WEIGHTS = st.sampled_from(["", ";q=0", "; q=0.000", ";q=1", ";Q=0.5"])
SAID = st.lists(st.tuples(NAMES, WEIGHTS).map("".join), max_size=5).map(", ".join)


@given(SAID)
def test_only_what_is_read_here_is_asked_for_unless_a_client_takes_nothing_else(said: str) -> None:
    goes_on = asked(said)
    assert asked(*goes_on) == goes_on
    assert taken(goes_on[0].encode()) == taken(said.encode())
    wanted = [one.decode() for one in taken(goes_on[0].encode()) if b"=" not in one]
    assert all(map(readable, wanted)) or not takes(said.encode(), "")


def test_all_that_is_asked_for_is_read_here() -> None:
    assert all(readable(one.decode()) for one in ASKED_FOR)
