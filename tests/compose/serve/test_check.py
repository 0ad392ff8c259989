"""What the check of a gateway finds where only a server or a file can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from beastmode.compose.serve.check import check
from beastmode.compose.serve.settings.serving import Serving, UpstreamSettings
from beastmode.doctor.findings import Fact, Finding
from beastmode.testing.certificates import make_certificate
from beastmode.testing.model_server import ModelServer, Script
from beastmode.testing.threads import in_thread

KEY = "sk-only-for-this-test-1234567890"


def seen(serving: Serving, environment: dict[str, str] | None = None) -> dict[str, Finding | Fact]:
    """What was seen, by its check; of several the last, and a finding before a fact."""
    diagnosis = check(serving, environment or {}).seen
    every: list[Finding | Fact] = [*diagnosis.facts, *diagnosis.findings]
    return {one.check: one for one in every}


def behind(script: Script, home: Path, *, key: str = "", path: str = "") -> Finding | Fact:
    with in_thread(ModelServer(script)) as server:
        one = UpstreamSettings(server.url + path, key_env="A_KEY" if key else "")
        found = seen(Serving((one,), port=0, home=home), {"A_KEY": key})
    return found["key" if key else "endpoint"]


def test_a_server_that_wants_a_key_is_well_where_clients_bring_theirs(tmp_path: Path) -> None:
    one = behind(Script(keys=frozenset({KEY})), tmp_path)
    assert isinstance(one, Fact)
    assert one.what.endswith("answers, and wants a key")


def test_a_key_that_is_refused_is_found_and_not_shown(tmp_path: Path) -> None:
    one = behind(Script(keys=frozenset({"another"}), echo=True), tmp_path, key=KEY)
    assert isinstance(one, Finding)
    assert "the key in A_KEY was refused" in one.what
    assert KEY not in repr(one)


def test_a_server_without_a_list_of_models_may_do_well(tmp_path: Path) -> None:
    one = behind(Script(lists=False), tmp_path)
    assert isinstance(one, Fact)
    assert "lists no models" in one.what


def test_a_path_that_is_wrong_is_told_with_the_right_one(tmp_path: Path) -> None:
    one = behind(Script(), tmp_path, path="/api/v2")
    assert isinstance(one, Finding)
    assert "/v1" in one.tip


def test_a_certificate_and_a_key_must_belong_together(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    mine, other = make_certificate(tmp_path), make_certificate(tmp_path / "other")
    upstream = (UpstreamSettings("http://127.0.0.1:9"),)
    good = Serving(upstream, port=0, home=tmp_path, tls_cert=mine.certificate, tls_key=mine.key)
    assert isinstance(seen(good)["tls"], Fact)
    for key in (other.key, tmp_path / "none", mine.certificate):
        wrong = Serving(upstream, port=0, home=tmp_path, tls_cert=mine.certificate, tls_key=key)
        assert isinstance(seen(wrong)["tls"], Finding)


@pytest.mark.parametrize("data", [b"no ledger at all, but something else\n" * 100])
def test_a_file_that_is_no_ledger_is_found_and_left_alone(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "ledger.db").write_bytes(data)
    found = seen(Serving((UpstreamSettings("http://127.0.0.1:9"),), port=0, home=tmp_path))
    assert isinstance(found["ledger"], Finding)
    assert (tmp_path / "ledger.db").read_bytes() == data


def test_of_an_address_that_is_not_there_nothing_else_is_said(tmp_path: Path) -> None:
    found = seen(Serving((UpstreamSettings("http://127.0.0.1:9"),), host="none.invalid", home=tmp_path))
    assert "there is no such address" in found["host"].what
    assert "port" not in found


def test_an_address_that_others_can_reach_wants_a_key(tmp_path: Path) -> None:
    upstream = (UpstreamSettings("http://127.0.0.1:9"),)
    for home in (tmp_path, tmp_path / "none"):
        found = seen(Serving(upstream, host="0.0.0.0", port=0, home=home))
        assert isinstance(found["host"], Finding)
        assert "there is no key" in found["host"].what
    assert not (tmp_path / "none").exists()
