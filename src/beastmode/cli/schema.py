"""`beast schema`."""

from __future__ import annotations

import json

from beastmode.cli.app import new_app
from beastmode.runner.formats.native import json_schema

app = new_app()


@app.command()
def schema() -> None:
    """Print the JSON Schema of the native roadmap format.

    Save it and name it in the first line of a roadmap: # yaml-language-server: $schema=beast.schema.json
    """
    print(json.dumps(json_schema(), indent=2))
