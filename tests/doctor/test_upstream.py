"""What is asked of a model server: free things first, at most one request that may cost money."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from beastmode.compose.opening.examining import Examination, examine
from beastmode.doctor.findings import Diagnosis
from beastmode.testing.model_server import ModelServer, Script
from beastmode.testing.threads import in_thread

KEY = "sk-test-1234567890abcdef"


@pytest.fixture(autouse=True)
def outside_of_any_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def examined(script: Script, home: Path, path: str = "", **wanted: Any) -> tuple[Diagnosis, ModelServer]:
    environment = {"PATH": os.environ["PATH"], "MODEL_KEY": KEY}
    given: dict[str, Any] = {"key_variable": "MODEL_KEY", "model": "m-small", "timeout_s": 2.0, **wanted}
    with in_thread(ModelServer(script)) as server:
        return examine(
            Examination(None, server.url + path, home=home, environment=environment, **given)
        ), server


def test_a_list_open_to_all_proves_no_key_so_one_token_is_bought(tmp_path: Path) -> None:
    seen, server = examined(Script(keys=frozenset({KEY}), list_is_public=True), tmp_path)
    assert seen.healthy
    assert (seen.paid_requests, server.paid) == (1, 1)
    assert b'"max_tokens": 1' in server.asked[-1].body


def test_a_wrong_key_behind_an_open_list_is_found_by_that_token(tmp_path: Path) -> None:
    seen, server = examined(Script(keys=frozenset({"other"}), list_is_public=True), tmp_path)
    assert [finding.check for finding in seen.findings] == ["key"]
    assert server.paid == 1


def test_without_a_list_one_token_proves_key_and_model(tmp_path: Path) -> None:
    seen, server = examined(Script(keys=frozenset({KEY}), lists=False), tmp_path)
    assert (seen.healthy, server.paid) == (True, 1)
    seen, server = examined(Script(keys=frozenset({KEY}), lists=False), tmp_path, model="gone")
    assert [finding.check for finding in seen.findings] == ["model"]
    assert server.paid == 1


def test_no_paid_is_obeyed_and_what_stays_unproven_is_said(tmp_path: Path) -> None:
    seen, server = examined(Script(keys=frozenset({KEY}), list_is_public=True), tmp_path, paid=False)
    assert (seen.healthy, seen.paid_requests, server.paid) == (True, 0, 0)
    assert any(fact.check == "key" and "not proven" in fact.what for fact in seen.facts)
    seen, server = examined(Script(keys=frozenset({KEY}), lists=False), tmp_path, paid=False)
    assert [finding.check for finding in seen.findings] == ["endpoint"]
    assert server.paid == 0


@pytest.mark.parametrize(
    ("script", "path", "model"),
    [
        (Script(prefix="/v1"), "/v1", "m-small"),
        (Script(prefix="/v1beta", models=("gemini-x",)), "/v1beta", "models/gemini-x"),
        (Script(prefix="/api", models=("llama3:latest",)), "", "llama3"),
        (Script(prefix="/openai/v1"), "/openai/v1/", "m-large"),
    ],
)
def test_the_lists_of_all_dialects_are_understood(
    script: Script, path: str, model: str, tmp_path: Path
) -> None:
    seen, server = examined(script, tmp_path, path, model=model, key_variable="")
    assert not seen.findings
    assert (seen.paid_requests, server.paid) == (0, 0)


def test_a_model_that_is_not_listed_may_still_exist(tmp_path: Path) -> None:
    """Aliases: asked by its name, for nothing."""
    script = Script(models=("m-1",), aliases=("m-latest",))
    seen, _ = examined(script, tmp_path, model="m-latest", key_variable="")
    assert seen.healthy


def test_nothing_of_the_key_is_shown_even_if_the_server_says_it_back(tmp_path: Path) -> None:
    seen, server = examined(Script(keys=frozenset({"other"}), echo=True), tmp_path)
    assert any(asked.credential == KEY for asked in server.asked)
    assert KEY not in repr(seen)
    assert KEY not in str(seen.as_json())
