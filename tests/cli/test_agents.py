"""`beast agents` and `beast doctor --agent`, on a machine whose programs are a few scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.repositories import committed, git, repository

SECRET = "sk-secret-of-a-person"
CHATGPT = {"tokens": {"id_token": SECRET}}


def beast(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "beastmode", *arguments],
        cwd=folder,
        env={"PATH": f"{folder}/bin:{os.defpath}", "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def program(folder: Path, name: str, script: str) -> None:
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    path.chmod(0o755)


def codex_of_chatgpt(folder: Path, sandbox: str = "exit 0") -> None:
    program(folder, "codex", f'[ "$1" = sandbox ] && {{ {sandbox}; }}; echo codex-cli 0.169.0')
    (folder / ".codex").mkdir()
    (folder / ".codex" / "auth.json").write_text(json.dumps(CHATGPT), encoding="ascii")


def test_each_agent_is_listed_with_its_version_and_login(tmp_path: Path) -> None:
    program(tmp_path, "claude", "echo '2.1.197 (Claude Code)'")
    codex_of_chatgpt(tmp_path)
    done = beast(tmp_path, "agents", ANTHROPIC_API_KEY=SECRET)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert rows["claude"].split()[1:4] == ["2.1.197", "key", "yes"]
    assert "subscription" in rows["codex"]
    assert "--gateway none" in rows["codex"]
    assert "npm install -g @google/gemini-cli" in rows["gemini"]
    assert SECRET not in done.stdout


def test_programs_read_the_same_as_json(tmp_path: Path) -> None:
    codex_of_chatgpt(tmp_path)
    done = beast(tmp_path, "agents", "--json")
    agents = {one["agent"]: one for one in json.loads(done.stdout)}
    assert list(agents) == ["claude", "codex", "gemini", "opencode", "aider", "mini"]
    codex = agents["codex"]
    assert (codex["version"], codex["login"], codex["passes_gateway"]) == ("0.169.0", "subscription", False)
    assert codex["login_in"].endswith(".codex/auth.json")
    assert "chatgpt.com" in codex["why"]
    assert (agents["claude"]["program"], agents["claude"]["login"]) == ("", "none")


def test_the_doctor_says_what_an_agent_lacks_and_what_to_do(tmp_path: Path) -> None:
    codex_of_chatgpt(tmp_path, "echo bwrap: no namespaces here; exit 1")
    done = beast(tmp_path, "doctor", "--agent", "codex", "--json")
    assert done.returncode == 2
    findings = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert "cannot pass through the gateway" in findings["login"]["what"]
    assert "--gateway none" in findings["login"]["tip"]
    assert "no namespaces here" in findings["sandbox"]["what"]
    assert "--permissions all" in findings["sandbox"]["tip"]


def test_a_key_for_all_makes_a_login_needless(tmp_path: Path) -> None:
    codex_of_chatgpt(tmp_path)
    given = (
        "--upstream",
        "http://127.0.0.1:9",
        "--upstream-key-env",
        "THE_KEY",
        "--agent",
        "codex",
        "--json",
    )
    seen = json.loads(beast(tmp_path, "doctor", *given, THE_KEY=SECRET).stdout)
    assert "login" not in {one["check"] for one in seen["findings"]}
    assert any("THE_KEY" in one["what"] for one in seen["facts"] if one["check"] == "login")


def test_the_doctor_knows_who_is_not_there(tmp_path: Path) -> None:
    (finding,) = json.loads(beast(tmp_path, "doctor", "--agent", "claude", "--json").stdout)["findings"]
    assert (finding["check"], finding["class"]) == ("agent", "agent_failed")
    assert "npm install -g @anthropic-ai/claude-code" in finding["tip"]
    (finding,) = json.loads(beast(tmp_path, "doctor", "--agent", "no-such {prompt}", "--json").stdout)[
        "findings"
    ]
    assert finding["what"] == "no-such is not on PATH"
    done = beast(tmp_path, "doctor", "--agent", "cloude")
    assert done.returncode == 2
    assert "Did you mean claude?" in done.stderr


def test_a_run_whose_agent_is_not_there_ends_before_anything_begins(tmp_path: Path) -> None:
    shop = committed(repository(tmp_path / "shop"), {"tasks.md": "- [ ] one\n"})
    program(tmp_path, "claude", "exit 0")
    done = beast(
        shop,
        "run",
        "tasks.md",
        "--agent",
        "codex",
        "--check",
        "true",
        "--yes",
        PATH=f"{tmp_path}/bin:{os.defpath}",
    )
    assert done.returncode == 2, done.stderr
    assert "the agent 'codex' is not on PATH" in done.stderr
    assert "There is: claude." in done.stderr
    assert git(shop, "for-each-ref", "refs/heads") == git(shop, "for-each-ref", "refs/heads/main")
