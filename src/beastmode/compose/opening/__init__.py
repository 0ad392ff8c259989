"""Before a run: what a person asked for is read, checked and foreseen, and opened. Nothing is begun here."""
