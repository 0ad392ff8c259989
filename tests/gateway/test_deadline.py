"""How long a client waits, as its request tells."""

from __future__ import annotations

import math

import pytest

from beastmode.gateway.deadline import answer_within_s, bears_s

NODE = (b"x-stainless-runtime", b"node")
VERCEL = (b"user-agent", b"ai/6.0.326 ai-sdk/provider-utils/4.0.66 runtime/node.js/v20.20.2")

BUN = (b"user-agent", b"opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14")
FETCH = [(b"accept-language", b"*"), (b"sec-fetch-mode", b"cors")]
BROWSER = [(b"accept-language", b"de,en;q=0.5"), (b"sec-fetch-mode", b"cors")]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], math.inf),
        ([(b"x-stainless-read-timeout", b"600")], 600.0),
        ([(b"x-stainless-timeout", b"600"), (b"x-stainless-read-timeout", b"9.5")], 9.5),
        ([(b"x-stainless-timeout", b"NOT_GIVEN"), (b"x-stainless-read-timeout", b"7")], 7.0),
        ([(b"x-server-timeout", b"20")], 20.0),
        ([(b"x-stainless-timeout", b"600"), NODE], 300.0),
        ([(b"x-stainless-timeout", b"30"), NODE], 30.0),
        ([NODE], 300.0),
        ([VERCEL], 300.0),
        ([BUN], 300.0),
        (FETCH, 300.0),
        (BROWSER, math.inf),
        ([(b"x-stainless-timeout", b"-1")], math.inf),
        ([(b"x-stainless-timeout", b"nan")], math.inf),
        ([(b"x-stainless-timeout", b"inf")], math.inf),
        ([(b"x-server-timeout", "²".encode("latin-1"))], math.inf),
    ],
)
def test_the_silence_that_a_client_bears(headers: list[tuple[bytes, bytes]], seconds: float) -> None:
    assert bears_s(headers) == seconds


@pytest.mark.parametrize(("bears", "within"), [(600, 570.0), (20, 19.0), (3, 2.0), (1, 0.5), (0.2, 0.1)])
def test_an_answer_comes_before_its_client_has_gone(bears: float, within: float) -> None:
    assert answer_within_s([(b"x-stainless-read-timeout", str(bears).encode())]) == within
    assert answer_within_s([]) == math.inf
