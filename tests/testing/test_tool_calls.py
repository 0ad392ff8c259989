"""Tool calls: two of them are never taken for one."""

from __future__ import annotations

import json
import re
from typing import get_args

import pytest

from beastmode.failures.answers import Dialect
from beastmode.testing.tool_calls import call_events, whole_call


def ids(text: str) -> set[str]:
    return set(re.findall(r'"((?:call|fc|toolu)_[0-9a-f]+)"', text))


@pytest.mark.parametrize("dialect", [one for one in get_args(Dialect) if one != "gemini"])
def test_each_call_has_an_id_of_its_own_streamed_or_not(dialect: Dialect) -> None:
    whole = [ids(json.dumps(whole_call(dialect, "m", "bash", {"command": one}))) for one in ("ls", "pwd")]
    streamed = [
        ids(b"".join(call_events(dialect, "m", "bash", {"command": one})).decode()) for one in ("ls", "pwd")
    ]
    assert whole == streamed
    assert whole[0]
    assert whole[0].isdisjoint(whole[1])
