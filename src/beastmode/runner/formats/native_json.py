"""What a value in `body` and `expect.json` means as JSON."""

from __future__ import annotations

import math
import re
from typing import Any

from beastmode.runner.formats.native_values import NUMBER_LENGTH, TRUTHS, wrong
from beastmode.runner.formats.yaml_lines import Entries, Items, Scalar, shown

_JSON_NUMBER = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_AMBIGUOUS = re.compile(
    r"[-+]?(?:0[0-9_]+|0[xob][0-9a-f_]+|[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?|\.inf|[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?)"
    r"|\.nan|yes|no|on|off",
    re.IGNORECASE,
)


def json_value(value: object) -> Any:
    """What a body or an expectation means as JSON. Words that YAML readers disagree about need quotes."""
    if isinstance(value, Scalar):
        return _json_scalar(value)
    if isinstance(value, Items):
        return [json_value(item) for item in value]
    if isinstance(value, Entries):
        return {key: json_value(item) for key, item in value.items()}
    return value


def body(value: object) -> Any:
    """A JSON value that says something: null would mean no body, which leaving the key out says better."""
    if isinstance(value, Scalar) and value.is_null:
        raise wrong("nothing stands there", "Write a value, or leave the key out.")
    return json_value(value)


def _json_scalar(value: Scalar) -> Any:
    written = value.text
    if not value.plain:
        return written
    if value.is_null:
        return None
    if written in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return TRUTHS[written.lower()]
    if _JSON_NUMBER.fullmatch(written):
        return _json_number(value)
    if _AMBIGUOUS.fullmatch(written):
        what = f"{shown(written)} is a number or a truth for some YAML readers and a text for others"
        raise wrong(what, f'Write "{written}" if you mean the text.', value.line)
    return written


def _json_number(value: Scalar) -> int | float:
    written = value.text
    number = float(written) if re.search(r"[.eE]", written) else None
    if len(written) > NUMBER_LENGTH or (number is not None and not math.isfinite(number)):
        raise wrong(
            f"{shown(written)} is too large for a number", "Put quotes around it if it is a text.", value.line
        )
    return int(written) if number is None else number
