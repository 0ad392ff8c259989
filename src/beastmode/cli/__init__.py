"""One file a command: parse, compose, print. Everything but `--json` results goes to stderr or is the result."""
