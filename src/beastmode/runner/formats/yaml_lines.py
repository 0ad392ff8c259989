"""YAML, and with it JSON, as values that know their line. What a scalar means is not decided here.

A scalar stays the text that stands in the file, because YAML 1.1 would read `yes` as true, `1:30` as 90,
`010` as 8 and `2024-01-01` as a date before anyone could say that a text or a duration was meant there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from beastmode.errors import Problem

MAX_DEPTH = 100
"""Mappings and lists inside each other. A thousand levels are no roadmap but would end Python's recursion."""

FREE_EXPANSION, EXPANSION = 1_000_000, 10
"""With every alias written out, a file may hold a million values more than ten times what stands in it. Nine
lines of aliases of aliases mean a billion values: nothing here, but too many wherever they are walked."""

SHOWN = 60
"""Characters of a text that a message repeats."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HALF = re.compile("[\ud800-\udfff]")
"""libyaml refuses such escapes by itself, PyYAML's own parser does not; no file name and no log can hold them."""
PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)
_STANDARD = tuple(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")
)
_TAGS = frozenset({None, "!", *_STANDARD})
_TEXT_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(slots=True)
class Scalar:
    """A text as it stands in the file.   plain: without quotes, so it may mean a number, true or nothing."""

    text: str
    line: int
    plain: bool = True

    @property
    def is_null(self) -> bool:
        """Whether nothing stands there: `key:`, `~` or `null`."""
        return self.plain and self.text in _NULLS


class Items(list["Value"]):
    """A list; `line` is where it begins."""

    __slots__ = ("line",)

    def __init__(self, values: list[Value] | None = None, line: int = 0) -> None:
        super().__init__(values or ())
        self.line = line


class Entries(dict[str, "Value"]):
    """A mapping in the order of the file; `lines` holds the line of every key."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


Value = Scalar | Items | Entries


@dataclass(slots=True)
class Document:
    """What a text holds.   value: None where it holds nothing, or could not be read to the end."""

    value: Value | None = None
    problems: list[Problem] = field(default_factory=list)


class UnreadableError(Exception):
    """The text cannot be read any further; never leaves the reader, which makes a `RoadmapError` of it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


def load(text: str) -> Document:
    """The one document in a text. Never raises: whatever is wrong stands in `problems`, by line.

    Aliases share the value they name, so `value` is a graph without cycles: as small as the file, and when
    walked at most `EXPANSION` times as large plus `FREE_EXPANSION`.
    """
    builder = _Builder()
    try:
        for event in events(text):
            builder.take(event)
    except UnreadableError as error:
        return Document(None, [*builder.problems, error.problem])
    return Document(builder.value, builder.problems)


def events(text: str) -> Iterator[yaml.Event]:
    """The parts of a text as the parser finds them. Raises `UnreadableError` where it is not YAML."""
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        line = text.count("\n", 0, forbidden.start()) + 1
        what = f"the character U+{ord(forbidden[0]):04X} is not allowed in YAML"
        raise UnreadableError(Problem(line, what, "Delete it; was the file saved as text?"))
    try:
        yield from yaml.parse(with_whole_characters(text), Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise UnreadableError(_syntax_problem(error, text)) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise UnreadableError(Problem(0, f"this is not YAML: {error}")) from None


def with_whole_characters(text: str) -> str:
    """JSON writes an emoji as two escapes of half a character each, which YAML refuses: joined into one."""
    if "\\ud" not in text.lower() or not _is_json(text):
        return text

    def joined(match: re.Match[str]) -> str:
        pair = bytes.fromhex(match[2] + match[3]).decode("utf-16-be")
        return f"{match[1]}\\U{ord(pair):08x}"

    return PAIR.sub(joined, text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet.   size: values in it, aliases written out."""

    value: Items | Entries
    anchor: str | None
    key: Scalar | None = None
    size: int = 1
    merged: list[Value] = field(default_factory=list)


class _Builder:
    """Puts events together, without recursion, so that depth is ours to limit and not Python's."""

    def __init__(self) -> None:
        self.value: Value | None = None
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Value, int]] = {}
        self._documents = self._seen = 0
        self._steps: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: self._begin,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceStartEvent: self._begin,
            yaml.SequenceEndEvent: self._end,
            yaml.DocumentStartEvent: self._document,
        }

    def take(self, event: yaml.Event) -> None:
        """The next event, in the order of the file."""
        step = self._steps.get(type(event))
        if step is not None:
            step(event)

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            tip = "Keep one document: join the two, or put them into files of their own."
            raise UnreadableError(Problem(_line(event.start_mark), "a second YAML document begins here", tip))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        line, text = _line(event.start_mark), event.value
        plain = event.implicit[0]
        if event.tag is not None:
            self._check_tag(event.tag, line)
            plain = event.tag not in _TEXT_TAGS
        if "\0" in text:
            self.problems.append(Problem(line, "a text with a NUL character in it", "Take the \\0 out."))
        if half := _HALF.search(text):
            what = f"a text with half a character in it: \\u{ord(half[0]):04x}"
            self.problems.append(Problem(line, what, "Write the whole character, or leave it out."))
        self._attach(Scalar(text, line, plain), event.anchor, 1 + len(text) // 64)

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        line = _line(event.start_mark)
        self._check_tag(event.tag, line)
        if len(self._open) >= MAX_DEPTH:
            what = f"more than {MAX_DEPTH} lists and mappings inside each other"
            raise UnreadableError(Problem(line, what, "Use fewer levels."))
        value = Entries(line) if isinstance(event, yaml.MappingStartEvent) else Items(line=line)
        self._open.append(_Open(value, event.anchor))

    def _end(self, _: yaml.Event) -> None:
        ended = self._open.pop()
        for source in ended.merged:
            self._merge(ended.value, source)
        self._attach(ended.value, ended.anchor, ended.size)

    def _alias(self, event: yaml.AliasEvent) -> None:
        known = self._anchors.get(event.anchor or "")
        if known is None:
            tip = f"Put &{event.anchor} before the value it means, further up and not around this place."
            raise UnreadableError(
                Problem(_line(event.start_mark), f"the alias *{event.anchor} names nothing", tip)
            )
        value, size = known
        if isinstance(value, Scalar):
            value = Scalar(value.text, _line(event.start_mark), value.plain)
        self._attach(value, None, size)

    def _attach(self, value: Value, anchor: str | None, size: int) -> None:
        self._seen += 1
        if anchor is not None:
            self._anchors[anchor] = (value, size)
        if size > FREE_EXPANSION + EXPANSION * self._seen:
            tip = "Write out what is meant: each alias stands for a whole copy of what it names."
            raise UnreadableError(
                Problem(value.line, f"aliases inside aliases that mean {size:,} values", tip)
            )
        if not self._open:
            self.value = value
            return
        parent = self._open[-1]
        parent.size += size
        if isinstance(parent.value, Items):
            parent.value.append(value)
        elif parent.key is None:
            parent.key = _key(value)
        else:
            self._put(parent, parent.value, parent.key, value)
            parent.key = None

    def _put(self, parent: _Open, entries: Entries, key: Scalar, value: Value) -> None:
        if key.plain and key.text == "<<":
            parent.merged.append(value)
        elif key.text in entries:
            first = entries.lines[key.text]
            what = f"the key {shown(key.text)} stands twice in one mapping (first on line {first})"
            self.problems.append(Problem(key.line, what, "Keep one of them."))
        else:
            entries[key.text] = value
            entries.lines[key.text] = key.line

    def _merge(self, target: Items | Entries, source: Value) -> None:
        """What `<<: *defaults` means: the keys of the other mapping that are not there yet."""
        if not isinstance(target, Entries) or not isinstance(source, (Entries, Items)):
            self.problems.append(
                Problem(
                    source.line,
                    "<< is followed by no mapping",
                    "Write `<<: *name`, with the name of a mapping.",
                )
            )
        elif isinstance(source, Items):
            for part in source:
                self._merge(target, part if isinstance(part, Entries) else Scalar("", part.line))
        else:
            for key, value in source.items():
                if key not in target:
                    target[key] = value
                    target.lines[key] = source.lines[key]

    def _check_tag(self, tag: str | None, line: int) -> None:
        if tag not in _TAGS:
            self.problems.append(Problem(line, f"the tag {tag} means nothing here", "Remove it."))


def shown(text: str) -> str:
    """A text of the file as it can stand in a message: in quotes, on one line, not too long."""
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def _key(value: Value) -> Scalar:
    if isinstance(value, Scalar):
        return value
    kind = "list" if isinstance(value, Items) else "mapping"
    tip = "Braces and brackets that are part of a text need quotes around it."
    raise UnreadableError(Problem(value.line, f"a {kind} stands where a key is wanted", tip))


_SYNTAX_TIPS = (
    (
        "mapping values are not allowed",
        "A text with a colon and a space in it needs quotes; check the indentation too.",
    ),
    (
        "expected ',' or '",
        "Close every [ and {, and put a comma between items; quote texts that contain them.",
    ),
    ("unexpected end of stream", "Close the quote that was opened."),
    ("document separator", "Close the quote that was opened."),
    (
        "expected <block end>",
        "Give keys of one mapping the same indentation, and the items of one list as well.",
    ),
    (
        "did not find expected key",
        "Give keys of one mapping the same indentation; write each as `key: value`.",
    ),
    ("expected '-' indicator", "Begin each item of the list with `- `, all with the same indentation."),
    ("could not find expected ':'", "Write it as `key: value`."),
    (
        "cannot start any token",
        "Put quotes around a text that begins with @, `, % or another special character.",
    ),
    ("unknown escape character", "Inside double quotes write \\\\ for a backslash, or use single quotes."),
    ("block sequence entries are not allowed", "Begin the list on a line of its own."),
    ("expected node content", "Something is missing here: a value, or an item between two commas."),
    (
        "did not find expected <document start>",
        "Indent what belongs to the mapping above; quote a text with special characters.",
    ),
)


def _syntax_problem(error: yaml.MarkedYAMLError, text: str) -> Problem:
    """A parser's complaint as a problem with our own advice."""
    lines = text.splitlines() or [""]
    # What is missing at the end is missed one line below it, where no editor has a line.
    line, begins = (min(_line(mark), len(lines)) for mark in (error.problem_mark, error.context_mark))
    row = lines[line - 1] if line else ""
    if "\t" in row[: len(row) - len(row.lstrip())] or "tab character" in str(error.problem):
        return Problem(line, "a tab in the indentation", "Indent with spaces.")
    said = f"{error.context}, {error.problem}" if error.context else str(error.problem)
    if 0 < begins != line:
        said += f" (it begins on line {begins})"
    tip = next((tip for words, tip in _SYNTAX_TIPS if words in said), "Correct the YAML at this place.")
    return Problem(line or begins, f"this is not YAML: {said}", tip)


def _line(mark: Any) -> int:
    return mark.line + 1 if mark else 0
