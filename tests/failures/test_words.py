"""No secret leaves: in a header, a body, a URL or a traceback, in any form that providers use."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.failures import words
from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.pasted import from_text
from beastmode.failures.words import masked, one_line

LETTERS = string.ascii_letters + string.digits
opaque = st.text(LETTERS, min_size=20, max_size=60).map(lambda text: f"cAn4ry{text}")
"""A key without a form: only where it stands tells that it is one."""
PREFIXES = ("sk-", "sk-ant-", "sk-or-v1-", "sk-proj-", "gsk_", "xai-", "hf_", "AIza", "ghp_", "github_pat_", "AKIA",
            "pplx-", "nvapi-", "csk-", "r8_", "ya29.", "glpat-", "xoxb-", "eyJ")  # fmt: skip
PLACES = (
    "Incorrect API key provided: {}. You can find it",
    '{{"api_key": "{}"}}',
    "{{'x-api-key': '{}', 'a': 1}}",
    "Authorization: Bearer {}",
    "authorization=Basic {}",
    "https://user:{}@host.example/v1",
    "https://host.example/v1?key={}&alt=sse",
    "https://host.example/v1?access_token={}",
    "Set-Cookie: session={}; Path=/",
    "password={}",
    "client_secret: {}",
    "token {} was refused",
    "aws_secret_access_key = {}",
    'headers={{"api-key": "{}"}}',
    '{{"content": "export TOKEN=\\"{}\\""}}',
)


WORDS = (
    "key", "token", "secret", "SECRET", "passwd", "Password", "passphrase", "authorization", "set-cookie", "Cookie",
    "credentials", "signature", "session_id", "pwd", "bearer", "Basic", "apikey", "=", ":", " ", '"', "\\\"", "{", "}",
    ", ", "\n", " is ", " provided", "none", "abcd1234efgh", "***", "xyz", "İ", "é",
)  # fmt: skip


@given(pieces=st.lists(st.sampled_from(WORDS), max_size=60))
def test_a_long_text_is_masked_as_a_short_one_is(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert masked(text + "\n" + "z " * 1000) == masked(text) + "\n" + "z " * 1000


@given(secret=opaque, place=st.sampled_from(PLACES))
def test_a_secret_is_masked_where_its_place_tells_of_it(secret: str, place: str) -> None:
    assert secret not in masked(place.format(secret))
    assert secret[6:] not in one_line("x" * 700 + " " + place.format(secret))


@given(secret=st.text(LETTERS, min_size=16, max_size=60), prefix=st.sampled_from(PREFIXES))
def test_a_key_is_masked_by_its_form_wherever_it_stands(secret: str, prefix: str) -> None:
    assert secret not in masked(f"the server said {prefix}{secret} and hung up")


@given(secret=opaque, place=st.sampled_from(PLACES))
def test_a_canary_never_stands_in_a_failure(secret: str, place: str) -> None:
    said = place.format(secret)
    evidence = Evidence(
        401,
        {"x-api-key": secret, "set-cookie": f"id={secret}"},
        f'{{"error": {{"message": "refused {said}", "param": "{secret}"}}}}',
        f"Traceback (most recent call last):\n  api_key='{secret}'\nRuntimeError: {said}",
        url=f"https://u:{secret}@api.example/v1?key={secret}",
        model=secret,
    )
    for failure in (classify(evidence, now_unix=0), from_text(said, now_unix=0)):
        assert secret not in failure.cause
        assert secret not in failure.tip


@pytest.mark.parametrize(
    "text",
    [
        "The security token included in the request is expired",
        "Invalid OAuth token. The provided token was not found or is malformed.",
        "Limit 30000, Requested 31538 tokens per min",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b is missing",
        "The API key is missing",
        "basic authentication is required",
        "see https://platform.openai.com/docs/guides/error-codes/api-errors for more",
        "https://x.openai.azure.com/openai/deployments/d?api-version=2024-02-15-preview",
        "/etc/passwd: Permission denied",
        "open server.key: Operation not permitted",
        "models/gemini-2.5-flash-preview-native-audio-dialog is not found",
        "when the session is already in a worktree, and a tmux session was attached to it",
        "the key is wrong. The token was revoked",
        "const KINDS = [{key: 'bugs', prompt: '...'}, { key: 'speed', prompt: '...' }]",
        "such as plugin://<plugin-name>@<marketplace-name>",
    ],
)
def test_plain_words_stay_what_they_are(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("the password is swordfish", "swordfish"),
        ("its secret was opensesame", "opensesame"),
        ("API key: opensesame", "opensesame"),
        ("{'key': 'opensesame'}", "opensesame"),
        ("{api_key: 'opensesame'}", "opensesame"),
        ("{password: 'opensesame', key: 'x'}", "opensesame"),
        ("{key: 'opensesame1'}", "opensesame1"),
        ("the key is Opensesame", "Opensesame"),
        ("the key is openopenopenopenopensesame", "openopenopenopenopensesame"),
        ("the session is https://<user>:opensesame@host", "opensesame"),
        ("amqp://<user>opensesame@host", "opensesame"),
    ],
)
def test_what_may_be_a_word_is_a_secret_where_its_place_tells_of_it(text: str, secret: str) -> None:
    assert secret not in masked(text)


def test_one_line_has_no_controls_and_no_escapes_and_an_end() -> None:
    assert one_line("\x1b[31mred\x1b[0m\n\tand\u202e blue\x00") == "red and blue"
    assert len(one_line("word " * 1000)) == 500


PARTS = (
    "key",
    "token",
    "secretoken",
    "Bearer",
    "basic ",
    "API_KEY",
    "pwd",
    ": ",
    "=",
    '"',
    " ",
    "abcd1234",
    "é",
    "s",
)


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
def test_looking_only_where_it_may_begin_finds_the_same(text: str) -> None:
    for pattern, begins in ((words._SCHEME, words._SCHEME_BEGINS), (words._NAMED, words._NAMED_BEGINS)):
        found = words.sub_where(pattern, begins, lambda match: f"<{match[0]}>", text)
        assert found == pattern.sub(lambda match: f"<{match[0]}>", text)
