"""Tables of words are whole: each reason of the cache, and each class of failure, has its sentence."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import get_args

import pytest

from beastmode.cache import admission, control, stack
from beastmode.dashboard.cache_words import NOT_KEPT, REASONS, words_of
from beastmode.dashboard.class_words import MEANINGS, meaning_of
from beastmode.dashboard.misses import why_not_answered
from beastmode.failures.tips import TIPS
from beastmode.gateway import remembering
from beastmode.store.ledger.entry import ASKED_BEFORE

GIVES_REASONS = (
    (admission, ("why_not", "storable")),
    (control, ("why_not",)),
    (remembering, ("_why_not", "_why_not_kept", "find")),
)


def texts_in(node: ast.AST) -> Iterator[str]:
    """The texts that an expression can be, up to what is filled in; names of attributes and conditions are none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield str(node.values[0].value).rstrip(": ") if isinstance(node.values[0], ast.Constant) else ""
    elif isinstance(node, ast.IfExp):
        yield from [*texts_in(node.body), *texts_in(node.orelse)]
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from texts_in(value)


def reasons_of(module: ModuleType, names: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in names:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return | ast.Assign) and inner.value is not None:
                    found.update(texts_in(inner.value))
    return found


def test_every_reason_that_the_cache_gives_has_its_words() -> None:
    given = set().union(*(reasons_of(module, names) for module, names in GIVES_REASONS))
    assert {"new", "no-cache", "stateful", "status", "too large"} <= given  # they are found at all
    given |= {ASKED_BEFORE}  # which the ledger counts by
    misses = [{"reason": one, "count": 1} for one in given - NOT_KEPT.keys()]
    assert all(reason.words for reason in why_not_answered(misses))
    assert given - {"off"} <= REASONS.keys() | NOT_KEPT.keys()
    assert set(get_args(stack.Tier)) <= REASONS.keys()


@pytest.mark.parametrize("not_kept", ["status 500", "stopped: length", *NOT_KEPT])
def test_a_reason_of_two_parts_is_told_in_two_sentences(not_kept: str) -> None:
    told = words_of("miss", f"new; not kept: {not_kept}", "upstream_ok")
    assert told.startswith(REASONS["new"])
    assert "its answer was not kept" in told


def test_a_reason_of_a_later_version_is_shown_as_it_is() -> None:
    assert "quux" in words_of("miss", "quux", "upstream_ok")
    assert "quux" in words_of("miss", "new; not kept: quux", "upstream_ok")


def test_every_class_of_failure_has_its_meaning() -> None:
    assert MEANINGS.keys() == TIPS.keys()
    assert meaning_of("auth").endswith("No retry helps until something has changed.")
    assert meaning_of("no such class") == ""
