"""Reading: an answer of a model becomes edits, or a word on why it cannot be read. Pure, and never raises.

Whatever is left over that looks like a part of an edit is a problem: half an answer is not applied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from beastmode.runner.generating.edits import Delete, Edit, Rename, Replace, Write
from beastmode.runner.generating.naming import (
    path_alone,
    path_in_comment,
    path_mentioned,
    path_of_info,
    paths_of_order,
    word_alone,
)
from beastmode.runner.generating.notation import DIVIDER, FENCE, REPLACE, SEARCH, USUAL_FENCE, USUAL_MARK

_THOUGHT = re.compile(r"\A\s*<(think|thinking|reasoning|thought)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_THOUGHT_ENDS = re.compile(
    r"^[ \t]*</(?:think|thinking|reasoning|thought)>[ \t]*$", re.MULTILINE | re.IGNORECASE
)
_BEGINS = re.compile(r"^[ \t]*(?:`{3,}|~{3,}|<{5,} ?SEARCH)", re.MULTILINE)
_PROSE = (".md", ".markdown", ".mdx", ".rst", ".txt", ".adoc")
_DIFFS = ("diff", "patch", "udiff")


@dataclass(slots=True)
class Read:
    """What an answer holds.   wanted: files that the model wants to see first.   problems: what cannot be read; then
    none of the edits may be applied."""

    edits: list[Edit] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read(answer: str) -> Read:
    """The edits of an answer, in their order."""
    plain = answer.removeprefix("\ufeff").replace("\r\n", "\n")
    reader = _Reader(_without_thoughts(plain).split("\n"))
    reader.run()
    return reader.found


def _without_thoughts(answer: str) -> str:
    """What a model thinks aloud before its answer is none; some servers send only the end of that."""
    answer = _THOUGHT.sub("", answer, count=1)
    ends, begins = _THOUGHT_ENDS.search(answer), _BEGINS.search(answer)
    return answer[ends.end() :] if ends and (not begins or ends.start() < begins.start()) else answer


class _Reader:
    """Goes through the lines once.

    alone, mentioned: the path that the last line outside of fences consisted of, or named.   word: the single word that
    it was, a path or not.   last: of the last edit.
    text: the last whole file, where that is a text for people, which may hold fences.   unnamed: a fence had no path.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self.found = Read()
        self._lines, self._at = lines, 0
        self._alone = self._mentioned = self._word = self._last = self._text = ""
        self._unnamed = False

    def run(self) -> None:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if SEARCH.match(line):
                self._block(self._alone or self._mentioned or self._word or self._last, "")
                self._alone = self._mentioned = self._word = ""
            elif fence := FENCE.match(line):
                self._fence(*fence.groups())
                self._alone = self._mentioned = self._word = ""
            else:
                self._outside(line)
                self._at += 1
        found = self.found
        if self._unnamed and not (found.edits or found.wanted or found.problems):
            self._problem("there is code, but no line before it that is nothing but the path of a file")

    def _outside(self, line: str) -> None:
        if REPLACE.match(line):
            self._problem("there is a REPLACE marker without its SEARCH marker")
        elif line.strip() and not self._order(line):
            self._alone, self._mentioned, self._word = (
                path_alone(line),
                path_mentioned(line),
                word_alone(line),
            )

    def _order(self, line: str) -> bool:
        """Is it DELETE, RENAME or READ? Then it is done."""
        order = paths_of_order(line)
        if order is None:
            return False
        verb, paths = order
        if len(paths) != (2 if verb == "RENAME" else 1) or not all(paths):
            shape = f"{verb}: path -> path" if verb == "RENAME" else f"{verb}: path"
            self._problem(f"{line.strip()[:200]!r} is not of the form `{shape}`")
        elif verb == "RENAME":
            self.found.edits.append(Rename(*paths))
        elif verb == "DELETE":
            self.found.edits.append(Delete(*paths))
        else:
            self.found.wanted.append(*paths)
        return True

    def _fence(self, indent: str, ticks: str, info: str) -> None:
        """A fence with blocks in it, a whole file, or something that is only shown."""
        self._at += 1
        alone = path_of_info(info) or self._alone
        if self._holds_blocks(indent, ticks):
            self._blocks(alone or self._mentioned or self._word, indent, ticks)
            return
        body = self._body(indent, ticks)
        if alone and info.strip().lower() in _DIFFS and not alone.endswith(_DIFFS):
            self._problem(f"{alone}: a diff is not understood; write SEARCH and REPLACE blocks")
        elif body is None:
            self._problem(
                f"the block of {alone or 'code'} has no end: the answer stops in the middle of it, or it holds "
                "fences that do not end"
            )
        else:
            self._whole(alone, body, ticks)

    def _holds_blocks(self, indent: str, ticks: str) -> bool:
        """Long fences say that what is in them may look like blocks; there only the beginning counts."""
        for at in range(self._at, len(self._lines)):
            plain = _dedented(self._lines[at], indent)
            if SEARCH.match(plain):
                return True
            if _closes(plain, ticks) or (len(ticks) > USUAL_FENCE and plain.strip()):
                return False
        return False

    def _blocks(self, path: str, indent: str, ticks: str) -> None:
        """To the end of the fence. A fence that is missing is no harm: the blocks have ends of their own."""
        while self._at < len(self._lines):
            line = _dedented(self._lines[self._at], indent)
            if SEARCH.match(line):
                self._block(path or self._last, indent)
                continue
            self._at += 1
            if _closes(line, ticks):
                return
            if REPLACE.match(line) or DIVIDER.match(line):
                self._problem(f"{path or 'a block'}: there is a marker without its SEARCH marker")
            path = path_alone(line) or path

    def _body(self, indent: str, ticks: str) -> list[str] | None:
        """The lines of a whole fence. A fence with a language begins one within, which ends before this does. None:
        it has no end."""
        body: list[str] = []
        depth = 0
        while self._at < len(self._lines):
            line = _dedented(self._lines[self._at], indent)
            self._at += 1
            if _closes(line, ticks):
                depth -= 1
                if depth < 0:
                    return body
            elif (inner := FENCE.match(line)) and inner[2].startswith(ticks):
                depth += 1
            body.append(line)
        return None

    def _whole(self, path: str, body: list[str], ticks: str) -> None:
        if len(ticks) == USUAL_FENCE and any(REPLACE.match(line) for line in body):
            self._problem(f"{path or 'a block'}: there is a REPLACE marker without its SEARCH marker")
        elif not path and body and all(not line.strip() or paths_of_order(line) for line in body):
            for line in body:
                self._order(line)
        elif not path and not (body and path_in_comment(body[0])):
            self._shown()
        else:
            if path and body and body[0] == path:
                del body[0]
            written = (
                Write(path, _text(body)) if path else Write(path_in_comment(body[0]), _text(body), new=True)
            )
            self.found.edits.append(written)
            self._last = written.path
            self._text = written.path if written.path.lower().endswith(_PROSE) else ""

    def _shown(self) -> None:
        """Code that belongs to no file is for people to read; behind a text it may be the rest of that."""
        self._unnamed = True
        if self._word:
            self._problem(
                f"if {self._word} is a file, write `{self._word}`; if it is none, put a colon behind it"
            )
        if self._text:
            self._problem(f"{self._text}: it seems to hold fences; put the whole file between lines of ````")
            self._text = ""

    def _block(self, path: str, indent: str) -> None:
        """One SEARCH block, from its first marker on. Its markers are as long as each other."""
        opening = SEARCH.match(_dedented(self._lines[self._at], indent))
        length = len(opening[1]) if opening else 0
        self._at += 1
        body: list[str] = []
        while self._at < len(self._lines):
            line = _dedented(self._lines[self._at], indent)
            if (mark := SEARCH.match(line)) and len(mark[1]) == length:
                break
            self._at += 1
            if (mark := REPLACE.match(line)) and length in (len(mark[1]), USUAL_MARK):
                self._keep(path, body, length)
                return
            body.append(line)
        where = (
            "before the next begins"
            if self._at < len(self._lines)
            else "the answer stops in the middle of it"
        )
        self._problem(f"{path or 'a block'}: a block has no REPLACE marker: {where}")

    def _keep(self, path: str, body: list[str], length: int) -> None:
        marks = [(at, len(mark[1])) for at, line in enumerate(body) if (mark := DIVIDER.match(line))]
        divided = [at for at, long in marks if long == length] or [at for at, _ in marks]
        if not divided:
            self._problem(f"{path or 'a block'}: a block has no ======= marker")
        elif len(divided) > 1:
            tip = "where the text itself has such lines, make all three markers longer"
            self._problem(f"{path or 'a block'}: a block has {len(divided)} lines of =======; {tip}")
        elif not path:
            self._problem("a block names no file: put its path alone on the line before it")
        else:
            [at] = divided
            self.found.edits.append(Replace(path, _text(body[:at]), _text(body[at + 1 :])))
            self._last, self._text = path, ""

    def _problem(self, what: str) -> None:
        self.found.problems.append(what)


def _closes(line: str, ticks: str) -> bool:
    fence = FENCE.match(line)
    return bool(fence and fence[2].startswith(ticks) and not fence[3].strip())


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _dedented(line: str, indent: str) -> str:
    """A line of a fence that is indented itself, as in a list."""
    return line.removeprefix(indent)
