"""The JSON Schema and the reader agree: on the keys, and on documents made from the schema and from the reader's side.

`accepts` is as much of a JSON Schema validator as our schema uses; `KEYWORDS` keeps it honest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from beastmode.errors import RoadmapError
from beastmode.runner.formats import native
from beastmode.runner.formats.native_model import PhaseEntry, RoadmapEntry, TaskEntry

SCHEMA = native.json_schema()
Check = Callable[[Any, Any], bool]
TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def is_number(value: Any) -> bool:
    return TYPES["number"](value)


def of_types(types: str | list[str], value: Any) -> bool:
    return any(TYPES[name](value) for name in ([types] if isinstance(types, str) else types))


def properties_fit(schema: dict[str, Any], value: Any) -> bool:
    if not isinstance(value, dict):
        return True
    known, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
    return all(accepts(known.get(key, rest), part) for key, part in value.items())


CHECKS: dict[str, Check] = {
    "$ref": lambda ref, value: accepts(SCHEMA["$defs"][ref.rsplit("/", 1)[1]], value),
    "type": of_types,
    "const": lambda const, value: bool(value == const),
    "enum": lambda words, value: value in words,
    "pattern": lambda pattern, value: not isinstance(value, str) or re.search(pattern, value) is not None,
    "minLength": lambda least, value: not isinstance(value, str) or len(value) >= least,
    "minimum": lambda least, value: not is_number(value) or value >= least,
    "maximum": lambda most, value: not is_number(value) or value <= most,
    "exclusiveMinimum": lambda least, value: not is_number(value) or value > least,
    "minItems": lambda least, value: not isinstance(value, list) or len(value) >= least,
    "items": lambda schema, value: (
        not isinstance(value, list) or all(accepts(schema, part) for part in value)
    ),
    "required": lambda keys, value: not isinstance(value, dict) or all(key in value for key in keys),
    "minProperties": lambda least, value: not isinstance(value, dict) or len(value) >= least,
    "maxProperties": lambda most, value: not isinstance(value, dict) or len(value) <= most,
    "anyOf": lambda schemas, value: any(accepts(schema, value) for schema in schemas),
    "allOf": lambda schemas, value: all(accepts(schema, value) for schema in schemas),
    "not": lambda schema, value: not accepts(schema, value),
}
NOTES = {"$schema", "$defs", "title", "description", "default", "properties", "additionalProperties"}


def accepts(schema: Any, value: Any) -> bool:
    """Whether a JSON value fits a schema."""
    if isinstance(schema, bool):
        return schema
    return properties_fit(schema, value) and all(
        CHECKS[key](part, value) for key, part in schema.items() if key in CHECKS
    )


def keywords(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, part in schema.items():
            yield key
            for inner in part.values() if key in ("properties", "$defs") else [part]:
                yield from keywords(inner)
    elif isinstance(schema, list):
        for part in schema:
            yield from keywords(part)


def reads(document: Any) -> bool:
    try:
        native.read(json.dumps(document), Path("r.json"))
    except RoadmapError:
        return False
    return True


def test_every_keyword_of_the_schema_is_checked_here() -> None:
    assert set(keywords(SCHEMA)) - set(CHECKS) - NOTES == set()


def test_every_key_of_the_reader_stands_in_the_schema_and_the_reverse() -> None:
    parts: dict[str, type[BaseModel]] = {"TaskEntry": TaskEntry, "PhaseEntry": PhaseEntry}
    for name, entry in parts.items():
        known = {field.alias or key for key, field in entry.model_fields.items()}
        assert set(SCHEMA["$defs"][name]["properties"]) == known
    assert set(SCHEMA["properties"]) == {
        field.alias or key for key, field in RoadmapEntry.model_fields.items()
    }


def texts() -> st.SearchStrategy[str]:
    return st.text(alphabet="abcxyz -_./", min_size=1, max_size=8).filter(lambda text: bool(text.strip()))


def one_or_many(one: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return one | st.lists(one, max_size=3)


COMMAND = st.lists(texts(), min_size=1, max_size=3) | texts()
SHARED: dict[str, st.SearchStrategy[Any]] = {
    "title": texts() | st.integers(0, 99),
    "needs": one_or_many(texts().map(str.strip)),
    "timeout": st.integers(1, 999) | st.sampled_from(["10m", "1h30m", "500ms", "2.5s", "90"]),
    "retries": st.integers(0, 9),
    "priority": st.integers(-99, 99),
    "category": texts(),
    "touches": one_or_many(st.sampled_from(["src/", "docs", "a/b.py"])),
    "verify": COMMAND,
    "details": texts(),
    "done": st.booleans(),
    "parallel": st.booleans(),
}
OWN: list[dict[str, st.SearchStrategy[Any]]] = [
    {},
    {"command": COMMAND, "env": st.dictionaries(st.sampled_from(["A", "B_C"]), texts()), "cwd": texts()},
    {
        "url": st.sampled_from(["http://h", "https://h:1/x?y=1"]),
        "method": st.sampled_from(["GET", "put"]),
        "headers": st.dictionaries(st.sampled_from(["Accept", "X-A"]), texts()),
        "body": st.integers(0, 9) | texts() | st.lists(st.booleans(), min_size=1),
        "expect": st.fixed_dictionaries(
            {},
            optional={
                "status": st.integers(100, 599) | st.lists(st.integers(100, 599), min_size=1, max_size=3),
                "json": texts(),
            },
        ),
    },
    {"call": st.sampled_from(["m:f", "a.b:c"])},
]


def task(own: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    needed: dict[str, st.SearchStrategy[Any]] = {"id": texts().map(str.strip)}
    needed |= {key: part for key, part in own.items() if key in ("command", "url", "call")}
    optional = {key: part for key, part in (SHARED | own).items() if key not in needed}
    return st.fixed_dictionaries(needed, optional=optional)


TASKS = st.lists(st.one_of([task(own) for own in OWN]), min_size=1, max_size=3)
ORDER = st.sampled_from(["needs", "sequence", "phases"])
PHASES = st.lists(
    st.fixed_dictionaries({"tasks": TASKS}, optional={"title": texts(), "order": ORDER}),
    min_size=1,
    max_size=2,
)
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "concurrency": st.integers(1, 99) | st.just("none"),
        "rate": st.sampled_from(["8/s", "60/min, 500/h", "none"]),
        "server": st.sampled_from(["http://h", "h:80"]),
    },
)
HEALTH = st.sampled_from([{"http": "http://h"}, {"tcp": "h:80"}, {"command": ["true"]}])
ROADMAPS = st.fixed_dictionaries(
    {"tasks": TASKS},
    optional={"phases": PHASES, "title": texts(), "order": ORDER, "limits": LIMITS, "health": HEALTH},
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(ROADMAPS)
def test_what_is_right_is_right_for_both(document: dict[str, Any]) -> None:
    assert accepts(SCHEMA, document)
    assert reads(document)


WRONG = st.sampled_from([None, [], {}, "", "x y", -1, 0, 1.5, True, ["a", None], {"a": 1}, "ftp://h", "0/s"])


def places(value: Any, above: tuple[int | str, ...] = ()) -> Iterator[tuple[int | str, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield (*above, key)
        yield from places(part, (*above, key))


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), ROADMAPS, WRONG)
def test_what_the_schema_refuses_the_reader_refuses_too(
    data: st.DataObject, document: Any, wrong: Any
) -> None:
    *above, last = data.draw(st.sampled_from(list(places(document))))
    inside = document
    for key in above:
        inside = inside[key]
    inside[last] = wrong
    if data.draw(st.booleans()) and isinstance(inside, dict):
        inside["unknown"] = 1
    assert accepts(SCHEMA, document) or not reads(document)


@pytest.mark.parametrize(
    "key", [field.alias or key for key, field in TaskEntry.model_fields.items() if key != "id"]
)
def test_a_slip_in_any_key_is_refused_by_both_and_named(key: str) -> None:
    document = {"tasks": [{"id": "a", key + "x": 1}]}
    assert not accepts(SCHEMA, document)
    with pytest.raises(RoadmapError, match=f"unknown key '{key}x'") as caught:
        native.read(json.dumps(document), Path("r.json"))
    assert f"Did you mean {key}?" in caught.value.problems[0].tip
