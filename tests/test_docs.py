"""The docs are whole: every setting, flag, state, event, class and exit code stands there, and README blocks run."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from asyncio.subprocess import PIPE
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.main import get_command

from beastmode import errors, events
from beastmode.cli import answer as answer_command
from beastmode.cli import approve as approve_command
from beastmode.cli import cache as cache_command
from beastmode.cli import clean as clean_command
from beastmode.cli import diff as diff_command
from beastmode.cli import doctor as doctor_command
from beastmode.cli import explain as explain_command
from beastmode.cli import keys as keys_command
from beastmode.cli import limits as limits_command
from beastmode.cli import merge as merge_command
from beastmode.cli import pause as pause_command
from beastmode.cli import replay as replay_command
from beastmode.cli import request_in_full
from beastmode.cli import requests as requests_command
from beastmode.cli import review as review_command
from beastmode.cli import run as run_command
from beastmode.cli import serve as serve_command
from beastmode.cli.app import COMMANDS
from beastmode.cli.asking import as_object as asked_as_object
from beastmode.cli.requests import as_object
from beastmode.compose.opening.agents import as_object as agents_as_object
from beastmode.compose.run.asking import Asked, When
from beastmode.doctor.findings import CHECKS
from beastmode.failures.tips import TIPS
from beastmode.gateway.doors.keys import Needed
from beastmode.runner.agents.find import KNOWN, Seen
from beastmode.runner.agents.protocol import Login
from beastmode.runner.control import ACTIONS
from beastmode.runner.states import AttemptEnd, TaskState
from beastmode.settings import RunSettings
from beastmode.store.entries.reader import Figures
from beastmode.store.keys.key import RIGHTS
from beastmode.store.ledger.entry import OUTCOMES, Entry
from beastmode.telemetry.genai import attributes
from beastmode.telemetry.logs import EVENTS
from beastmode.testing.chaos import FAULTS
from beastmode.testing.model_server import ModelServer

ROOT = Path(__file__).parent.parent
DOCS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}


def missing(names: list[str], page: str) -> list[str]:
    return [name for name in names if f"`{name}`" not in DOCS[page]]


def test_every_setting_and_flag_is_documented() -> None:
    assert not missing([setting.name for setting in fields(RunSettings)], "settings.md")
    flags = [
        flag
        for option in get_command(run_command.app).params
        for flag in option.opts
        if flag.startswith("--")
    ]
    assert not missing(flags, "settings.md")


@pytest.mark.parametrize(
    ("app", "page"),
    [
        (clean_command.app, "worktrees.md"),
        (doctor_command.app, "doctor.md"),
        (explain_command.app, "explain.md"),
        (replay_command.app, "requests.md"),
        (requests_command.app, "requests.md"),
        (serve_command.app, "gateway.md"),
        (keys_command.app, "keys.md"),
        (review_command.app, "merging.md"),
        (diff_command.app, "merging.md"),
        (merge_command.app, "merging.md"),
        (limits_command.app, "control.md"),
        *((command.app, "control.md") for command in (approve_command, answer_command, pause_command)),
    ],
)
def test_every_flag_of_a_command_is_on_its_page(app: Any, page: str) -> None:
    command = get_command(app)
    commands = [command, *getattr(command, "commands", {}).values()]
    options = [option for one in commands for option in one.params]
    flags = [flag for option in options for flag in option.opts if flag.startswith("--")]
    assert not [flag for flag in flags if flag not in DOCS[page]]


def test_the_table_of_the_gateways_settings_is_current() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "settings_docs.py"), "--check"]
    assert subprocess.run(command, timeout=60).returncode == 0


def test_every_flag_and_field_of_the_cache_is_on_its_page() -> None:
    commands = get_command(cache_command.app).commands  # type: ignore[attr-defined]
    assert not missing([f"beast cache {name}" for name in commands], "cache.md")
    flags = {flag for command in commands.values() for option in command.params for flag in option.opts}
    assert not missing(sorted(flag for flag in flags if flag.startswith("--")), "cache.md")
    nothing = cache_command.as_object(Figures(0.0, (), None, None, {}, 0, 0, 0))
    assert not missing([*nothing, *nothing["tiers"], *nothing["tiers"]["l1"]], "cache.md")


def test_every_command_and_right_of_keys_is_documented() -> None:
    commands: dict[str, Any] = vars(get_command(keys_command.app))["commands"]
    assert not [name for name in commands if f"beast keys {name}" not in DOCS["keys.md"]]
    assert not missing([*RIGHTS, *get_args(Needed)], "keys.md")


def test_every_check_of_the_doctor_is_documented() -> None:
    assert not missing(list(CHECKS), "doctor.md")


def test_every_agent_and_field_of_it_is_documented() -> None:
    seen = Seen(KNOWN["claude"], None, "", Login())
    assert not missing([*KNOWN, *agents_as_object(seen)], "agents.md")


def test_every_outcome_and_field_of_a_request_is_documented() -> None:
    nothing = Entry(received_unix=0.0)
    whole = request_in_full.as_object(nothing, as_object(nothing), bodies=True)
    assert not missing([*OUTCOMES, *whole], "requests.md")


def test_every_log_line_and_attribute_of_a_span_is_documented() -> None:
    whole = Entry(received_unix=0.0, dialect="openai.chat", upstream="http://h", model="m", stream=True)
    for name in ("class_", "outcome", "cache", "key", "run", "task", "method", "path"):
        setattr(whole, name, "x")
    for name in Entry.__struct_fields__:
        if getattr(whole, name) is None:
            setattr(whole, name, 1)
    assert not missing([*EVENTS, *attributes(whole)], "telemetry.md")


def test_every_fault_of_chaos_is_documented() -> None:
    assert not missing(list(FAULTS), "testing.md")


def test_every_state_is_documented() -> None:
    assert not missing([*get_args(TaskState), *get_args(AttemptEnd)], "states.md")


def test_every_action_of_control_and_what_comes_of_it_is_documented() -> None:
    assert not [action for action in ACTIONS if f"`beast {action} " not in DOCS["control.md"]]
    assert not missing(
        [*get_args(When), *asked_as_object(Asked("r1", "", "pause", "now", ""), "")], "control.md"
    )


def test_every_exit_code_is_documented() -> None:
    codes = [value for name, value in vars(errors).items() if name.startswith("EXIT_")]
    assert not [code for code in codes if f"| {code} |" not in DOCS["states.md"]]


def test_every_event_is_documented() -> None:
    kinds = [value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)]
    assert not missing(kinds, "journal.md")


def test_every_failure_class_is_documented_with_its_tip() -> None:
    assert not missing(list(TIPS), "failures.md")


def test_every_command_is_named_in_readme_or_docs() -> None:
    everything = (ROOT / "README.md").read_text(encoding="utf-8") + "".join(DOCS.values())
    assert not [name for name in COMMANDS if f"beast {name}" not in everything]


def test_every_page_is_in_the_index_and_every_link_leads_somewhere() -> None:
    assert not [name for name in DOCS if name != "README.md" and f"({name})" not in DOCS["README.md"]]
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs" / name for name in DOCS)]
    for page in pages:
        for target in re.findall(r"\]\((?!http|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_a_line_of_the_docs_fits_on_a_screen() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs" / name for name in DOCS)]
    lines = [(page.name, line) for page in pages for line in page.read_text(encoding="utf-8").splitlines()]
    assert not [
        at for at in lines if len(at[1]) > 120 and not at[1].startswith("|")
    ]  # a row of a table is one line


def blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_shell_lines_of_the_readme_run(tmp_path: Path) -> None:
    script = next(block for block in blocks("sh") if "beast plan" in block)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "draw-the-picture" in done.stdout


def test_a_newcomer_s_first_five_minutes_with_the_gateway_go_as_the_readme_says(tmp_path: Path) -> None:
    told = next(block for block in blocks("sh") if "beast requests" in block)

    async def story() -> tuple[int | None, str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        here: Any = {"cwd": tmp_path, "env": {**os.environ, "PATH": path, "OPENAI_API_KEY": "sk-own"}}
        async with ModelServer() as server:
            serve = ["beast", "serve", "--upstream", f"{server.url}/v1", "--port", "0"]
            gateway = await asyncio.create_subprocess_exec(*serve, stderr=PIPE, **here)
            try:
                assert gateway.stderr is not None
                url = (await gateway.stderr.readline()).decode().split()[1]
                lines = told.replace("http://127.0.0.1:8080", url)
                shell = await asyncio.create_subprocess_exec("bash", "-ec", lines, stdout=PIPE, **here)
                out, _ = await shell.communicate()
            finally:
                gateway.terminate()
                await gateway.wait()
        return shell.returncode, out.decode()

    code, out = asyncio.run(asyncio.wait_for(story(), 60))
    assert code == 0
    assert "upstream_ok" in out
    assert "beast_" in out.splitlines()[-1]


@pytest.mark.parametrize("block", blocks("python"))
def test_the_python_of_the_readme_runs(block: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
