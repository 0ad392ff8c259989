"""Keys: is the variable that should hold one there, and does it hold what can be one? Pure; never shows it."""

from __future__ import annotations

from collections.abc import Mapping

from beastmode.doctor.findings import Finding


def key_in(variable: str, environment: Mapping[str, str]) -> tuple[str, Finding | None]:
    """The key that a variable holds, and what is wrong with it. No variable named: no key, nothing wrong.

    A key with blanks or quotes around it is used without them: the finding is the variable, not the server.
    """
    if not variable:
        return "", None
    value = environment.get(variable)
    if value is None:
        tip = f"Set it where beast is started: export {variable}=…"
        return "", Finding("key", f"{variable} is not set", tip, "auth")
    key = value.strip().strip("'\"").strip()
    if not key:
        return "", Finding("key", f"{variable} is empty", f"Put the key into it: export {variable}=…", "auth")
    if not key.isascii() or any(character.isspace() for character in key):
        what = f"{variable} holds something that can be no key: blanks or letters beyond ASCII in it"
        return "", Finding("key", what, "Copy the key again, alone and on one line.", "auth")
    if key != value:
        what = f"{variable} has blanks, quotes or a line break around the key"
        return key, Finding(
            "key", what, f"Remove them; `printf %s` writes no line break: {variable}=…", "auth"
        )
    return key, None
