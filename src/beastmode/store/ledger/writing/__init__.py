"""Records requests: counted at once, written by one thread, with the upkeep of the file in between."""
