"""`python -m router SETTINGS.json [--host H] [--port N]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from router.build import build
from router.server import Server
from router.settings import Settings


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="router", description="One address for several model servers.")
    parser.add_argument("settings", type=Path, help="a JSON file; see router/settings.py")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    chosen = parser.parse_args()

    router = build(Settings.load(chosen.settings))
    with Server(router, chosen.host, chosen.port) as server:
        print(f"http://{chosen.host}:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
