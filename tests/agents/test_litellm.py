"""litellm as a client: a program that uses it finds the gateway where its base URL says, and notices nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from tests.agents.serving import counted, serving
from tests.gateway.served import records

PROGRAM = Path(__file__).with_name("litellm_asks.py")


def test_litellm_asks_for_all_that_it_can_ask_for(tmp_path: Path) -> None:
    if importlib.util.find_spec("litellm") is None and os.environ.get("CI") != "true":
        pytest.skip("litellm is not installed: `make test-agents` does")
    local = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # else it asks another host for prices
    with in_thread(ModelServer()) as server, serving(server.url, tmp_path) as url:
        asking = [sys.executable, str(PROGRAM), url]
        done = subprocess.run(asking, capture_output=True, text=True, env=local, timeout=100)
        assert done.returncode == 0, done.stderr
        counts = counted(url)
    heard = json.loads(done.stdout.splitlines()[-1])
    assert heard.pop("embeddings") == [3.0, 1.0]
    assert set(heard.values()) == {"It is done."}
    kept = records(tmp_path)
    assert Counter(entry.dialect for entry in kept) == {
        "openai.chat": 5,
        "anthropic.messages": 5,
        "openai.responses": 1,
        "openai.embeddings": 1,
    }
    assert counts == {"received": 12, "upstream_ok": 12}
    assert sum(entry.stream for entry in kept) == 4
