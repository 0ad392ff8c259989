"""`beast schema`."""

from __future__ import annotations

import json

import typer

from beastmode.cli.app import new_app
from beastmode.errors import SettingError

app = new_app()


@app.command()
def schema(
    of: str = typer.Argument(
        "roadmap", help="roadmap: the native format. serve: beast.toml.", metavar="[OF]"
    ),
) -> None:
    """Print the JSON Schema of the native roadmap format, or of beast.toml, the settings of `beast serve`.

    Save it and name it in the first line of a roadmap: # yaml-language-server: $schema=beast.schema.json
    or of beast.toml: #:schema beast.schema.json
    """
    if of == "roadmap":
        from beastmode.runner.formats.native import json_schema  # each loads much that the other does without
    elif of == "serve":
        from beastmode.compose.serve.settings.schema import json_schema
    else:
        tip = "Write one of: roadmap, serve."
        raise SettingError(f"there is no schema of {of!r}", where="beast schema", tip=tip)
    print(json.dumps(json_schema(), indent=2))
