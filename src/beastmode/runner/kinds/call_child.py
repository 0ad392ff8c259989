"""The process of a `module:function` task: import it, call it, and say on a pipe what became of it."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
import traceback
from dataclasses import asdict
from importlib import import_module
from typing import Any

from beastmode.failures import classify
from beastmode.failures.failure import Failure


def main() -> int:
    """Arguments: the function, the roadmap's folder, the descriptor to answer on; the facts as JSON in $BEAST_CALL."""
    name, folder, answer = sys.argv[1], sys.argv[2], int(sys.argv[3])
    facts = json.loads(os.environ.pop("BEAST_CALL"))
    sys.path.insert(0, folder)
    try:
        function = _find(name)
    except BaseException as error:
        traceback.print_exc()
        tip = f"Check the name; imports come from {folder} and PYTHONPATH."
        return _say(
            answer, classify.bad_request(f"{name} cannot be imported: {type(error).__name__}: {error}", tip)
        )
    try:
        result = function(**{key: facts[key] for key in taken(function) if key in facts})
        if inspect.isawaitable(result):
            asyncio.run(_wait(result))
    except BaseException as error:
        traceback.print_exc()
        return _say(answer, classify.from_exception(error))
    return 0


async def _wait(result: Any) -> None:
    await result


def _find(name: str) -> Any:
    module, _, attribute = name.partition(":")
    found: Any = import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"{name} is not a function")
    return found


def taken(function: Any) -> list[str]:
    """Which of task, attempt and feedback a function takes by these names."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return []
    return [name for name in ("task", "attempt", "feedback") if name in parameters]


def _say(answer: int, failure: Failure) -> int:
    sys.stdout.flush()
    with open(answer, "w", encoding="utf-8") as pipe:
        json.dump(asdict(failure), pipe)
    return 1


if __name__ == "__main__":
    sys.exit(main())
