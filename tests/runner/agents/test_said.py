"""What agents say, as recorded of the real programs (see `said/`): what it means, whatever their exit code was.

Recorded on loopback from a scripted model server, with the versions that docs/agents.md names. Long lists are left out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.agents.find import KNOWN
from beastmode.runner.agents.protocol import Heard, Said
from beastmode.runner.agents.template import Template

SAID = Path(__file__).with_name("said")
NOW_UNIX = 1_790_000_000.0
FIELDS = (
    "type",
    "subtype",
    "result",
    "usage",
    "item",
    "error",
    "message",
    "part",
    "info",
    "stats",
    "models",
    "data",
    "errors",
    "permission_denials",
)
CURL = "curl http://127.0.0.1:9/ > made.txt"


def said(name: str, code: int) -> Said:
    """What the agent read of its recorded output.   name: `AGENT-CASE`."""
    answer = SAID / f"{name}.json"
    heard = Heard(
        (SAID / f"{name}.txt").read_text(encoding="utf-8"),
        code,
        answer.read_text(encoding="utf-8") if answer.exists() else "",
        NOW_UNIX,
    )
    return KNOWN[name.partition("-")[0]].read(heard)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("claude-done", ("It is done.", 2, 16, 16)),
        ("codex-done", ("It is done.", 1, 16, 16)),
        ("gemini-done", ("It is done.", 2, 16, 16)),
        ("opencode-done", ("It is done.", 2, 16, 16)),
        ("aider-done", ("", 1, 8, 8)),
        ("mini-done", ("", 2, None, None)),
    ],
)
def test_an_agent_that_came_to_its_end(name: str, expected: tuple[Any, ...]) -> None:
    heard = said(name, 0)
    assert heard.failure is None
    assert (heard.result, heard.turns, heard.tokens_in, heard.tokens_out) == expected
    assert not heard.refused


@pytest.mark.parametrize("agent", KNOWN)
def test_a_good_end_with_a_bad_exit_code_is_no_good_end(agent: str) -> None:
    failure = said(f"{agent}-done", 3).failure
    assert failure is not None
    assert "exit code 3" in failure.cause


@pytest.mark.parametrize(
    ("name", "code", "class_", "passing", "throttle"),
    [
        ("claude-throttled", 1, "rate_limit", True, True),
        ("claude-throttled", 0, "rate_limit", True, True),
        ("claude-quota", 1, "quota_exhausted", "after", True),
        ("claude-overloaded", 1, "overloaded", True, False),
        ("claude-wrong-key", 1, "auth", False, False),
        ("claude-refused-for-good", 1, "bad_request", False, False),
        ("claude-no-login", 1, "agent_login", False, False),
        ("claude-no-model", 1, "not_found_model", False, False),
        ("codex-throttled", 1, "rate_limit", True, True),
        ("codex-quota", -15, "rate_limit", True, True),
        ("codex-overloaded", 1, "overloaded", True, False),
        ("codex-wrong-key", 1, "auth", False, False),
        ("codex-refused-for-good", 1, "bad_request", False, False),
        ("gemini-throttled", 173, "rate_limit", True, True),
        ("gemini-wrong-key", 145, "auth", False, False),
        ("gemini-refused-for-good", 144, "bad_request", False, False),
        ("gemini-no-login", 41, "agent_login", False, False),
        ("gemini-cut-off", 0, "agent_failed", True, False),
        ("opencode-throttled", 1, "rate_limit", True, True),
        ("opencode-wrong-key", 1, "auth", False, False),
        ("opencode-refused-for-good", 1, "bad_request", False, False),
        ("aider-throttled", 0, "rate_limit", True, True),
        ("aider-wrong-key", 0, "auth", False, False),
        ("aider-refused-for-good", 0, "bad_request", False, False),
        ("aider-cut-off", 0, "agent_failed", True, False),
        ("mini-throttled", 1, "rate_limit", True, True),
        ("mini-wrong-key", 1, "auth", False, False),
        ("mini-refused-for-good", 1, "bad_request", False, False),
        ("mini-gave-up", 0, "agent_failed", True, False),
    ],
)
def test_why_an_agent_gave_up(name: str, code: int, class_: str, passing: object, throttle: bool) -> None:
    failure = said(name, code).failure
    assert failure is not None
    assert (failure.class_, failure.passing, failure.throttle) == (class_, passing, throttle), failure.cause
    assert failure.tip


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("claude-not-allowed", f"Bash: {CURL}"),
        ("opencode-not-allowed", f"bash: {CURL}"),
        ("gemini-not-allowed", "run_shell_command"),
    ],
)
def test_what_an_agent_was_not_allowed_is_named(name: str, refused: str) -> None:
    heard = said(name, 0)
    assert heard.failure is None
    assert heard.refused == (refused,)


def test_a_subscription_that_is_used_up_says_until_when() -> None:
    limit = '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1790007200}}'
    result = (
        '{"type":"result","subtype":"success","is_error":true,"api_error_status":429,'
        '"result":"You\'ve hit your limit"}'
    )
    failure = KNOWN["claude"].read(Heard(f"{limit}\n{result}\n", 1, "", NOW_UNIX)).failure
    assert failure is not None
    assert failure.throttle
    assert failure.retry_after_s == pytest.approx(7200)


def test_a_claude_that_wants_a_login_in_plain_words_says_so() -> None:
    failure = KNOWN["claude"].read(Heard("Invalid API key · Please run /login\n", 1, "", NOW_UNIX)).failure
    assert failure is not None
    assert failure.class_ == "agent_login"


@pytest.mark.parametrize("odd", ["5", '"none"', "{}"])
def test_lists_of_a_claude_that_are_no_lists_are_empty(odd: str) -> None:
    line = f'{{"type":"result","subtype":"success","permission_denials":{odd},"errors":{odd}}}\n'
    heard = KNOWN["claude"].read(Heard(line, 0, "", NOW_UNIX))
    assert (heard.failure, heard.refused) == (None, ())


def test_an_aider_that_tried_again_and_was_answered_has_not_failed() -> None:
    error = (
        "litellm.RateLimitError: RateLimitError: OpenAIException - Slow down.\nRetrying in 0.2 seconds...\n"
    )
    heard = KNOWN["aider"].read(
        Heard(
            f"{error}\nIt is done.\n\nTokens: 1.2k sent, 30 received. Cost: $0.02 message, $0.02 session.\n",
            0,
        )
    )
    assert heard.failure is None
    assert (heard.tokens_in, heard.tokens_out, heard.cost_usd) == (1200, 30, 0.02)


def test_another_program_has_said_its_exit_code() -> None:
    agent = Template(("/opt/bin/my-agent", "{prompt}"))
    assert agent.name == "my-agent"
    assert agent.read(Heard("Working\nAll done\n", 0)).result.endswith("All done")
    failure = agent.read(Heard("Working\nno luck\n", 4)).failure
    assert failure is not None
    assert (failure.class_, failure.passing) == ("agent_failed", True)
    assert "no luck" in failure.cause


RECORDED = sorted(path.read_text(encoding="utf-8") for path in SAID.glob("*"))
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=20,
)
PIECES = st.sampled_from(RECORDED).flatmap(
    lambda text: st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(
        lambda cut: text[min(cut) : max(cut)]
    )
)


@pytest.mark.parametrize("agent", KNOWN)
@given(output=PIECES | st.text(max_size=200) | ODD.map(json.dumps), code=st.integers(-20, 260))
def test_no_output_is_too_odd_to_be_read(agent: str, output: str, code: int) -> None:
    heard = KNOWN[agent].read(Heard(output, code, output, NOW_UNIX))
    assert heard.failure is None or heard.failure.tip
