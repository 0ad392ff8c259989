"""The parts that look at words only: addresses, keys, lists, limits, proxies, mounts."""

from __future__ import annotations

from email.utils import formatdate
from pathlib import Path

import pytest

from beastmode.doctor.asking import skew_in
from beastmode.doctor.findings import Finding
from beastmode.doctor.home import file_system_of
from beastmode.doctor.keys import key_in
from beastmode.doctor.limits import limits_in
from beastmode.doctor.model_lists import is_listed, names_in, what_there_is
from beastmode.doctor.places import credentials, list_urls, smallest_question, upstream_of
from beastmode.doctor.proxies import look_at_proxies
from beastmode.errors import SettingError


@pytest.mark.parametrize(
    ("url", "base", "first_list"),
    [
        ("https://api.example.com", "https://api.example.com", "https://api.example.com/v1/models"),
        ("https://api.example.com/v1/", "https://api.example.com/v1", "https://api.example.com/v1/models"),
        (
            "http://u:secret@h:8000/v1?key=secret",
            "http://h:8000/v1",
            "http://h:8000/v1/models",
        ),
        ("http://[::1]:9/v1/messages", "http://[::1]:9/v1", "http://[::1]:9/v1/models"),
        (
            "https://x.example/v1beta/openai",
            "https://x.example/v1beta/openai",
            "https://x.example/v1beta/openai/models",
        ),
    ],
)
def test_an_address_is_brought_to_its_base(url: str, base: str, first_list: str) -> None:
    upstream = upstream_of(url)
    assert upstream.base == base
    assert list_urls(upstream)[0] == first_list


@pytest.mark.parametrize("url", ["", "api.example.com", "ftp://x", "http://", "http://[::1", "http://h:port"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SettingError, match="--upstream"):
        upstream_of(url)


@pytest.mark.parametrize(
    ("host", "header"),
    [
        ("api.anthropic.com", "x-api-key"),
        ("generativelanguage.googleapis.com", "x-goog-api-key"),
        ("x.openai.azure.com", "api-key"),
        ("api.openai.com", "Authorization"),
    ],
)
def test_a_known_host_gets_its_key_in_its_own_way_only(host: str, header: str) -> None:
    (one,) = credentials(upstream_of(f"https://{host}"), "k")
    assert header in one


def test_the_smallest_question_of_each_dialect() -> None:
    assert smallest_question("http://h", "m", {})[0] == "http://h/v1/chat/completions"
    assert smallest_question("http://h/v1", "m", {"anthropic-version": "x"})[0] == "http://h/v1/messages"
    assert (
        smallest_question("http://h", "models/m", {"x-goog-api-key": "k"})[0]
        == "http://h/v1beta/models/m:generateContent"
    )


@pytest.mark.parametrize(
    ("value", "key", "says"),
    [
        (None, "", "not set"),
        ("", "", "empty"),
        ('""', "", "empty"),
        ("a b", "", "can be no key"),
        ("'k-123'", "k-123", "quotes"),
        ("k-123", "k-123", ""),
    ],
)
def test_a_variable_holds_a_key_or_says_why_not(value: str | None, key: str, says: str) -> None:
    found, finding = key_in("K", {} if value is None else {"K": value})
    assert found == key
    assert (says in finding.what) if finding else not says


def test_model_lists_of_four_dialects() -> None:
    assert names_in(b'{"object": "list", "data": [{"id": "a"}]}') == ("a",)
    assert names_in(b'{"models": [{"name": "models/g"}, {"name": "llama3:latest"}]}') == (
        "g",
        "llama3:latest",
    )
    assert names_in(b'[{"id": "x"}]') == ("x",)
    assert names_in(b'{"data": []}') == ()
    for strange in (b"<html>", b"{}", b"[1]", b'{"data": [{"no": "name"}]}', b"\xff", b"[" * 100_000):
        assert names_in(strange) is None
    assert is_listed("models/g", ["g"])
    assert is_listed("llama3", ["llama3:latest"])


def test_the_nearest_models_are_named() -> None:
    names = ("claude-sonnet-4", "claude-opus-4", "openai/gpt-x")
    assert what_there_is("claude-sonet-4", names) == "Did you mean claude-sonnet-4 or claude-opus-4?"
    assert "openai/gpt-x" in what_there_is("gpt-x", names)
    assert "and 2 more" in what_there_is("zzz", tuple("abcdefg"))
    assert "no models at all" in what_there_is("m", ())


def test_limits_are_shown_as_the_server_states_them() -> None:
    headers = {
        "X-RateLimit-Limit-Requests": "60",
        "x-ratelimit-reset-requests": "1s",
        "anthropic-ratelimit-input-tokens-remaining": "1000",
        "RateLimit-Limit": "10",
        "x-rate-limit-reset-tokens": "55",
        "content-type": "x",
    }
    assert list(limits_in(headers)) == [
        "calls: limit 10",
        "input tokens: remaining 1000",
        "requests: limit 60, reset 1s",
        "tokens: reset 55",
    ]


@pytest.mark.parametrize(
    ("host", "environment", "trouble"),
    [
        ("127.0.0.1", {"http_proxy": "http://p"}, True),
        ("localhost", {"ALL_PROXY": "http://p"}, True),
        ("::1", {"HTTP_PROXY": "http://p", "NO_PROXY": "localhost"}, True),
        ("127.0.0.1", {"https_proxy": "http://p"}, False),
        ("127.0.0.1", {"http_proxy": "http://p", "NO_PROXY": "127.0.0.1"}, False),
        ("127.0.0.1", {"http_proxy": "http://p", "no_proxy": "*"}, False),
        ("::1", {"http_proxy": "http://p", "no_proxy": "::1"}, False),
        ("localhost", {"http_proxy": "http://p", "no_proxy": "a, localhost:8000"}, False),
        ("127.0.0.9", {"http_proxy": "http://p", "no_proxy": "127.0.0.0/8"}, False),
        ("api.example.com", {"http_proxy": "http://p"}, False),
        ("127.0.0.1", {}, False),
    ],
)
def test_only_a_proxy_that_takes_loopback_away_is_a_finding(
    host: str, environment: dict[str, str], trouble: bool
) -> None:
    assert isinstance(look_at_proxies("http", host, environment), Finding) == trouble


def test_the_file_system_is_that_of_the_nearest_mount() -> None:
    mounts = "d / ext4 rw 0 0\nh:/x /mnt/a\\040b nfs4 rw 0 0\nt /mnt tmpfs rw 0 0\n"
    assert file_system_of(Path("/mnt/a b/home"), mounts) == "nfs4"
    assert file_system_of(Path("/mntx"), mounts) == "ext4"
    assert file_system_of(Path("/mnt/c"), mounts) == "tmpfs"
    assert file_system_of(Path("/x"), "") == ""


def test_the_age_of_a_cached_answer_is_no_skew() -> None:
    now = 1_000_000_000.0
    date = {"Date": formatdate(now - 500, usegmt=True)}
    assert skew_in(date, now) == -500
    assert skew_in(date | {"Age": "500"}, now) == 0
    for strange in ({}, {"Date": "soon"}, date | {"Age": "old"}):
        assert skew_in(strange, now) is None
