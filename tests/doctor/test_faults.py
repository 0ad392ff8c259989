"""For each injected fault exactly that finding appears; on a healthy set-up none."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from beastmode.compose.opening.examining import Examination, examine
from beastmode.doctor import home
from beastmode.doctor.findings import Diagnosis
from beastmode.testing.certificates import make_certificate
from beastmode.testing.chaos import AnswerFault, Chaos
from beastmode.testing.model_server import ModelServer, Script
from beastmode.testing.threads import in_thread

KEY = "sk-test-1234567890abcdef"
LIMITS = {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "59"}
ROADMAP = "tasks:\n  - {id: a, command: [git, --version], verify: [git, --version]}\n"


@contextmanager
def model_server(**script: Any) -> Iterator[ModelServer]:
    with in_thread(ModelServer(Script(**{"keys": frozenset({KEY}), "headers": LIMITS, **script}))) as server:
        yield server


class Machine:
    """A healthy set-up of its own, in which one thing can be spoiled."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / ".beast"
        self.roadmap = folder / "roadmap.yaml"
        self.roadmap.write_text(ROADMAP, encoding="utf-8")
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "MODEL_KEY": KEY}

    def examine(self, upstream: str, **wanted: Any) -> Diagnosis:
        given = {"key_variable": "MODEL_KEY", "model": "m-small", "timeout_s": 2.0, **wanted}
        return examine(
            Examination(self.roadmap, upstream, home=self.home, environment=self.environment, **given)
        )


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.chdir(tmp_path)
    for arguments in (["init", "-q"], ["config", "user.name", "A"], ["config", "user.email", "a@b.example"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    return Machine(tmp_path)


def found(seen: Diagnosis) -> list[tuple[str, str]]:
    return [(finding.check, finding.class_) for finding in seen.findings]


def only(seen: Diagnosis, check: str, class_: str = "", says: str = "") -> None:
    """Exactly this finding, whose words or tip say that; and it shows no key."""
    assert found(seen) == [(check, class_)], seen
    finding = seen.findings[0]
    assert says in f"{finding.what}. {finding.tip}"
    assert finding.tip
    assert KEY not in str(seen.as_json())


@pytest.mark.parametrize("prefix", ["/v1", ""])
def test_a_healthy_set_up_has_none(machine: Machine, prefix: str) -> None:
    with model_server() as server:
        seen = machine.examine(server.url + prefix)
        assert not seen.findings
        assert {fact.check for fact in seen.facts} >= {
            *("python", "home", "disk", "git", "roadmap", "endpoint", "key", "model", "clock", "limits")
        }
        assert (seen.paid_requests, server.paid) == (0, 0), "the list proves key and model for nothing"
    assert not machine.home.exists(), "looking leaves nothing behind"


def test_the_key_is_not_set(machine: Machine) -> None:
    del machine.environment["MODEL_KEY"]
    with model_server() as server:
        only(machine.examine(server.url), "key", "auth", "MODEL_KEY is not set")


def test_the_key_has_a_line_break(machine: Machine) -> None:
    machine.environment["MODEL_KEY"] = KEY + "\n"
    with model_server() as server:
        only(machine.examine(server.url), "key", "auth", "line break")


def test_the_key_is_refused(machine: Machine) -> None:
    machine.environment["MODEL_KEY"] = "sk-wrong-" + KEY
    with model_server(echo=True) as server:
        seen = machine.examine(server.url)
        only(seen, "key", "auth", "the key in MODEL_KEY was refused")
        assert server.paid == 0


def test_no_key_was_named_and_one_is_wanted(machine: Machine) -> None:
    machine.environment["OPENAI_API_KEY"] = KEY
    with model_server() as server:
        only(machine.examine(server.url, key_variable=""), "key", "auth", "--upstream-key-env OPENAI_API_KEY")


def test_the_model_is_missing_and_the_nearest_is_named(machine: Machine) -> None:
    with model_server() as server:
        seen = machine.examine(server.url, model="m-smal")
        only(seen, "model", "not_found_model", "Did you mean m-small?")


@pytest.mark.parametrize("path", ["/wrong", "/v2"])
def test_the_path_is_wrong(machine: Machine, path: str) -> None:
    with model_server() as server:
        only(machine.examine(server.url + path), "endpoint", "not_found_endpoint", f"Write {server.url}/v1")


def test_the_address_is_that_of_one_endpoint(machine: Machine) -> None:
    with model_server() as server:
        seen = machine.examine(f"{server.url}/v1/chat/completions")
        only(seen, "endpoint", "not_found_endpoint", f"Write {server.url}/v1")


def test_nobody_listens(machine: Machine) -> None:
    with in_thread(Chaos()) as chaos:
        url = chaos.url_of("refused")
        only(machine.examine(url), "endpoint", "connection_refused", url.removeprefix("http://"))


def test_the_name_does_not_resolve(machine: Machine) -> None:
    only(machine.examine("http://no-such-host.invalid/v1"), "endpoint", "dns", "no-such-host.invalid")


def test_the_certificate_is_for_another_host(machine: Machine) -> None:
    with in_thread(Chaos()) as chaos:
        only(machine.examine(chaos.url_of("tls_wrong_host")), "endpoint", "tls", "127.0.0.1")


def test_http_where_https_is_spoken(machine: Machine) -> None:
    certificate = make_certificate(machine.folder)
    server = ModelServer(Script(keys=frozenset({KEY})), tls=certificate.server_context())
    with in_thread(server) as entered:
        plain = entered.url.replace("https", "http")
        only(machine.examine(plain), "endpoint", "connection_reset", f"Write {entered.url}")
        assert all(not asked.credential for asked in entered.asked), (
            "the key does not follow to another scheme"
        )


def test_https_where_http_is_spoken(machine: Machine) -> None:
    with model_server() as server:
        seen = machine.examine(server.url.replace("http", "https"))
        assert [finding.check for finding in seen.findings] == ["endpoint"]
        assert f"Write {server.url}" in seen.findings[0].tip


def test_a_page_instead_of_a_list(machine: Machine) -> None:
    page = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>"
    with model_server(answer=(200, page)) as server:
        only(machine.examine(server.url), "endpoint", "invalid_response")


def test_something_else_than_a_model_server_answers(machine: Machine) -> None:
    with model_server(answer=(200, '{"status": "ok"}')) as server:
        only(machine.examine(server.url), "endpoint", "invalid_response")


@pytest.mark.parametrize(
    ("fault", "class_"),
    [
        ("hang_before_headers", "timeout"),
        ("hang_mid_stream", "timeout"),
        ("reset_before_headers", "connection_reset"),
        ("reset_mid_body", "connection_reset"),
        ("truncated_chunked", "truncated_stream"),
        ("garbage", "invalid_response"),
    ],
)
def test_what_breaks_on_the_way_is_the_endpoints(machine: Machine, fault: AnswerFault, class_: str) -> None:
    with in_thread(Chaos()) as chaos:
        only(machine.examine(f"{chaos.url_of(fault)}/v1", timeout_s=0.5), "endpoint", class_, "127.0.0.1")


def test_a_server_that_points_elsewhere_is_not_followed(machine: Machine) -> None:
    with model_server() as other, model_server(answer=(307, "")) as server:
        server.script.headers = {"Location": f"{other.url}/v1/models"}
        only(machine.examine(server.url), "endpoint", "invalid_response", f"{other.url}/v1/models")
        assert not other.asked


def test_the_server_is_ill(machine: Machine) -> None:
    with model_server(answer=(500, '{"error": {"message": "boom"}}')) as server:
        only(machine.examine(server.url), "endpoint", "server_error", "boom")


def test_the_quota_is_used_up(machine: Machine) -> None:
    code = '"type": "insufficient_quota", "code": "insufficient_quota"'
    error = f'{{"error": {{"message": "You exceeded your current quota", {code}}}}}'
    with model_server(answer=(429, error)) as server:
        only(machine.examine(server.url), "quota", "quota_exhausted")


@pytest.mark.parametrize("skew_s", [-3600.0, 90.0])
def test_the_clock_is_wrong(machine: Machine, skew_s: float) -> None:
    with model_server(skew_s=skew_s) as server:
        only(machine.examine(server.url), "clock", says="behind" if skew_s > 0 else "ahead")


def test_a_proxy_variable_takes_loopback_away(machine: Machine) -> None:
    machine.environment["HTTP_PROXY"] = "http://proxy.example:3128"
    with model_server() as server:
        only(machine.examine(server.url), "proxy", says="NO_PROXY")
        machine.environment["NO_PROXY"] = "localhost,127.0.0.0/8"
        assert not machine.examine(server.url).findings


def test_git_is_missing(machine: Machine) -> None:
    machine.roadmap.write_text("tasks:\n  - {id: a, command: 'true'}\n", encoding="utf-8")
    machine.environment["PATH"] = str(machine.folder)
    with model_server() as server:
        only(machine.examine(server.url), "git", says="Install git")


def test_git_does_not_know_who_commits(machine: Machine) -> None:
    subprocess.run(["git", "config", "--unset", "user.email"], check=True)
    machine.environment |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    with model_server() as server:
        only(machine.examine(server.url), "git_identity", says="user.email")


def test_a_file_is_where_the_home_should_be(machine: Machine) -> None:
    machine.home.write_text("in the way", encoding="utf-8")
    with model_server() as server:
        only(machine.examine(server.url), "home", says="--home")


def mounted(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")


def test_the_home_is_read_only(machine: Machine) -> None:
    machine.home.mkdir()
    mounted("-t", "tmpfs", "-o", "size=300m,ro", "none", str(machine.home))
    try:
        with model_server() as server:
            only(machine.examine(server.url), "home", says="Read-only")
    finally:
        subprocess.run(["umount", str(machine.home)], check=True)


@pytest.mark.parametrize("filled", [False, True])
def test_the_disk_is_full(machine: Machine, filled: bool) -> None:
    machine.home.mkdir()
    mounted("-t", "tmpfs", "-o", "size=1m", "none", str(machine.home))
    try:
        if filled:
            with pytest.raises(OSError, match="No space"), (machine.home / "filler").open("wb") as filler:
                filler.write(bytes(2_000_000))
        with model_server() as server:
            only(machine.examine(server.url), "disk", says="Free at least 200 MB")
    finally:
        subprocess.run(["umount", str(machine.home)], check=True)


def test_there_is_less_room_than_a_run_wants(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a full disk, where nothing can be mounted."""
    monkeypatch.setattr(home, "LEAST_FREE_BYTES", 10**18)
    with model_server() as server:
        only(machine.examine(server.url), "disk", says="Free at least")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tasks: [{id: a, comand: [x]}]\n", "comand"),
        ("", "empty"),
        ("tasks: [{id: a, command: [x], needs: [b]}]", "'b'"),
    ],
)
def test_the_roadmap_is_broken(machine: Machine, text: str, says: str) -> None:
    machine.roadmap.write_text(text, encoding="utf-8")
    with model_server() as server:
        only(machine.examine(server.url), "roadmap", says=says)


def test_a_program_that_the_roadmap_needs_is_missing(machine: Machine) -> None:
    machine.roadmap.write_text("tasks: [{id: a, command: [no-such-program, '{id}']}]", encoding="utf-8")
    with model_server() as server:
        only(machine.examine(server.url), "program", says="no-such-program")


def test_a_variable_that_the_roadmap_needs_is_missing(machine: Machine) -> None:
    with model_server() as server:
        headers = "{Authorization: 'Bearer ${NOT_THERE}'}"
        text = f"tasks: [{{id: a, url: '{server.url}/v1/models', headers: {headers}}}]"
        machine.roadmap.write_text(text, encoding="utf-8")
        only(machine.examine(server.url), "variable", "auth", "NOT_THERE")


def test_the_health_check_and_the_servers_of_the_roadmap_are_tried(machine: Machine) -> None:
    with model_server() as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{closed.getsockname()[1]}"
        machine.roadmap.write_text(f"health: {{http: '{gone}/health'}}\n{ROADMAP}", encoding="utf-8")
        only(machine.examine(server.url), "health", "connection_refused")
        machine.roadmap.write_text(f"limits: {{server: '{gone}'}}\n{ROADMAP}", encoding="utf-8")
        only(machine.examine(server.url), "server", "connection_refused")
