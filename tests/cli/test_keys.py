"""`beast keys`: the secret alone on stdout and once, words beside it, and for each mistake what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beastmode.store.keys.file import keys_path
from beastmode.store.keys.secret import flaw_of
from tests.cli.test_looking import Beast


@pytest.fixture
def beast(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Beast:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BEAST_HOME", raising=False)
    return Beast(monkeypatch, capsys)


def listed(beast: Beast) -> list[dict[str, Any]]:
    said = beast("keys", "list", "--json")
    assert said.code == 0, said.err
    keys: list[dict[str, Any]] = json.loads(said.out)
    return keys


def test_a_key_is_made_shown_once_and_listed_without_its_secret(beast: Beast) -> None:
    limits = ("--models", "gpt-*, claude-*", "--rate", "60/min", "--budget", "5usd/day,1000requests/month")
    said = beast("keys", "add", "ci", *limits, "--right", "metrics", "--right", "bodies", "--expires", "30d")
    secret = said.out.removesuffix("\n")
    assert (said.code, flaw_of(secret)) == (0, "")
    assert "shown this once" in said.err
    assert secret not in beast("keys", "list", "--json").out + beast("keys", "list").out
    (key,) = listed(beast)
    assert (key["name"], key["state"], key["models"]) == ("ci", "valid", ["gpt-*", "claude-*"])
    assert (key["rate"], key["budget"]) == ("60/min", "5usd/day,1000requests/month")
    assert key["rights"] == ["bodies", "metrics"]
    assert (key["last_used"], key["revoked"]) == (None, None)
    assert key["created"] < key["expires"]
    assert [set(used) for used in key["used"].values()] == [{"requests", "tokens", "usd", "unpriced"}] * 2


def test_the_table_shows_what_is_used_of_each_budget(beast: Beast) -> None:
    beast("keys", "add", "ci", "--budget", "5usd/day,100tokens/month")
    head, line = beast("keys", "list").out.splitlines()
    assert head.split()[:5] == ["NAME", "ID", "STATE", "MODELS", "RATE"]
    assert "0 of 5usd/day, 0 of 100tokens/month" in line


def test_a_key_is_changed_rotated_and_taken_away(beast: Beast) -> None:
    first = beast("keys", "add", "ci", "--budget", "5usd/day", "--right", "metrics").out
    assert beast("keys", "set", "ci", "--budget", "none", "--right", "none", "--expires", "1h").code == 0
    (key,) = listed(beast)
    assert (key["budget"], key["rights"], bool(key["expires"])) == ("none", [], True)
    said = beast("keys", "rotate", "ci", "--grace", "10m")
    assert (said.code, said.out != first, "works until" in said.err) == (0, True, True)
    said = beast("keys", "revoke", key["id"])
    assert (said.code, said.out) == (0, "")
    assert "nobody is let in" in said.err
    assert listed(beast)[0]["state"] == "revoked"


def test_who_counts_only_money_is_told_what_has_no_price(beast: Beast) -> None:
    assert "without a public price" in beast("keys", "add", "ci", "--budget", "5usd/day").err
    assert "public price" not in beast("keys", "set", "ci", "--budget", "5usd/day,9requests/day").err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "a b"], "is no name for a key"),
        (["add", "deadbeef"], "8 hex digits"),
        (["add", "beast_abc"], "a secret, not a name"),
        (["add", "ci"], "there is a key 'ci' already"),
        (["add", "x", "--models", ","], "--models: ',' names no models"),
        (["add", "x", "--rate", "fast"], "--rate: 'fast' is not a rate"),
        (["add", "x", "--budget", "5eur/day"], "--budget: '5eur/day' is not a budget"),
        (["add", "x", "--right", "all"], "metrics, bodies, dashboard"),
        (["add", "x", "--expires", "0"], "--expires: "),
        (["add", "x", "--budget", ""], "--budget: nothing was given"),
        (["set", "ci"], "nothing was given to set"),
        (["set", "nobody", "--rate", "1/s"], "there is no key 'nobody'"),
        (["rotate", "nobody"], "there is no key 'nobody'"),
        (["rotate", "ci", "--grace", "soon"], "--grace: 'soon' is not a duration"),
        (["revoke", "nobody"], "beast keys list"),
        (["list", "--home", "elsewhere"], "there are no keys here"),
    ],
)
def test_each_mistake_has_its_words_and_changes_nothing(
    beast: Beast, arguments: list[str], words: str
) -> None:
    beast("keys", "add", "ci")
    before = listed(beast)
    said = beast("keys", *arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert listed(beast) == before


def test_a_file_that_cannot_be_used_is_told_with_its_own_code(beast: Beast, tmp_path: Path) -> None:
    keys_path(tmp_path).write_bytes(b"x" * 5000)
    said = beast("keys", "list", "--home", str(tmp_path))
    assert (said.code, "the keys cannot be used" in said.err) == (74, True)
