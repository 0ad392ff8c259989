"""One client: what comes in on its connection, and what goes back. Knows no upstream and nobody who may ask."""
