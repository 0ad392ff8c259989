"""`python -m beastmode` is `beast`."""

from beastmode.cli.app import main

main()
