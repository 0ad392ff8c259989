"""Any bytes, headers, nesting give a Failure, never an exception; a megabyte of malice takes no longer than its end.

Nothing here is timed: a pattern that explodes runs into the timeout of the test.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure
from beastmode.failures.pasted import from_text
from beastmode.failures.rules import USUAL

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
WORDS = ("error", "message", "code", "type", "status", "model not found", "rate limit", "again in", "Limit: 0,", "{",
         "'", '"', "\\", "data: ", "\n", "<html>", "Traceback", "b'", "retry after 1e999", "429", "http://a:b@c?d=e",
         "try again in 9h9m", "Requested 99999999999999999999", "…", "HTTP/1.1 500 x\n")  # fmt: skip
tokens = st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=60).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | tokens,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(("error", "message", "code", "status", "details", "headers", "choices")) | tokens,
            inner,
        )
    ),
    max_leaves=20,
)
headers = st.dictionaries(
    st.sampled_from(("Retry-After", "retry-after-ms", "x-ratelimit-reset-tokens", "x-api-key"))
    | st.text(max_size=20),
    tokens,
    max_size=5,
)


def whole(failure: Failure) -> bool:
    wait = failure.retry_after_s
    return (
        failure.class_ in USUAL
        and failure.passing in (True, False, "after")
        and len(failure.cause) <= 500
        and not _CONTROL.search(failure.cause)
        and (wait is None or (0 < wait <= 365 * 86400 and failure.passing is not False))
    )


@settings(max_examples=300)
@given(
    status=st.none() | st.integers(-1, 1000),
    headers=headers,
    body=st.binary(max_size=400) | tokens | values.map(lambda value: json.dumps(value, allow_nan=True)),
    raised=st.none() | tokens,
    streaming=st.booleans(),
    now=st.floats(-1e12, 1e12),
)
def test_whatever_came_is_a_failure(
    status: int | None, headers: dict[str, str], body: Any, raised: str | None, streaming: bool, now: float
) -> None:
    evidence = Evidence(status, headers, body, raised, mid_stream=streaming, url="http://h", models=["a"])
    assert whole(classify(evidence, now_unix=now))


@settings(max_examples=150)
@given(text=tokens)
def test_whatever_is_pasted_is_a_failure(text: str) -> None:
    assert whole(from_text(text, now_unix=1e9))


MEGABYTE = 1_000_000
MALICE = {
    "nested objects": '{"error":' * 100_000,
    "nested arrays": "[" * MEGABYTE,
    "quotes": '"' * MEGABYTE,
    "backslashes": "\\" * MEGABYTE,
    "escaped quotes": '\\"' * (MEGABYTE // 2),
    "open pairs": "'code': '" * 120_000,
    "tags": "<html>" + "<a " * 300_000,
    "titles": "<html>" + "<title>" * 150_000,
    "events": "data: {\n" * 120_000,
    "digits": "4" * MEGABYTE,
    "statuses": "429 " * 250_000,
    "models": "model " * 160_000,
    "again": "try again in " * 80_000,
    "waits": "wait 1 1 1 1 1 " * 70_000,
    "words": "limit requested used " * 50_000,
    "spaces": " " * MEGABYTE + "x",
    "lines": "\n" * MEGABYTE,
    "frames": '\n    File "x"' * 80_000,
    "keys": "sk-" * 300_000,
    "cookies": "cookie: " * 120_000,
    "urls": "http://a:b@" * 90_000,
    "queries": "?a=b&c=d" * 120_000,
    "errors": "XError" * 160_000,
    "snakes": "a_b_c_d_" * 120_000,
    "dots": "a." * 500_000,
    "reprs": "b'" * 500_000,
    "pieces": "' + '" * 200_000,
    "letters": "٣é漢" * 300_000,
    "headers": "HTTP/1.1 500 x\n" + "a: b\n" * 200_000,
    "sizes": "context length is 1 requested " * 30_000,
}


@pytest.mark.parametrize("malice", MALICE)
@pytest.mark.timeout(20)
def test_a_megabyte_of_malice_ends(malice: str) -> None:
    text = MALICE[malice]
    assert whole(
        classify(
            Evidence(500, {"retry-after": text}, text, text, mid_stream=True, url=text[:5000]), now_unix=1e9
        )
    )
    assert whole(
        classify(Evidence(None, {}, json.dumps({"error": {"message": text}}).encode()), now_unix=1e9)
    )
    assert whole(from_text(text, now_unix=1e9))
