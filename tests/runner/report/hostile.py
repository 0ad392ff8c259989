"""Reports of runs whose every text is foreign: harmless words, or attacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from beastmode.runner.home import log_path, run_folder
from beastmode.runner.printable import printable
from beastmode.runner.report.content import report_of
from beastmode.runner.summary import summarise
from beastmode.settings import Rate
from tests.runner.story import Story

ATTACKS = [
    "<script>alert(1)</script>",
    "</title></style></script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)' x='",
    "javascript:alert(1)",
    "<!-- --><svg/onload=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "]]><![CDATA[<b>",
    "{{7*7}} ${7*7} <%= 7 %>",
    "[click](javascript:alert(1)) ![x](http://192.0.2.1/x.png)",
    "**bold** _it_ `code` ~~x~~ <http://192.0.2.1> | cell | # head",
    "# heading",
    "1. a list",
    "- a list",
    "    code",
    "```\ncode\n```",
    "a\n\n# heading\n\n| a | b |\n| --- | --- |\n<div>",
    "\u202egnp.exe\u2066 \x1b[31m\x1b[2J\x07\x00",
    "x" * 5000,
]


def told(word: str, journal: Path) -> dict[str, Any]:
    """The content of a report in which `word` stands wherever a text of others can stand, made printable."""
    story = Story(title=word, roadmap=f"/lists/{word}.yaml", format=word, rule=word)
    story.session(2, Rate(8, 1.0)).plan("ok", word, "waiting", "blocked", **facts(word))
    fault = {"class": "exit_code", "cause": word, "tip": word}
    story.attempt(word, 1, 2, end="retry", failure=fault).attempt(word, 3, 4, 2, end="failed", failure=fault)
    story.add("attempt_started", "ok", 1, {"waited_s": {word: 0.5}}).stop("ok", at=5.0, left=4.1)
    story.attempt("waiting", 5, 6, end="waiting", failure=fault | {"class": word})
    log = log_path(run_folder(journal.parent, 1), word, 2)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch()
    story.end("failed", 1, at=7.0, blocked={"blocked": word}, reason=word)
    progress = story.told()
    report = report_of(progress, summarise(progress, word), journal)
    plain: dict[str, Any] = printable(report.as_json())
    return plain


def facts(word: str) -> dict[str, dict[str, Any]]:
    all_ = {"title": f"{word} ", "phases": [word, word], "category": word, "kind": word}
    return dict.fromkeys(("ok", word, "waiting", "blocked"), all_)
