"""Canary secrets, put in wherever secrets come from, never come out: not in output, report, journal or log of ours."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from beastmode.testing.model_server import ModelServer, Script
from beastmode.testing.threads import in_thread

CANARIES = {
    "HEADER": "canary header 7f3a",  # a form that no pattern knows
    "BEARER": "sk-canary-9b1e5d7c2a4f6e8d",
    "USER": "canaryuser41",
    "PASSWORD": "canary/pass 53",
    "QUERY": "canaryquery77",
    "LITERAL": "canary-literal-88",
}


def spoiled(where: Path, *outputs: str) -> list[str]:
    """Every place below a folder, and every output, in which a canary is, in any form."""
    texts = {f"output {number}": text.encode() for number, text in enumerate(outputs)}
    texts |= {str(path): path.read_bytes() for path in where.rglob("*") if path.is_file()}
    forms = {
        form.encode(): name
        for name, value in CANARIES.items()
        for form in (value, quote(value, safe=""), base64.b64encode(value.encode()).decode().rstrip("="))
    }
    return [
        f"{name} in {place}" for place, text in texts.items() for form, name in forms.items() if form in text
    ]


def beast(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = {
        "MY_CANARY": CANARIES["HEADER"],
        "CANARY_API_KEY": CANARIES["BEARER"],
        "OTHER_PASSWORD": CANARIES["PASSWORD"],
    }
    return subprocess.run(
        [sys.executable, "-m", "beastmode", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        input=given,
        capture_output=True,
        text=True,
        timeout=90,
    )


@pytest.fixture
def echoing() -> Iterator[ModelServer]:
    """Refuses every key, and says back what it was sent."""
    with in_thread(ModelServer(Script(keys=frozenset({"another"}), echo=True))) as server:
        yield server


def address(server: ModelServer, path: str) -> str:
    """An URL with a user, a password and a key in it."""
    user = f"{CANARIES['USER']}:{quote(CANARIES['PASSWORD'], safe='')}"
    return f"{server.url.replace('://', f'://{user}@')}{path}?api_key={CANARIES['QUERY']}"


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x" + quote(CANARIES["PASSWORD"], safe=""), encoding="utf-8")
    assert spoiled(tmp_path, CANARIES["QUERY"]) == ["QUERY in output 0", f"PASSWORD in {tmp_path / 'file'}"]


def test_run_shows_no_secret_that_a_server_says_back(tmp_path: Path, echoing: ModelServer) -> None:
    headers = {"Authorization": "Bearer ${CANARY_API_KEY}", "x-api-key": "${MY_CANARY}"}
    headers_only = {"x-api-key": "${MY_CANARY}"}
    literal = {"x-api-key": CANARIES["LITERAL"]}
    models = f"{echoing.url}/v1/models"
    tasks: list[dict[str, object]] = [
        {"id": "bearer", "url": models, "headers": headers},
        {"id": "header", "url": models, "headers": headers_only},
        {"id": "literal", "url": models, "headers": literal},
        {"id": "url", "url": address(echoing, "/v1/models")},
        {"id": "elsewhere", "url": address(echoing, "/gone").replace("127.0.0.1", "no-such-host.invalid")},
        {"id": "command", "command": 'echo "no $CANARY_API_KEY, no $OTHER_PASSWORD" >&2; exit 3'},
        {"id": "good", "command": "true", "verify": 'echo "key: $CANARY_API_KEY"; false'},
        {"id": "python", "call": "broken:fails"},
    ]
    source = tmp_path / "source"
    source.mkdir()
    broken = "import os\n\n\ndef fails():\n    raise ValueError('bad key ' + os.environ['CANARY_API_KEY'])\n"
    (source / "broken.py").write_text(broken, encoding="utf-8")
    file = source / "roadmap.yaml"
    written = json.dumps({"limits": {"rate": "none"}, "tasks": [{"retries": 0, **task} for task in tasks]})
    file.write_text(written, encoding="utf-8")
    home, report = tmp_path / "seen" / "home", tmp_path / "seen" / "report"
    arguments = ("--home", str(home), "--report", str(report), "--max-concurrency", "none")
    ended = beast(tmp_path, "run", str(file), *arguments, "--json")
    assert json.loads(ended.stdout)["tasks"]["failed"] == len(tasks), ended.stderr
    shown = [beast(tmp_path, command, "--home", str(home)).stdout for command in ("status", "runs", "report")]
    own = {"command.1.log", "good.1.verify.log", "python.1.log"}
    for path in home.rglob("*.log"):
        if path.name in own:  # what a command prints is its own, see docs/kinds.md
            path.unlink()
    assert (home / "journal.db").exists()
    assert list(home.rglob("bearer.1.log"))
    assert any(report.iterdir())
    assert spoiled(tmp_path / "seen", ended.stdout, ended.stderr, *shown) == []
    assert {asked.credential for asked in echoing.asked} >= {CANARIES["BEARER"]}, "the server saw it"


def test_doctor_shows_no_secret(tmp_path: Path, echoing: ModelServer) -> None:
    outputs = []
    for arguments in ((), ("--json",)):
        given = (
            "--upstream",
            address(echoing, "/v1"),
            "--upstream-key-env",
            "CANARY_API_KEY",
            "--model",
            "m",
        )
        ended = beast(tmp_path, "doctor", *given, *arguments)
        assert ended.returncode == 2, ended.stderr
        assert "CANARY_API_KEY" in ended.stdout or "key" in ended.stdout
        outputs += [ended.stdout, ended.stderr]
    wrong = beast(tmp_path, "doctor", "--upstream", f"ftp://{CANARIES['USER']}:{CANARIES['QUERY']}@h")
    assert spoiled(tmp_path, *outputs, wrong.stdout, wrong.stderr) == []
    assert any(asked.credential == CANARIES["BEARER"] for asked in echoing.asked)


def test_explain_shows_no_secret_of_a_traceback_an_answer_or_a_case(tmp_path: Path) -> None:
    password = quote(CANARIES["PASSWORD"], safe="")
    url = f"https://{CANARIES['USER']}:{password}@api.example.com/v1?api_key={CANARIES['QUERY']}"
    pasted = [
        f"Traceback (most recent call last):\n  File 'a.py'\nhttpx.ConnectError: cannot connect to {url}",
        f"POST {url}\nHTTP/1.1 401 Unauthorized\nset-cookie: s={CANARIES['LITERAL']}\n\n"
        f'{{"error": {{"message": "Incorrect API key provided: {CANARIES["BEARER"]}"}}}}',
        f"Authorization: Bearer {CANARIES['BEARER']}\nx-api-key: {CANARIES['LITERAL']}\nValueError: no",
        f"KeyError: environ({{'CANARY_API_KEY': '{CANARIES['BEARER']}', 'X': '1'}})",
        f"RuntimeError: {'x' * 440} is not allowed to use {CANARIES['BEARER']} for this",
    ]
    outputs = []
    for text in pasted:
        for arguments in ((), ("--json",)):
            ended = beast(tmp_path, "explain", *arguments, given=text)
            assert ended.returncode == 0, ended.stderr
            outputs += [ended.stdout, ended.stderr]
    case = {
        "status": 401,
        "headers": {"x-api-key": CANARIES["LITERAL"]},
        "body": CANARIES["LITERAL"],
        "url": url,
    }
    ended = beast(
        tmp_path, "explain", "--json", "--jsonl", given=f"{json.dumps(case)}\n{{{CANARIES['BEARER']}\n"
    )
    assert ended.returncode == 2
    assert spoiled(tmp_path, *outputs, ended.stdout, ended.stderr) == []


def test_a_gateway_keeps_and_tells_no_secret_of_its_clients_or_its_own(
    tmp_path: Path, echoing: ModelServer
) -> None:
    """Its server says every credential back; a client puts some where none belong."""
    home, seen = tmp_path / "seen", []
    flags = ("--log-format", "json", "--log-level", "debug", "--record", "all", "--rate", "none")
    for key_flags in ((), ("--upstream-key-env", "CANARY_API_KEY")):
        command = [sys.executable, "-m", "beastmode", "serve", "--upstream", echoing.url, "--port", "0"]
        gateway = subprocess.Popen(
            [*command, *flags, *key_flags, "--home", str(home)],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "CANARY_API_KEY": CANARIES["BEARER"]},
        )
        assert gateway.stderr
        url = json.loads(gateway.stderr.readline())["url"]
        for header in ("x-api-key", "Authorization"):
            ask_with_canaries(f"{url}/t/{CANARIES['LITERAL']}/v1/messages?key={CANARIES['QUERY']}", header)
        gateway.terminate()
        seen.append(gateway.communicate(timeout=60)[1])
    listed = beast(tmp_path, "requests", "--json", "--home", str(home))
    ids = [json.loads(line)["id"] for line in listed.stdout.splitlines()]
    assert len(ids) == 4
    shown = [beast(tmp_path, "requests", one, "--bodies", "--home", str(home)).stdout for one in ids]
    assert all("my key is ***" in one for one in shown)
    assert {asked.credential for asked in echoing.asked} == {CANARIES["HEADER"], CANARIES["BEARER"]}
    assert spoiled(home, listed.stdout, *shown, *seen) == []


def ask_with_canaries(url: str, header: str) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": f"my key is {CANARIES['HEADER']}"}]}
    value = f"Bearer {CANARIES['HEADER']}" if header == "Authorization" else CANARIES["HEADER"]
    request = urllib.request.Request(url, json.dumps(body).encode(), {header: value})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    refused.value.read()
