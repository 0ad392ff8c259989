"""How agents are started: pointed at a gateway by variables and settings, never asking back, with few retries."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from beastmode.runner.agents.find import KNOWN, agent_of
from beastmode.runner.agents.protocol import Launch
from beastmode.runner.code.coding import AGENTS
from beastmode.runner.model_access import Access
from beastmode.runner.work import Coding
from tests.runner.agents.asks import BEHIND, HOME, PASSING, URL, ask

MESSAGES_ONLY = Access(URL, "key-of-the-gateway", ("messages",))
every_agent = pytest.mark.parametrize("name", KNOWN)


def everything_in(launch: Launch) -> str:
    """All that is told to an agent."""
    return "\n".join((*launch.arguments, *launch.env.values(), *launch.files.values()))


def test_every_agent_that_can_be_named_is_known() -> None:
    assert tuple(KNOWN) == AGENTS


@every_agent
def test_behind_a_gateway_all_that_an_agent_asks_goes_there_with_its_key(name: str) -> None:
    told = everything_in(KNOWN[name].launch(ask()))
    assert URL in told
    assert "key-of-the-gateway" in told


@every_agent
def test_neither_prompt_nor_key_stands_in_the_list_of_processes(name: str) -> None:
    arguments = " ".join(KNOWN[name].launch(ask()).arguments)
    assert "key-of-the-gateway" not in arguments
    assert name == "mini" or "Do it." not in arguments


@every_agent
def test_without_a_gateway_an_agent_is_left_to_its_own_login(name: str) -> None:
    launch = KNOWN[name].launch(ask(access=Access(), model=""))
    told = everything_in(launch)
    assert "http" not in told
    assert not any(str(HOME) in value for value in launch.env.values()), "its login lies in its own home"


@every_agent
def test_a_login_that_passes_through_stays_where_it_is(name: str) -> None:
    launch = KNOWN[name].launch(ask(access=PASSING))
    assert URL in everything_in(launch)
    assert not any(str(HOME) in value for value in launch.env.values())


@every_agent
def test_the_same_attempt_is_started_in_the_same_way_in_every_run(name: str) -> None:
    assert KNOWN[name].launch(ask()) == KNOWN[name].launch(ask())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("claude", ("--permission-mode", "bypassPermissions")),
        ("codex", ("--dangerously-bypass-approvals-and-sandbox",)),
        ("gemini", ("--approval-mode", "yolo")),
        ("aider", ("--test-cmd", "make test", "--auto-test")),
        ("mini", ("-y", "--exit-immediately")),
    ],
)
def test_all_permissions_are_said_in_the_words_of_the_agent(name: str, words: tuple[str, ...]) -> None:
    arguments = KNOWN[name].launch(ask(permissions="all", allowed=("make test",))).arguments
    assert " ".join(words) in " ".join(arguments)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("claude", "--permission-mode acceptEdits --allowedTools Bash(make test) Bash(make test:*)"),
        ("codex", "-s workspace-write"),
        ("gemini", f"--approval-mode auto_edit --policy {HOME}/allowed.toml"),
        ("aider", "--no-suggest-shell-commands"),
    ],
)
def test_edits_alone_let_an_agent_run_its_proof(name: str, words: str) -> None:
    arguments = KNOWN[name].launch(ask(allowed=("make test",))).arguments
    assert words in " ".join(arguments)
    assert "--test-cmd" not in arguments


def test_as_root_claude_is_told_that_it_is_contained_only_where_all_is_allowed() -> None:
    claude = KNOWN["claude"]
    assert claude.launch(ask(permissions="all", root=True)).env["IS_SANDBOX"] == "1"
    assert "IS_SANDBOX" not in claude.launch(ask(permissions="all")).env
    assert "IS_SANDBOX" not in claude.launch(ask(root=True)).env


def test_settings_of_a_person_do_not_lead_claude_past_the_gateway() -> None:
    launch = KNOWN["claude"].launch(ask(access=PASSING))
    (settings,) = launch.files.values()
    assert json.loads(settings)["env"]["ANTHROPIC_BASE_URL"] == URL
    assert str(*launch.files) in launch.arguments


def test_claude_names_a_session_only_in_a_home_of_its_own() -> None:
    """In the home of a person a second run would meet the session of the first, and be refused."""
    assert "--session-id s-1" in " ".join(KNOWN["claude"].launch(ask()).arguments)
    assert "--session-id" not in KNOWN["claude"].launch(ask(access=PASSING)).arguments


def test_codex_gets_a_provider_that_it_asks_in_plain_http_and_seldom_twice() -> None:
    launch = KNOWN["codex"].launch(ask())
    config = tomllib.loads(launch.files[HOME / "config.toml"])
    provider = config["model_providers"][config["model_provider"]]
    assert (provider["base_url"], provider["wire_api"]) == (f"{URL}/v1", "responses")
    assert launch.env[provider["env_key"]] == "key-of-the-gateway"
    assert (provider["request_max_retries"], config["approval_policy"]) == (0, "never")
    assert launch.env["CODEX_HOME"] == str(HOME)


def test_codex_with_its_own_login_is_told_by_arguments() -> None:
    launch = KNOWN["codex"].launch(ask(access=PASSING))
    settings = [word for word in launch.arguments if " = " in word]
    provider = tomllib.loads("\n".join(settings))["model_providers"]["beast"]
    assert provider["requires_openai_auth"] is True
    assert not launch.files


def test_gemini_is_told_that_its_key_is_one() -> None:
    launch = KNOWN["gemini"].launch(ask(allowed=('make "all"',)))
    settings = json.loads(launch.files[HOME / ".gemini" / "settings.json"])
    assert settings["security"]["auth"]["selectedType"] == "gemini-api-key"
    (rule,) = tomllib.loads(launch.files[HOME / "allowed.toml"])["rule"]
    assert (rule["commandPrefix"], rule["decision"]) == ('make "all"', "allow")


def test_opencode_is_never_left_to_ask() -> None:
    told = json.loads(KNOWN["opencode"].launch(ask(allowed=("make test",))).env["OPENCODE_CONFIG_CONTENT"])
    assert told["permission"]["bash"] == {"*": "deny", "make test": "allow", "make test *": "allow"}
    assert "ask" not in json.dumps(told["permission"])
    assert told["provider"]["beast"]["options"] == {"baseURL": f"{URL}/v1", "apiKey": "key-of-the-gateway"}


@pytest.mark.parametrize(
    ("name", "words"),
    [("aider", "anthropic/m-small"), ("mini", "anthropic/m-small"), ("opencode", "@ai-sdk/anthropic")],
)
def test_who_speaks_several_dialects_takes_the_one_that_is_spoken(name: str, words: str) -> None:
    assert words in everything_in(KNOWN[name].launch(ask(access=MESSAGES_ONLY)))
    assert words not in everything_in(KNOWN[name].launch(ask(access=BEHIND)))


def test_a_model_with_a_slash_keeps_its_whole_name_behind_a_gateway() -> None:
    arguments = KNOWN["mini"].launch(ask(model="anthropic/claude-x")).arguments
    assert "openai/anthropic/claude-x" in arguments
    assert (
        "anthropic/claude-x"
        in KNOWN["mini"].launch(ask(model="anthropic/claude-x", access=Access())).arguments
    )


def test_any_command_gets_its_prompt_within_one_argument() -> None:
    agent = agent_of(Coding(command=("my-agent", "--ask={prompt}", "--file", "{prompt_file}", "{model}")))
    launch = agent.launch(ask(prompt="Do $(this) {model}."))
    assert launch.arguments == (
        *("my-agent", "--ask=Do $(this) {model}.", "--file", str(HOME / "prompt.md"), "m-small"),
    )
    assert launch.env["OPENAI_BASE_URL"] == f"{URL}/v1"
    assert launch.env["ANTHROPIC_BASE_URL"] == URL


def test_what_is_written_for_an_agent_lies_in_its_home() -> None:
    for agent in KNOWN.values():
        launch = agent.launch(ask(allowed=("make",)))
        assert all(path.is_relative_to(HOME) for path in (*launch.files, launch.answer or HOME))
        assert launch.stdin in (None, Path(HOME / "prompt.md"))
