"""Fields: what an error says in named fields, however it was written down.

Whole JSON is decoded and walked, also where it hides in a string. All else (Python and Node reprs, bytes reprs, cut
JSON, protobuf text, JSON inside a sentence) is scanned for `name: value` pairs, so no parser has to succeed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

_MOST_NODES = 500
_DEEPEST = 12
_MOST_CODE = 80
_MOST_MESSAGE = 4000

_BY_ROLE = {
    "code": """
        code type reason errorcode error_code errortype error_type err_code error_subcode __type name status_message
        quotaid quota_id quota_limit limit_type rate_limit_type subtype finishreason finish_reason blockreason
        block_reason stop_reason event
    """,
    "status": """
        status statuscode status_code httpstatuscode http_status raw_status_code api_error_status error_status
    """,
    "message": """
        message error detail details msg error_description errormessage error_msg error_message errordescription
        title raw description result responsebody body_message failure err errors warnings
        rawerrormessage errordetails
    """,
    "value": """
        retrydelay retry_delay retryafter retry_after retry_after_ms retry_after_seconds retryafterseconds resets_at
        resets_in_seconds resetsat reset_at reset_time estimated_time n_ctx n_prompt_tokens quotavalue quota_value
        quota_limit_value param
    """,
    "skip": """
        input content messages tools parameters schema failed_generation properties request prompt text delta
        arguments stack usage function
    """,
    "headers": "headers responseheaders",
    "choices": "choices candidates",
}
"""What the fields that tell something are called, in lower case; `skip`: the request, echoed."""
_ROLES = {name: role for role, names in _BY_ROLE.items() for name in names.split()}
_NAME = re.compile(r"""(?<![\w-])["']?([A-Za-z_]\w{2,24}+)["']?\s{0,3}+[:=]\s{0,3}+""")
_VALUE = re.compile(
    r"""b?"((?:[^"\\]|\\.){0,4000})|b?'((?:[^'\\]|\\.){0,4000})|(-?\d{1,15}(?:\.\d{1,9})?)(?![\w.])|<?([A-Za-z][\w.]{2,60})""",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\++(?:u[0-9a-fA-F]{4}|([\"'/])|[nrt]|\n)")
_PIECES = re.compile(r"""['"]\s{0,3}\+\s{0,40}['"]""")
_FRAMES = str.maketrans(dict.fromkeys("│┃║▌█┆╎", " ") | {"\u2019": "'", "\u2018": "'"})
_SCALARS = ("code", "status", "message", "value")
_OWN_WORDS = ("raw", "errordescription")
"""What a server said itself, beside the words of those who pass it on."""
_NOT_A_CODE = frozenset(
    ("none", "null", "error", "true", "false", "object", "exception", "failed", "failure")
)


@dataclass(slots=True)
class Fields:
    """What was found, outermost first.   codes: in lower case, of code, type, reason and the like.
    statuses: 400-599, of status and code.   messages: sentences.   values: of telling names, the first of each.
    headers: that stood inside the body, names in lower case.   zero: a quota of 0 was
    stated.   choices: the body is an answer, not an error.
    """

    codes: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    zero: bool = False
    choices: bool = False
    nodes: int = 0


def decoded(text: str) -> Any:
    """The JSON value that `text` is, also as JSON in a JSON string; None where it is none."""
    value: Any = text
    for _ in range(3):
        if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[", '"'):
            break
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError, ValueError):
            return None if value is text else value
    return None if value is text else value


def walk(value: Any, found: Fields, role: str = "message", name: str = "", depth: int = 0) -> None:
    """Collect the fields of a decoded value. Bounded in nodes and depth."""
    found.nodes += 1
    if found.nodes > _MOST_NODES or depth > _DEEPEST:
        return
    if isinstance(value, dict):
        _walk_object(value, found, depth)
    elif isinstance(value, list):
        for one in value[:50]:
            walk(one, found, role, name, depth + 1)
    elif role in _SCALARS and value is not None and not isinstance(value, bool):
        _take(role, name, str(value), found, depth)


def _walk_object(value: dict[str, Any], found: Fields, depth: int) -> None:
    for key, inner in value.items():
        name = key.lower()
        role = _ROLES.get(name, "deeper")
        if isinstance(inner, (dict, list)):
            if role == "headers" and isinstance(inner, dict):
                found.headers.update({str(n).lower(): str(v) for n, v in list(inner.items())[:40]})
            elif role != "skip":
                found.choices |= role == "choices"
                walk(inner, found, role if role in _SCALARS else "deeper", name, depth + 1)
        elif role in _SCALARS and inner is not None and not isinstance(inner, bool):
            found.nodes += 1
            if found.nodes <= _MOST_NODES:
                _take(role, name, str(inner), found, depth)


def scan(text: str, found: Fields) -> str:
    """Collect the fields of a text that is no JSON: pairs of a telling name and a value, quoted or bare.

    Returns the text, escapes undone, without what a server echoes of the request: nobody says that.
    """
    flat = unescaped(text)
    if ":" not in flat and "=" not in flat:
        return flat
    kept, upto = [], 0
    for pair in _NAME.finditer(flat):
        role = _ROLES.get(pair[1].lower(), "") if pair.start() >= upto and found.nodes < _MOST_NODES else ""
        value = _VALUE.match(flat, pair.end()) if role else None
        if value is None:
            continue
        found.nodes += 1
        if role == "skip" and (value[1] or value[2]):
            kept.append(flat[upto : pair.end()])
            upto = value.end()
        elif role in _SCALARS and (
            role in ("code", "status") or value[1] or value[2] or (role == "value" and value[3])
        ):
            # a bare word or number after `error:` begins a sentence, which is read as text
            _take(
                role,
                pair[1].lower(),
                next((one for one in value.groups() if one is not None), ""),
                found,
                _DEEPEST,
            )
    return "".join([*kept, flat[upto:]]) if kept else flat


def unescaped(text: str) -> str:
    """The text with the escapes of JSON and reprs undone, however often they were applied, without the frames that
    terminals draw, and with strings joined that Node shows in pieces."""
    if not text.isascii():
        text = text.translate(_FRAMES)
    if "\\" in text:
        text = _ESCAPED.sub(lambda escape: escape[1] or " ", text)
    return _PIECES.sub("", text) if "+" in text else text


def _take(role: str, name: str, value: str, found: Fields, depth: int) -> None:
    if role == "status":
        _take_status(value, found)
    elif role == "code":
        _take_code(value, found)
    elif role == "value":
        found.values.setdefault(name, value[:200])
        if name == "param" and len(value) == 3:  # one-api: what the server behind it answered
            _take_status(value, found)
        found.zero |= value == "0" and name.startswith("quota")
    elif role == "message" and value:
        _take_message(name, value, found, depth)


def _take_status(value: str, found: Fields) -> None:
    if len(value) == 3 and value.isdecimal():
        if "400" <= value <= "599":
            found.statuses.append(int(value))
        return
    _take_code(value, found)


def _take_code(value: str, found: Fields) -> None:
    if len(value) == 3 and value.isdecimal() and "400" <= value <= "599":
        found.statuses.append(int(value))
    elif 0 < len(value) <= _MOST_CODE and " " not in value.strip():
        code = value.strip().lower()
        if code not in _NOT_A_CODE:
            found.codes.append(code)
    elif value:
        found.messages.append(value[:_MOST_MESSAGE])


def _take_message(name: str, value: str, found: Fields, depth: int) -> None:
    start = value.lstrip()[:1]
    inner = decoded(value) if start in ("{", "[", '"') and depth < _DEEPEST else None
    if inner is not None and not isinstance(inner, str):
        walk(inner, found, "message", "", depth + 1)
        return
    value = value[:_MOST_MESSAGE]
    found.messages.insert(0 if name in _OWN_WORDS else len(found.messages), value)
    if " " not in value and len(value) <= _MOST_CODE:
        _take_code(value, found)
    if depth < _DEEPEST and ("{" in value or "b'" in value):
        scan(value, found)
