"""What beast.toml may say: which tables and keys there are, what their values may be, and what is wrong, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from beastmode.compose.serve.settings.statements import Document, Written
from beastmode.compose.serve.settings.table import OF_SERVE, OF_UPSTREAM, SETTINGS, Setting
from beastmode.failures.words import one_line

FILE = "beast.toml"
"""Read where it lies in the current folder and no other is named."""
TABLES = ("serve", "upstreams", "models")


@dataclass(frozen=True, slots=True)
class Said:
    """The text of one setting, and where it stands: a flag, a variable, or a line of a file."""

    text: str
    where: str


@dataclass(slots=True)
class FileSettings:
    """What a file says, by key.   lines: of each upstream, where it begins.   models: pattern, names, where."""

    document: Document
    serve: dict[str, Said] = field(default_factory=dict)
    upstreams: dict[str, dict[str, Said]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    models: list[tuple[str, tuple[str, ...], int]] = field(default_factory=list)


def understood(document: Document) -> FileSettings:
    """The settings in a document; what is wrong is added to its faults."""
    said, readable = FileSettings(document), not document.faults
    for table, line in document.tables.items():
        _see_table(table, line, said)
    for one in document.values:
        _see_value(one, said)
    if readable:  # what a line that is no TOML would have said, nobody knows
        _see_upstreams(said)
        _see_names(said)
    said.upstreams = dict(sorted(said.upstreams.items(), key=lambda item: said.lines[item[0]]))
    return said


def guess(word: str, words: Iterable[str], what: str) -> str:
    """A tip for a word that is not known."""
    known = list(words)
    near = get_close_matches(word, known, n=1)
    return f"Did you mean {near[0]}?" if near else f"{what}: {', '.join(known)}."


def _see_table(path: tuple[str, ...], line: int, said: FileSettings) -> None:
    name = ".".join(path)
    if path[0] not in TABLES:
        tip = guess(path[0], TABLES, "There are the tables")
        said.document.fault(line, f"[{name}] is not known", tip)
    elif path[0] == "upstreams" and len(path) == 2:
        said.upstreams.setdefault(path[1], {})
        said.lines.setdefault(path[1], line)
    elif (setting := _setting_at(path)) is not None:
        what = f"{path[-1]}: found a table instead of {setting.file_form.words}"
        said.document.fault(line, what, f"Write it like {path[-1]} = {example_of(setting)}.")
    elif len(path) > 1:
        tip = "Write [serve], [models], or [upstreams.NAME] with a name without dots."
        said.document.fault(line, f"[{name}] is not known", tip)


def _setting_at(path: tuple[str, ...]) -> Setting | None:
    """The setting that a key stands for; None for any other."""
    if path[0] == "serve" and len(path) == 2:
        return OF_SERVE.get(path[1])
    return OF_UPSTREAM.get(path[2]) if path[0] == "upstreams" and len(path) == 3 else None


def _see_value(one: Written, said: FileSettings) -> None:
    table, rest = one.path[0], one.path[1:]
    if table == "models" and rest:
        _see_model(one, said)
    elif table == "serve" and rest:
        _see_setting(one, rest, OF_SERVE, said.serve, said)
    elif table == "upstreams" and len(rest) > 1:
        said.lines.setdefault(rest[0], one.line)
        _see_setting(one, rest[1:], OF_UPSTREAM, said.upstreams.setdefault(rest[0], {}), said)
    elif table in TABLES:
        what = f"found {_found(one.value)} instead of a table for {'.'.join(one.path)}"
        example = "[upstreams.main]" if table == "upstreams" else f"[{table}]"
        said.document.fault(one.line, what, f"Write {example}, and its keys below it.")
    elif rest and table not in {path[0] for path in said.document.tables}:
        said.document.fault(one.line, f"{table} is not known", guess(table, TABLES, "There are the tables"))
    elif not rest:
        tip = f"Write it below [serve]: {table} = …" if table in OF_SERVE else _guess_key(table, OF_SERVE)
        said.document.fault(one.line, f"{table} stands in no table", tip)


def _see_setting(
    one: Written,
    path: tuple[str, ...],
    known: Mapping[str, Setting],
    into: dict[str, Said],
    said: FileSettings,
) -> None:
    setting, key = known.get(path[0]), path[0]
    if setting is None:
        said.document.fault(one.line, f"{key} is not known in {_table(one)}", _guess_key(key, known))
    elif len(path) > 1 or not setting.file_form.takes(one.value):
        value = {path[1]: one.value} if len(path) > 1 else one.value
        what = f"{key}: found {_found(value)} instead of {setting.file_form.words}"
        said.document.fault(one.line, what, f"Write it like {key} = {example_of(setting)}.")
    else:
        into[key] = Said(str(one.value), f"{said.document.name}:{one.line}")


def _see_model(one: Written, said: FileSettings) -> None:
    pattern = ".".join(one.path[1:])
    if len(one.path) > 2:
        said.document.fault(one.line, f"{pattern} has a dot", f'Put it in quotes: "{pattern}" = […].')
        return
    names = [one.value] if isinstance(one.value, str) else one.value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        what = f"{pattern}: found {_found(one.value)} instead of the names of upstreams"
        said.document.fault(one.line, what, f'Write it like "{pattern}" = ["main", "spare"].')
        return
    said.models.append((pattern, tuple(names), one.line))


def _see_upstreams(said: FileSettings) -> None:
    document = said.document
    written = {
        path[1] for path in (*document.tables, *(one.path for one in document.values)) if _is_url(path)
    }
    for name in said.upstreams:
        if name not in written:  # what is wrong with one that is there has been said
            tip = 'Write its base URL: url = "https://api.example.com/v1".'
            said.document.fault(said.lines[name], f"the upstream {name} has no url", tip)


def _is_url(path: tuple[str, ...]) -> bool:
    return path[0] == "upstreams" and path[2:3] == ("url",)


def _see_names(said: FileSettings) -> None:
    for pattern, names, line in said.models:
        for name in names:
            if name not in said.upstreams:
                tip = (
                    guess(name, said.upstreams, "There are")
                    if said.upstreams
                    else f"Write [upstreams.{name}]."
                )
                said.document.fault(line, f"{pattern}: there is no upstream {name!r}", tip)
        if len(set(names)) < len(names):
            said.document.fault(line, f"{pattern}: an upstream is named twice", "Name each of them once.")


def _table(one: Written) -> str:
    return f"[{'.'.join(one.path[:2] if one.path[0] == 'upstreams' else one.path[:1])}]"


def _guess_key(key: str, known: Mapping[str, Setting]) -> str:
    by_any_name = {one.name: one for one in SETTINGS} | {one.of_upstream: one for one in SETTINGS}
    elsewhere = by_any_name.get(key.replace("-", "_"))
    if elsewhere is not None:
        return f"Write it as {elsewhere.place}."
    return guess(key, known, "There are")


def example_of(setting: Setting) -> str:
    """A value of a setting as it is written in beast.toml."""
    kinds = [one.get("type") for one in setting.form.schema.get("anyOf", [setting.form.schema])]
    text = _EXAMPLES.get(setting.name) or setting.default
    return text if text.isdigit() and ("integer" in kinds or "number" in kinds) else f'"{text}"'


_EXAMPLES = {
    "upstream": "https://api.example.com/v1",
    "upstream_key_env": "OPENAI_API_KEY",
    "upstream_key_file": "key.txt",
    "tokens": "200000/min",
    "health": "http://127.0.0.1:8000/health",
    "tls_cert": "cert.pem",
    "tls_key": "key.pem",
    "ui_port": "8090",
}


def _found(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'the text "{one_line(value, 40)}"'
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else str(value)[:40]
