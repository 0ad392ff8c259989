"""Limits as the journal has them: by name, and in words."""

from __future__ import annotations

from beastmode.runner.plain_limits import flat, limits_words, nested, plain_rates, plain_tokens, tokens_in
from beastmode.settings import Rate, TokenRate

SLOW, FAST = Rate(2, 1.0), Rate(8, 1.0)


def test_limits_are_named_flat_and_kept_nested() -> None:
    limits = {"concurrency": None, "server": {"tokens": [], "concurrency": 2}}
    assert flat(limits) == {"concurrency": None, "server.tokens": [], "server.concurrency": 2}
    assert nested(flat(limits)) == limits
    assert nested({}) == {}


def test_in_words_they_say_what_they_limit() -> None:
    server = {"rates": plain_rates([SLOW, FAST]), "tokens": plain_tokens([TokenRate(5, 60.0)])}
    words = limits_words({"concurrency": None, "rates": [], "server": server})
    assert words == "no limit on tasks at once, no limit on starts, 2/s and 8/s requests, 5/min tokens"
    assert tokens_in(server["tokens"]) == (TokenRate(5, 60.0),)
