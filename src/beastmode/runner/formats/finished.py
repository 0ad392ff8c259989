"""Whether a text says that what it names is finished: by a mark, a tick or a word."""

# ruff: noqa: RUF001  (marks and words of other scripts are what this file is about)
from __future__ import annotations

import re

from beastmode.runner.formats.lines import GLYPHS_DONE, GLYPHS_NOT_DONE
from beastmode.runner.formats.titles import MARKS, TICKED, leading_mark, plain

_DONE_MARK = re.compile(r"[✅☑✔✓]")
_NOT_DONE = re.compile(
    r"\bin[ -]progress\b|\bpartial(?:ly)?\b|\bincomplete\b|\bnot (?:yet|done|complete|started|"
    r"implemented)|\bto[ -]?do\b|"
    r"\b(?:pending|remaining|wip|ongoing)\b|部分|进行中|未完",
    re.IGNORECASE,
)
_DONE_SHOUT = re.compile(r"\b(?:COMPLETED?|DONE|SHIPPED|FINISHED|RELEASED|IMPLEMENTED)\W*$")
_DONE = (
    r"(?:completed?|done|shipped|finished|released|implemented|已完成|完了|完成|완료|conclu[ií]d[oa]|completad[oa]|"
    r"terminad[oa]|hecho|feit[oa]|terminée?|achevée?|erledigt|fertig|abgeschlossen|готово|завершено|выполнено)"
)
_DONE_ASIDE = re.compile(
    rf"[(\[（]\s*{_DONE}\b[^)\]）]{{0,40}}[)\]）]\W*$|"
    rf"(?:^|[—–:|-]\s*){_DONE}(?:\s*[(,:-]?\s*(?:on |in )?\d[\w ./,-]{{0,30}})?\W*$",
    re.IGNORECASE,
)
_DONE_TAIL = re.compile(
    rf"[\s—–:|-]*(?:[✅☑✔✓]\ufe0f?\s*)*[(\[（]?\s*\b{_DONE}\b(?:\s*[(,:-]?\s*(?:on |in )?\d[\w ./,-]{{0,30}})?"
    r"[)\]）\s*_✅☑✔✓\ufe0f]*$|[\s—–-]*[✅☑✔✓\ufe0f\s]+$",
    re.IGNORECASE,
)
_END_TICK = re.compile(r"\[[xX]\][*_ ]*$")
_DONE_WHOLE = re.compile(
    rf"\W*(?:(?:recently|already|previously) )?{_DONE}"
    r"(?: (?:tasks?|items?|work|features?))?\W*",
    re.IGNORECASE,
)
_DONE_LEADING = re.compile(
    r"\W*(?:(?:completed|shipped|finished|implemented|released|done)\b(?! (?:by|when|criteria|definition))|"
    r"complete\s*[:—–-])",
    re.IGNORECASE,
)
_NAME = r"(?:\*\*[^*]{1,120}\*\*|`[^`]{1,120}`|\[[^\[\]]{1,120}\]\([^()]{0,300}\))"
MARK_BEHIND_NAME = re.compile(rf"{_NAME}[^.{MARKS}]{{0,60}}([{MARKS}])")


def without_done(title: str) -> str:
    """A title without what says at its end that it is done, so that its id stays when that is written there."""
    return _DONE_TAIL.sub("", title).rstrip() or title


def says_done(title: str) -> bool:
    """Whether a heading or a status says that what it names is finished.

    A mark, `[x]`, a closing COMPLETE or (done) and a leading `Shipped in v2` do; `Complete the API` and `in
    progress` do not.
    """
    if TICKED.search(title):
        return True
    if _NOT_DONE.search(title):
        return False
    return bool(_DONE_MARK.search(title) or _DONE_LEADING.match(title)) or says_done_in_words(title)


def says_done_in_words(text: str) -> bool:
    """The same, where a mark alone is not enough: `Status: ✅ Approved` finishes nothing."""
    if _NOT_DONE.search(text):
        return False
    bare = plain(text)
    return bool(_DONE_SHOUT.search(bare) or _DONE_ASIDE.search(bare) or _DONE_WHOLE.fullmatch(bare))


def marks_done(body: str) -> bool | None:
    """What an item's own mark says: in front (`✅ text`), behind its name (`**Name** ✅ text`) or at its end.

    None where nothing says anything. `(done)` and `DONE` at the end count too, and so does a tick behind a mark that
    says nothing (`🚀 launch ✅`), and a box at the end (`launch [x]`).
    """
    behind = MARK_BEHIND_NAME.match(body)
    last = body.rstrip("\ufe0f")[-1:]
    if _END_TICK.search(body):
        return True
    for mark in (leading_mark(body), behind[1] if behind else "", last if _DONE_MARK.match(last) else ""):
        if mark and mark in GLYPHS_NOT_DONE + GLYPHS_DONE:
            return mark in GLYPHS_DONE
    return True if says_done_in_words(body) else None
