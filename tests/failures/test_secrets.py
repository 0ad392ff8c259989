"""Known secrets are hidden, whatever they look like; ordinary words are not."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from beastmode.failures.failure import Failure
from beastmode.failures.secrets import NO_SECRETS, Secrets, secrets_of_url

CANARY = 'canary/with "quotes" & é'


@pytest.mark.parametrize(
    "form",
    [
        CANARY,
        quote(CANARY, safe=""),
        json.dumps(CANARY)[1:-1],
        json.dumps({"key": CANARY}),
        base64.b64encode(CANARY.encode()).decode(),
    ],
)
def test_a_value_is_hidden_in_all_its_forms(form: str) -> None:
    hidden = Secrets([CANARY]).hide(f"before {form} after")
    assert "canary" not in hidden
    assert base64.b64encode(CANARY.encode()).decode()[:12] not in hidden
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("OPENAI_API_KEY", True),
        ("GITHUB_TOKEN", True),
        ("DB_PASSWORD", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("GITLAB_PAT", True),
        ("SENTRY_DSN", True),
        ("MAX_TOKENS", False),
        ("TOKENIZERS_PARALLELISM", False),
        ("KEYBOARD_LAYOUT", False),
        ("SSH_AUTH_SOCK", False),
        ("SSL_KEY_FILE", False),
        ("AWS_ACCESS_KEY_ID", False),
        ("PATH", False),
        ("AUTHOR", False),
    ],
)
def test_the_names_of_variables_say_which_values_are_secret(name: str, secret: bool) -> None:
    text = Secrets.of_environment({name: "the-value-of-it"}).hide("it is the-value-of-it")
    assert (text == "it is ***") == secret


def test_short_values_and_numbers_are_no_secrets() -> None:
    text = "true 100000 abcde ollama"
    assert Secrets(["true", "", "100000", "abcde", "ollama"]).hide(text) == text


def test_what_a_cut_left_of_one_at_the_end_is_hidden_too() -> None:
    assert Secrets(["canary-123456"]).hide("no key canary-12…") == "no key ***…"
    assert Secrets(["canary-123456"]).hide("a can…") == "a can…", "three letters are words of any text"


def test_the_secrets_of_an_address_are_its_user_and_its_keys() -> None:
    url = "https://user%40x:pa%20ss@h/v1?api_key=abcdef&version=2024-01-01&sig=xyzxyz"
    assert secrets_of_url(url) == ["user@x", "pa ss", "abcdef", "xyzxyz"]
    assert secrets_of_url("http://[broken") == []


def test_a_failure_is_shown_without_them() -> None:
    failure = Secrets(["canary-1"]).hide_in(Failure("auth", "no canary-1", False, "not canary-1"))
    assert (failure.cause, failure.tip) == ("no ***", "not ***")


WORDS = st.text(st.characters(exclude_characters="*", codec="utf-8"))


@given(WORDS.map(str.strip), WORDS)
def test_no_secret_is_ever_left(secret: str, around: str) -> None:
    assume(len(secret) >= 6 and not secret.isdigit() and secret.lower() not in NO_SECRETS)
    assert secret not in Secrets([secret]).hide(f"{around}{secret}{around}")
