"""How long to wait, from every form of facts/failures.md; nonsense is no hint."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.failures.durations import MOST_S, wait_of
from beastmode.failures.hints import in_fields, in_words, resets, retry_after

NOW_UNIX = 1_789_997_600.0
"""2026-09-21 13:33:20 UTC, a Monday."""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("20", 20), ("9.816", 9.816), ("1e2", 100), (" 7 ", 7), ("26s", 26), ("36.429760048s", 36.429760048),
        ("174ms", 0.174), ("12ms", 0.012), ("6m0s", 360), ("2m59.56s", 179.56), ("114h18m0s", 411_480), ("1h", 3600),
        ("602705", 602_705), ("86400", 86_400), ("45 seconds", 45), ("5 days 22 hours 11 minutes", 511_860),
        ("Mon, 21 Sep 2026 13:34:20 GMT", 60), ("2026-09-21T13:34:20Z", 60), ("2026-09-21T15:34:20+02:00", 60),
        ("2026-09-21T13:33:20.5Z", 0.5), ("1789997660", 60), ("1789997660000", 60), ("2026-09-22", 37_600),
    ],
)  # fmt: skip
def test_every_form_is_understood(value: str, seconds: float) -> None:
    assert wait_of(value, now_unix=NOW_UNIX) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value", ["0", "-1", "nan", "inf", "-inf", "", "soon", "1_000", "0s", "1e400", "99999999999999999999",
              "400 days", "Mon, 21 Sep 2026 13:33:19 GMT", "2026-09-21T13:00:00Z", "1789997599", "2099-01-01", "0x10",
              "٣", "12 parsecs"]
)  # fmt: skip
def test_nonsense_and_the_past_are_no_hint(value: str) -> None:
    assert wait_of(value, now_unix=NOW_UNIX) is None
    assert retry_after({"Retry-After": value}, now_unix=NOW_UNIX) is None


@given(st.text(max_size=60), st.floats(allow_nan=True, allow_infinity=True))
def test_whatever_stands_there_a_wait_is_sane(value: str, now: float) -> None:
    for found in (wait_of(value, now_unix=now), in_words(f"try again in {value}", now_unix=now)):
        assert found is None or (0 < found <= MOST_S and math.isfinite(found))


@given(st.floats(min_value=0.001, max_value=MOST_S))
def test_seconds_come_back_as_they_were(seconds: float) -> None:
    assert wait_of(f"{seconds:.6f}", now_unix=0) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After-Ms": "1500", "Retry-After": "9"}, 1.5),
        ({"x-ms-retry-after-ms": "2000"}, 2),
        ({"RETRY-AFTER": "3"}, 3),
        ({"retry-after-ms": "0", "retry-after": "4"}, 4),
    ],
)
def test_the_finer_header_wins_where_it_makes_sense(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers, now_unix=NOW_UNIX) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, 360),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "6m0s"}, None),
        ({"x-ratelimit-remaining-tokens": "-1", "x-ratelimit-reset-tokens": "6m0s"}, None),
        ({"x-rate-limit-reset-tokens": "55"}, 55),
        ({"anthropic-ratelimit-input-tokens-remaining": "0",
          "anthropic-ratelimit-input-tokens-reset": "2026-09-21T13:33:50Z"}, 30),
        ({"anthropic-ratelimit-unified-status": "rejected", "anthropic-ratelimit-unified-reset": "1790001200"}, 3600),
        ({"anthropic-ratelimit-unified-status": "allowed", "anthropic-ratelimit-unified-reset": "1790001200"}, None),
        ({"x-codex-primary-used-percent": "100", "x-codex-primary-reset-after-seconds": "13873"}, 13_873),
        ({"x-codex-primary-used-percent": "40", "x-codex-primary-reset-after-seconds": "13873"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1789997642"}, 42),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1789997642000"}, 42),
    ],
)  # fmt: skip
def test_rate_headers_count_where_the_limit_is_used_up(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert resets(headers, now_unix=NOW_UNIX) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("please try again in 174ms.", 0.174),
        ("please try again in 9.816s. visit", 9.816),
        ("please retry in 36.429760048s.", 36.429760048),
        ("please retry after 45 seconds.", 45),
        ("please wait 31337 seconds before retrying.", 31_337),
        ("wait 541 hours 28 minutes before trying again", 1_949_280),
        ("or try again in 3 days 5 hours 22 minutes.", 278_520),
        ("your quota will reset after 16h12m3s.", 58_323),
        ("retry_delay { seconds: 26 }", 26),
        ("you will regain access on 2026-09-22 at 00:00 utc.", 37_600),
        ("you've hit your limit · resets 3pm (europe/berlin)", 84_400),
        ("your limit will reset at 2pm", 1_600),
        ("try again at sep 22nd, 2026 1:33 pm.", 86_380),
        ("usage limit reached|1790001200", 3_600),
        ("retry-after: 30", 30),
        ("retry failed after 1 attempts: provider requested 1800000ms wait", 1_800),
    ],
)
def test_a_sentence_that_states_a_wait_is_understood(text: str, seconds: float) -> None:
    assert in_words(text, now_unix=NOW_UNIX) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "if you created the deployment within the last 5 minutes, please wait a moment and try again.",
        "no slots available after 10 retries",
        "failed after 3 attempts. last error: too many requests",
        "read timed out. (read timeout=300)",
        "please try again later.",
        "retry your request with the id or arn of an inference profile",
        "limit of 50 per 86400s exceeded",
    ],
)
def test_a_number_that_is_no_wait_is_none(text: str) -> None:
    assert in_words(text, now_unix=NOW_UNIX) is None


def test_fields_are_read_in_the_order_of_how_sure_they_are() -> None:
    both = {"resets_at": "1790001200", "resets_in_seconds": "3599"}
    assert in_fields(both, now_unix=NOW_UNIX) == 3599
    assert in_fields({"resets_at": "1790001200"}, now_unix=NOW_UNIX) == 3600
    assert in_fields({"retry_after_ms": "250"}, now_unix=NOW_UNIX) == 0.25
    assert in_fields({"retrydelay": "0s", "estimated_time": "20.0"}, now_unix=NOW_UNIX) == 20
