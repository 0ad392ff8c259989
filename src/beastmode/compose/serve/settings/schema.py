"""The schema of beast.toml, made from the table of settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from beastmode.compose.serve.settings.table import OF_SERVE, OF_UPSTREAM, Setting

_NAME = {"type": "string", "minLength": 1}


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of beast.toml, for editors. What it refuses, `beast serve` refuses too.

    Some of what that refuses passes here: a rate of 0, a name in `models` that no upstream has.
    """
    upstream = {**_table(OF_UPSTREAM), "required": ["url"], "description": "A model server."}
    names: dict[str, Any] = {"anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1}]}
    names["description"] = (
        "The upstreams of the models that this pattern fits, in the order in which they are tried."
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "beast.toml: the settings of beast serve",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "serve": {**_table(OF_SERVE), "description": "What is the gateway's own."},
            "upstreams": {
                "type": "object",
                "additionalProperties": upstream,
                "description": "Model servers by name, in the order in which they are tried.",
            },
            "models": {
                "type": "object",
                "additionalProperties": names,
                "description": "Which upstreams serve a model; without a pattern that fits, all of them.",
            },
        },
    }


def _table(settings: Mapping[str, Setting]) -> dict[str, Any]:
    properties = {key: _property(setting) for key, setting in settings.items()}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _property(setting: Setting) -> dict[str, Any]:
    form = setting.file_form
    told = {**form.schema, "description": setting.help}
    if setting.default:
        told["default"] = (
            int(setting.default) if form.takes(0) and setting.default.isdigit() else setting.default
        )
    return told
