"""The tables are sound: every row has a source, knows its words, and the page made from them is current."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from typer.main import get_command

from beastmode.cli import doctor as doctor_command
from beastmode.cli import run as run_command
from beastmode.cli import serve as serve_command
from beastmode.failures.rules import LATER, RULES, USUAL, Rule
from beastmode.failures.special_tips import ADVICE, Advice, needs
from beastmode.failures.tips import TIPS, UNKNOWN
from beastmode.failures.traits import TRAITS
from tests.failures.cases import CORPUS, ROOT, cases

EVERY = (*RULES, *LATER)
every_rule = pytest.mark.parametrize("rule", EVERY, ids=lambda rule: f"{rule.class_}: {rule.source[:40]}")
every_advice = pytest.mark.parametrize(
    "advice", ADVICE, ids=lambda one: f"{one.class_}-{one.provider}-{one.case}"
)
ENDINGS = re.compile(r"[.?!](?:\s|$)")


OF_SERVERS = {
    "--chat-template",
    "--context-length",
    "--enable-auto-tool-choice",
    "--gpu-memory-utilization",
    "--max-model-len",
    "--mmproj",
    "--served-model-name",
    "--tool-call-parser",
}
"""Flags of the model servers that tips speak of; all others must be ours."""


def test_no_tip_names_a_flag_that_is_not_there() -> None:
    commands = (get_command(app) for app in (run_command.app, serve_command.app, doctor_command.app))
    ours = {flag for command in commands for option in command.params for flag in option.opts}
    sources = (ROOT / "src" / "beastmode" / "failures").rglob("*.py")
    named = {
        flag for path in sources for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]+", path.read_text("utf-8"))
    }
    assert "--rate" in named
    assert not named - ours - OF_SERVERS


def test_every_class_has_a_meaning_and_a_tip() -> None:
    assert set(TIPS) == set(USUAL)


@every_rule
def test_a_rule_names_its_source_and_asks_for_what_exists(rule: Rule) -> None:
    assert len(rule.source) > 2
    assert rule.class_ in USUAL
    assert rule.traits | rule.unless <= set(TRAITS)
    assert all(phrase == phrase.strip().lower() for phrase in (*rule.says, *rule.also))


@every_rule
def test_no_rule_decides_on_the_word_retry(rule: Rule) -> None:
    assert not [phrase for phrase in (*rule.says, *rule.also) if "retry" in phrase or "try again" in phrase]


@every_rule
def test_a_special_tip_of_a_rule_exists(rule: Rule) -> None:
    assert not rule.tip or any(one.case == rule.tip and one.class_ == rule.class_ for one in ADVICE)


def test_a_rule_that_fits_everything_comes_last() -> None:
    open_ended = [
        rule for rule in EVERY if not any((rule.statuses, rule.codes, rule.kinds, rule.says, rule.traits))
    ]
    assert open_ended == [EVERY[-1]]


@pytest.mark.skipif(not CORPUS.exists(), reason="shared/corpora is not beside this checkout")
def test_every_case_that_a_rule_names_exists() -> None:
    known = {case["id"] for case in cases()}
    providers = {one.split("-")[0] for one in known}
    named = {
        word.rstrip(":,)").lstrip("(")
        for rule in EVERY
        for word in rule.source.split()
        if word.split("-")[0] in providers and word.count("-") > 1
    }
    assert not named - known - {"groq-429-used0"}


@every_advice
def test_a_tip_is_plain_and_short(advice: Advice) -> None:
    for wording in advice.wordings:
        plain = re.sub(r"`[^`]*`|\{\w+\}|\w+\.\w+[\w./]*", "x", wording)
        assert len(ENDINGS.findall(plain)) <= 2, wording
        assert wording[0].isupper(), wording
        assert wording.endswith("."), wording


@every_advice
def test_a_tip_asks_only_for_facts_that_there_are(advice: Advice) -> None:
    facts = set(UNKNOWN) | {"at", "model", "nearest", "models", "requested", "used", "limit_plain", "param"}
    facts |= {"status", "place", "pace", "pace_of", "public"}
    facts |= {"key", "keys", "billing", "hosted"}
    assert all(needs(wording) <= facts for wording in advice.wordings)


def test_the_plain_tip_of_a_class_can_always_be_given() -> None:
    assert all(needs(tip) <= set(UNKNOWN) for tip in TIPS.values())


def test_the_page_is_current() -> None:
    script = ROOT / "scripts" / "failures_docs.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
