"""The process of a `module:function` task: import it, call it, and say on a pipe what became of it.

Every task pays for what is imported here; what only some need is imported where they need it.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from typing import Any

from beastmode.runner.kinds.calling import UncallableError, call, taken


def main() -> int:
    """Arguments: the function, the roadmap's folder, the descriptor to answer on; the facts as JSON in $BEAST_CALL.

    `sys.exit` in the function means what it means in any program.
    """
    name, folder, answer = sys.argv[1], sys.argv[2], int(sys.argv[3])
    facts = json.loads(os.environ.pop("BEAST_CALL"))
    sys.argv[:] = [name]
    sys.path.insert(0, folder)
    try:
        function = _find(name)
    except (
        BaseException
    ) as error:  # a module may raise anything, SystemExit too, and the function did not run
        return _cannot_import(answer, name, folder, error)
    try:
        _wait_for(call(function, {key: facts[key] for key in taken(function)}))
    except SystemExit:
        raise
    except BaseException as error:
        return _raised(answer, error)
    return 0


def _find(name: str) -> Any:
    module, _, attribute = name.partition(":")
    found: Any = import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"{name} is not a function")
    return found


def _wait_for(result: Any) -> None:
    if not hasattr(result, "__await__"):
        return
    import asyncio  # 30 ms, which only async functions need

    async def wait() -> None:
        await result

    asyncio.run(wait())


def _cannot_import(answer: int, name: str, folder: str, error: BaseException) -> int:
    from beastmode.failures import classify  # 20 ms, which no success needs

    _print(error)
    tip = f"Check the name; imports come from {folder} and PYTHONPATH."
    cause = f"{name} cannot be imported: {type(error).__name__}: {error}"
    return _say(answer, classify.bad_request(cause, tip))


def _raised(answer: int, error: BaseException) -> int:
    from beastmode.failures import classify

    _print(error)
    if isinstance(error, UncallableError):
        return _say(answer, classify.bad_request(str(error), error.tip))
    return _say(answer, classify.from_exception(error))


def _print(error: BaseException) -> None:
    """The traceback, without our own lines at its top."""
    import traceback

    lines = error.__traceback__
    while lines is not None and lines.tb_frame.f_globals.get("__package__") == __package__:
        lines = lines.tb_next
    traceback.print_exception(error.with_traceback(lines))


def _say(answer: int, failure: Any) -> int:
    from dataclasses import asdict

    sys.stdout.flush()
    with open(answer, "w", encoding="utf-8") as pipe:
        json.dump(asdict(failure), pipe)
    return 1


if __name__ == "__main__":
    sys.exit(main())
