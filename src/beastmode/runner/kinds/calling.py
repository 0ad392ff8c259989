"""Calling a task's function: what it may take, and what it must not give back. Imported by the task's own process
too, so it imports little."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter
from types import AsyncGeneratorType, GeneratorType
from typing import Any

TAKEN = ("task", "attempt", "feedback")


class UncallableError(Exception):
    """A function that no task can call as it stands.   tip: what to change about it."""

    def __init__(self, what: str, tip: str) -> None:
        super().__init__(what)
        self.tip = tip


def taken(function: Callable[..., Any]) -> list[str]:
    """Which of task, attempt and feedback a function takes by these names. Raises UncallableError where it cannot
    do without another."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # some of those written in C say nothing about themselves
        return []
    for name, parameter in parameters.items():
        variadic = parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        if name not in TAKEN and parameter.default is Parameter.empty and not variadic:
            tip = "Give it a default, or wrap it: a function may take task, attempt and feedback, by these names."
            raise UncallableError(f"the function takes {name!r}, which no task has", tip)
    return [name for name in TAKEN if name in parameters]


def call(function: Callable[..., Any], facts: Mapping[str, Any]) -> Any:
    """What the function gives back: perhaps an awaitable. Raises UncallableError where nothing of it has run."""
    result = function(**facts)
    if isinstance(result, (GeneratorType, AsyncGeneratorType)):
        tip = "Do the work in the function itself, without yield."
        raise UncallableError("the function is a generator: nothing of it runs until somebody asks", tip)
    return result
